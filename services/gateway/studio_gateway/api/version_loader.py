"""Polling clients: any number that ask at once cost the store one small question."""

import asyncio

from studio_chassis.persistence.store import JobStore


class VersionLoader:
    """Asks one question at a time. What comes meanwhile shares the next, so that no answer is older than its request.

    Each question costs a change of threads and a round trip, which is more than all else in answering "not modified".
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._wanted: set[str] = set()
        self._next: asyncio.Task[dict[str, int]] | None = None

    async def of(self, job_id: str) -> int | None:
        """The job's version, None when there is no such job. Raises Unavailable."""
        self._wanted.add(job_id)
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return (await asyncio.shield(self._next)).get(job_id)  # one who leaves must not take the others' answer along

    async def _ask(self) -> dict[str, int]:
        async with self._turn:
            wanted, self._wanted, self._next = self._wanted, set(), None
            return await self._store.versions(wanted)
