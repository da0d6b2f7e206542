"""The job store in memory: one document a job, replaced only if its version is still the one before."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime

from studio_chassis.errors import JobExists, JobNotFound
from studio_chassis.persistence.documents import skip_unreadable
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.store import (
    AttemptRef,
    IdempotencyRecord,
    JobVersion,
    Outbox,
)
from studio_chassis.testing.access import SimulatedAccessStore
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.listing import SimulatedListing
from studio_chassis.testing.rate_limits import SimulatedRateLimits
from studio_chassis.testing.spending import SimulatedSpendingStore
from studio_chassis.testing.statistics import SimulatedStatistics
from studio_chassis.testing.wire import Wire, perfect
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.callbacks import CallState
from studio_contracts.job import Job
from studio_domain.lifecycle import Transition


class SimulatedJobStore(
    SimulatedListing, SimulatedStatistics, SimulatedAccessStore, SimulatedSpendingStore, SimulatedRateLimits
):
    """One client of the database."""

    def __init__(self, database: SimulatedDatabase | None = None, wire: Wire = perfect) -> None:
        self._database = database or SimulatedDatabase()
        self._wire = wire
        SimulatedListing.__init__(self, self._database, wire)
        SimulatedStatistics.__init__(self, self._database, wire)
        SimulatedAccessStore.__init__(self, self._database.access, wire)
        SimulatedSpendingStore.__init__(self, self._database.spending, wire)
        SimulatedRateLimits.__init__(self, self._database.buckets, wire)

    async def create_indexes(self) -> tuple[str, ...]:
        """There is nothing to index."""
        return await self.index_problems()

    async def index_problems(self) -> tuple[str, ...]:
        """What a test says is wrong."""
        return self._database.index_problems

    async def insert(self, first: Transition) -> None:
        """Store a new job with its events. Raises JobExists."""

        def insert() -> bool:
            if first.job.id in self._database.jobs:
                return False
            self._database.write(first)
            return True

        if not await self._wire("store.insert", insert):
            raise JobExists(first.job.id)

    async def load(self, job_id: str) -> Job:
        """The job as it stands. Raises JobNotFound and UnreadableJob."""
        job = await self._wire("store.load", lambda: self._database.view(job_id))
        if job is None:
            raise JobNotFound(job_id)
        return self._database.read(job)

    async def load_linearizable(self, job_id: str) -> Job:
        """The job with every change in it. Raises JobNotFound and UnreadableJob."""
        job = await self._wire("store.load", lambda: self._database.jobs.get(job_id))
        if job is None:
            raise JobNotFound(job_id)
        return self._database.read(job)

    async def commit(self, change: Transition, published: Collection[str] = ()) -> bool:
        """Write if the version is the one before."""

        def commit() -> bool:
            known = self._database.jobs.get(change.job.id)
            if known is None or known.version != change.job.version - 1:
                return False
            self._database.write(change, published)
            return True

        return await self._wire("store.commit", commit)

    async def clear_outboxes(self, published: Mapping[str, Collection[str]]) -> None:
        """Take published events out of the outboxes."""

        def clear() -> None:
            for job_id, event_ids in published.items():
                self._database.clear(job_id, event_ids)

        await self._wire("store.clear", clear)

    async def unpublished(self, before: datetime, limit: int, ids: IdRange = EVERY_ID) -> tuple[Outbox, ...]:
        """Outboxes of jobs last changed before that moment, oldest first."""

        def find() -> tuple[Outbox, ...]:
            outboxes = self._database.outboxes
            jobs = self._database.oldest_first(
                lambda job: job.id in ids and job.updated_at < before and bool(outboxes.get(job.id))
            )
            read = (skip_unreadable(self._database.read, job) for job in jobs)
            return tuple(Outbox(job.id, tuple(outboxes[job.id])) for job in read if job is not None)[:limit]

        return await self._wire("store.find", find)

    def unfinished(self, before: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        """Every job in no final state whose last transition is older than that moment, oldest first."""
        return self._each(lambda job: job.id in ids and not job.is_final and job.updated_at < before)

    def overdue(self, now: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        """Every job in no final state whose deadline has passed."""
        return self._each(lambda job: job.id in ids and not job.is_final and job.deadline_at <= now)

    def expired(self, now: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        """Every final job that was to be kept until now."""

        def wanted(job: Job) -> bool:
            return job.id in ids and job.is_final and job.expires_at is not None and job.expires_at <= now

        return self._each(wanted)

    def with_calls(
        self, state: CallState, due_before: datetime | None = None, ids: IdRange = EVERY_ID
    ) -> AsyncIterator[Job]:
        """Every job with such calls to its client."""

        def wanted(job: Job) -> bool:
            calls = () if job.callback is None else job.callback.calls
            due = (call for call in calls if due_before is None or call.due_at < due_before)
            return job.id in ids and any(call.state == state for call in due)

        return self._each(wanted)

    async def _each(self, wanted: Callable[[Job], bool]) -> AsyncIterator[Job]:
        for stored in await self._wire("store.find", lambda: self._database.oldest_first(wanted)):
            if (job := skip_unreadable(self._database.read, stored)) is not None:
                yield job

    async def remove(self, job: Job) -> bool:
        """Remove the job if it is still the one given."""

        def remove() -> bool:
            known = self._database.jobs.get(job.id)
            if known is None or known.version != job.version:
                return False
            del self._database.jobs[job.id]
            self._database.outboxes.pop(job.id, None)
            return True

        return await self._wire("store.remove", remove)

    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        """Keep the claim, unless its owner claimed its key already."""
        place = claim.owner, claim.key
        return await self._wire("store.claim", lambda: self._database.claims.setdefault(place, claim))

    async def assign_owner(self, owner: str, limit: int) -> tuple[str, ...]:
        """Give the owner to at most `limit` final jobs that have none."""

        def assign() -> tuple[str, ...]:
            jobs = self._database.oldest_first(lambda job: job.is_final and job.owner == LOCAL_OWNER)[:limit]
            for job in jobs:
                self._database.jobs[job.id] = job.model_copy(update={"owner": owner})
            return tuple(job.id for job in jobs)

        return await self._wire("store.assign", assign)

    async def versions(self, job_ids: Collection[str]) -> dict[str, JobVersion]:
        """The versions and owners of those jobs that are there."""

        def find() -> dict[str, JobVersion]:
            jobs = (self._database.jobs[job_id] for job_id in job_ids if job_id in self._database.jobs)
            return {job.id: JobVersion(job.version, job.owner, job.deleted_at is not None) for job in jobs}

        return await self._wire("store.versions", find)

    async def awaiting(self, provider_id: str) -> AttemptRef | None:
        """The attempt for which the provider makes that prediction."""

        def find() -> AttemptRef | None:
            slots = ((job.id, slot) for job in self._database.jobs.values() for slot in job.predictions)
            found = (
                AttemptRef(job_id, slot.number, slot.attempt)
                for job_id, slot in slots
                if slot.provider_id == provider_id
            )
            return next(found, None)

        return await self._wire("store.find", find)

    async def renew_lease(self, name: str, holder: str, now: datetime, until: datetime) -> tuple[str, ...]:
        """Let `holder` have a lease until then. All that have one now."""

        def renew() -> tuple[str, ...]:
            known = self._database.leases.get(name, {})
            valid = {other: end for other, end in known.items() if end >= now} | {holder: until}
            self._database.leases[name] = valid
            return tuple(sorted(valid))

        return await self._wire("store.lease", renew)

    async def ping(self) -> None:
        """Return when the database answers."""
        await self._wire("store.ping", lambda: None)
