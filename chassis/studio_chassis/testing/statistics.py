"""Counts of jobs, from the database in memory."""

from datetime import datetime

from studio_chassis.persistence.store import BacklogStats, JobDuration, StatusStats
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.wire import Wire
from studio_contracts.job import Status
from studio_contracts.slot import UNDER_WAY


class SimulatedStatistics:
    """One client of it; a part of the job store, which gives it the connection."""

    def __init__(self, database: SimulatedDatabase, wire: Wire) -> None:
        self._database = database
        self._wire = wire

    async def recent_durations(self, limit: int) -> tuple[JobDuration, ...]:
        """Of the completed jobs created last."""

        def find() -> tuple[JobDuration, ...]:
            done = [job for job in self._database.jobs.values() if job.status == "completed"]
            newest = sorted(done, key=lambda job: (job.created_at, job.id), reverse=True)[:limit]
            return tuple(
                JobDuration(
                    job.brief.kind,
                    None if job.generation is None else job.generation.model,
                    job.brief.count,
                    (job.finished_at - job.created_at).total_seconds(),
                )
                for job in newest
                if job.finished_at is not None
            )

        return await self._wire("store.find", find)

    async def open_jobs(self, owner: str, limit: int) -> int:
        """Count an owner's jobs that have not ended."""
        mine = [job for job in self._database.jobs.values() if job.owner == owner and not job.is_final]
        return await self._wire("store.open_jobs", lambda: min(limit, len(mine)))

    async def slots_under_way(self, owner: str) -> int:
        """Count an owner's slots that are claimed and not finished."""
        mine = [job for job in self._database.jobs.values() if job.owner == owner and not job.is_final]
        slots = [slot for job in mine for slot in job.predictions if slot.state in UNDER_WAY]
        return await self._wire("store.slots_under_way", lambda: len(slots))

    async def jobs_after(self, moment: datetime) -> int:
        """Count jobs with a time after that moment."""
        jobs = self._database.jobs.values()
        later = [
            job
            for job in jobs
            if job.created_at > moment or (not job.is_final and any(line.at > moment for line in job.timeline))
        ]
        return await self._wire("store.jobs_after", lambda: len(later))

    async def used_ratio(self) -> float | None:
        """Memory has no volume."""
        return None

    async def backlog_stats(self) -> BacklogStats:
        """Count what is under way."""

        def count() -> BacklogStats:
            under_way = self._database.oldest_first(lambda job: not job.is_final)
            unfinished: dict[Status, StatusStats] = {}
            for job in under_way:
                jobs, oldest = unfinished.get(job.status, StatusStats(0, job.progressed_at))
                unfinished[job.status] = StatusStats(jobs + 1, min(oldest, job.progressed_at))
            waiting = self._database.oldest_first(lambda job: bool(self._database.outboxes.get(job.id)))
            return BacklogStats(unfinished, waiting[0].updated_at if waiting else None)

        return await self._wire("store.backlog_stats", count)
