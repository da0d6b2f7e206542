"""Polling clients: any number of concurrent polls cost the store one small query."""

import asyncio

from studio_chassis.persistence.store import JobRepository, JobVersion


class VersionLoader:
    """Runs one query at a time. Polls that arrive during it share the next: no result is older than its request.

    A query costs a change of threads and a round trip: more than everything else in a "not modified" response.
    """

    def __init__(self, store: JobRepository) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._wanted: set[str] = set()
        self._next: asyncio.Task[dict[str, JobVersion]] | None = None

    async def of(self, job_id: str) -> JobVersion | None:
        """The job's version and owner, None when there is no such job. Raises Unavailable."""
        self._wanted.add(job_id)
        if self._next is None:
            self._next = asyncio.create_task(self._query())
        versions = await asyncio.shield(self._next)  # one cancelled poll must not cancel the query of the others
        return versions.get(job_id)

    async def _query(self) -> dict[str, JobVersion]:
        async with self._turn:
            wanted, self._wanted, self._next = self._wanted, set(), None
            return await self._store.versions(wanted)
