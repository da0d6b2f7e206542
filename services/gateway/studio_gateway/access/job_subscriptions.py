"""Following jobs: any number of watchers cost the store one small query a round."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from studio_chassis.errors import JobNotFound, Unavailable, UnreadableJob
from studio_chassis.persistence.store import JobRepository
from studio_contracts.job import Job

ROUND_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0


class _Watched:
    """The last known version of a job, and the number of its watchers. `changed` is set when a newer one arrives."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.watchers = 0
        self.changed = asyncio.Event()

    def show(self, job: Job) -> None:
        if job.version > self.job.version:
            self.job = job
            self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class JobSubscriptions:
    """Queries the versions of all watched jobs together, and loads those that changed."""

    def __init__(
        self,
        store: JobRepository,
        *,
        round_seconds: float = ROUND_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._store = store
        self.stopping: Callable[[], bool] = lambda: False
        self._round_seconds = round_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._watched: dict[str, _Watched] = {}
        self._needed = asyncio.Event()

    async def run(self) -> None:
        """Look for changes while there are watchers; until cancelled."""
        while True:
            await self._needed.wait()
            if self.stopping():
                for watched in self._watched.values():
                    watched.wake()
            else:
                with suppress(Unavailable):  # queried again in the next round
                    await self._look()
            await asyncio.sleep(self._round_seconds)

    async def _look(self) -> None:
        for job_id, found in (await self._store.versions(list(self._watched))).items():
            watched = self._watched.get(job_id)
            if watched is not None and found.version > watched.job.version:
                with suppress(JobNotFound, UnreadableJob):  # the others are shown all the same
                    watched.show(await self._store.load(job_id))

    async def follow(self, job: Job) -> AsyncGenerator[Job | None, None]:
        """The job, and again after each change until it is final; None for every heartbeat without a change.

        Ends early when the service stops.
        """
        watched = self._watched.setdefault(job.id, _Watched(job))
        watched.watchers += 1
        watched.show(job)
        self._needed.set()
        try:
            seen = 0
            while not self.stopping():
                changed = watched.changed
                if watched.job.version > seen:
                    seen = watched.job.version
                    yield watched.job
                    if watched.job.is_final:
                        return
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), self._heartbeat_seconds)
                except TimeoutError:
                    yield None
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                del self._watched[job.id]
            if not self._watched:
                self._needed.clear()
