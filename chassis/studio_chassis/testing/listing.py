"""Lists of jobs, newest or oldest first, from the database in memory."""

from collections import Counter
from collections.abc import Callable

from studio_chassis.persistence.documents import skip_unreadable
from studio_chassis.persistence.listing import EVERY_JOB, MAX_PROJECTS, Cursor, JobFilter, Order, ProjectCount
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.wire import Wire
from studio_contracts.job import Job, Status


class SimulatedListing:
    """One client of it; a part of the job store, which gives it the connection."""

    def __init__(self, database: SimulatedDatabase, wire: Wire) -> None:
        self._database = database
        self._wire = wire

    async def recent(self, limit: int, wanted: JobFilter = EVERY_JOB, after: Cursor | None = None) -> tuple[Job, ...]:
        """Jobs of all owners, newest first."""
        return await self._recent(wanted.takes, limit, after, "newest")

    async def recent_of(
        self,
        owner: str,
        limit: int,
        wanted: JobFilter = EVERY_JOB,
        after: Cursor | None = None,
        order: Order = "newest",
    ) -> tuple[Job, ...]:
        """The owner's jobs that are not deleted, by time."""
        return await self._recent(lambda job: _is_shown(job, owner) and wanted.takes(job), limit, after, order)

    async def count_of(self, owner: str, wanted: JobFilter) -> dict[Status, int]:
        """Count the owner's jobs by status."""
        everyone = wanted._replace(status=None)

        def count() -> dict[Status, int]:
            jobs = self._database.jobs.values()
            return dict(Counter(job.status for job in jobs if _is_shown(job, owner) and everyone.takes(job)))

        return await self._wire("store.find", count)

    async def projects_of(self, owner: str) -> tuple[ProjectCount, ...]:
        """The owner's projects by name."""

        def find() -> tuple[ProjectCount, ...]:
            found: dict[str, ProjectCount] = {}
            for job in self._database.jobs.values():
                if job.project and _is_shown(job, owner):
                    known = found.get(job.project, ProjectCount(job.project, 0, job.created_at))
                    found[job.project] = known._replace(jobs=known.jobs + 1, newest=max(known.newest, job.created_at))
            return tuple(found[name] for name in sorted(found))[:MAX_PROJECTS]

        return await self._wire("store.find", find)

    async def _recent(
        self, wanted: Callable[[Job], bool], limit: int, after: Cursor | None, order: Order
    ) -> tuple[Job, ...]:
        is_newest_first = order == "newest"

        def find() -> tuple[Job, ...]:
            jobs = filter(wanted, self._database.jobs.values())
            places = sorted(
                ((Cursor(job.created_at, job.id), job) for job in jobs), reverse=is_newest_first, key=lambda at: at[0]
            )
            found = (
                job for place, job in places if after is None or (place < after if is_newest_first else place > after)
            )
            return tuple(job for job in found if skip_unreadable(self._database.read, job) is not None)[:limit]

        return await self._wire("store.find", find)


def _is_shown(job: Job, owner: str) -> bool:
    return job.owner == owner and job.deleted_at is None
