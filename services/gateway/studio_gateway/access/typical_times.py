"""How long jobs usually take: medians of the latest ones, read now and then beside the requests."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from statistics import median

from pydantic import BaseModel

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.store import JobDuration, JobStatistics
from studio_chassis.runtime.clock import Clock
from studio_contracts.brief import JobKind

LATEST = 500
FRESH = timedelta(minutes=1)


class TypicalTime(BaseModel):
    """The median of the seconds that `jobs` of a kind, a model (null: none) and a number of pictures took."""

    kind: JobKind
    model: str | None
    count: int
    seconds: float
    jobs: int


class TypicalTimes:
    """The medians as last read. They reveal no single job, so everybody gets the same."""

    def __init__(self, store: JobStatistics, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: list[TypicalTime] = []
        self._read_at: datetime | None = None
        self._reading: asyncio.Task[None] | None = None

    def current(self) -> list[TypicalTime]:
        """What is known. Nobody waits for the store: what is older than a minute is read anew for the next who asks."""
        is_stale = self._read_at is None or self._clock() - self._read_at >= FRESH
        if is_stale and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self.refresh())
        return self._known

    async def refresh(self) -> None:
        """Read the latest jobs."""
        with suppress(Unavailable):  # the old figures will do
            self._known = medians(await self._store.recent_durations(LATEST))
        self._read_at = self._clock()


def medians(durations: tuple[JobDuration, ...]) -> list[TypicalTime]:
    """The median of each kind, model and number of pictures; drafts have one figure for all."""
    seconds: dict[tuple[JobKind, str | None, int], list[float]] = defaultdict(list)
    for job in durations:
        seconds[job.kind, job.model, 0 if job.kind == "draft" else job.pictures].append(job.seconds)
    return [
        TypicalTime(kind=kind, model=model, count=count, seconds=round(median(found), 1), jobs=len(found))
        for (kind, model, count), found in sorted(
            seconds.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2])
        )
    ]
