"""What a job store must do, whatever database is behind it: one protocol for each of its concerns.

Questions that give several jobs leave out those whose documents cannot be read.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from studio_chassis.persistence.access import AccessStore
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.listing import EVERY_JOB, Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.rate_limits import RateLimits
from studio_chassis.persistence.spending import SpendingStore
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.brief import JobKind
from studio_contracts.callbacks import CallState
from studio_contracts.events import Event
from studio_contracts.job import Job, Status
from studio_domain.lifecycle import Transition


class Outbox(NamedTuple):
    """Events of one job that are committed and not known to be published."""

    job_id: str
    events: tuple[Event, ...]


class IdempotencyRecord(NamedTuple):
    """A client's idempotency key, the request it came with, and the job that answers it.

    Keys of different owners have nothing to do with each other.
    """

    key: str
    fingerprint: str
    job_id: str
    claimed_at: datetime
    owner: str = LOCAL_OWNER


class AttemptRef(NamedTuple):
    """One attempt of one slot of one job."""

    job_id: str
    slot: int
    attempt: int


class JobVersion(NamedTuple):
    """Which version of a job is stored, whose the job is, and whether that owner deleted it."""

    version: int
    owner: str
    is_deleted: bool = False


class JobDuration(NamedTuple):
    """How many seconds a completed job took from its creation: its kind, its model (None: none, as for a draft), and
    how many pictures were asked for.
    """

    kind: JobKind
    model: str | None
    pictures: int
    seconds: float


IDEMPOTENCY_HOURS = 24
"""How long a claim is kept."""


class StatusStats(NamedTuple):
    """Unfinished jobs of one status: how many, and when the one that waits longest last moved, rescues left out."""

    jobs: int
    oldest: datetime


class BacklogStats(NamedTuple):
    """What is under way, and since when the oldest event waits to be published (None when none does)."""

    unfinished: dict[Status, StatusStats]
    oldest_outbox: datetime | None


class JobRepository(Protocol):
    """Job documents. Each method raises Unavailable when the database does not answer."""

    async def insert(self, first: Transition) -> None:
        """Store a new job with its events. Raises JobExists."""

    async def load(self, job_id: str) -> Job:
        """The job as it stands, or just after an election as it stood shortly before.

        Raises JobNotFound and UnreadableJob.
        """

    async def load_linearizable(self, job_id: str) -> Job:
        """The job with every acknowledged change in it, at the price of asking a majority. Raises JobNotFound."""

    async def commit(self, change: Transition, published: Collection[str] = ()) -> bool:
        """Change the job and add the events to its outbox in one write, if the stored version is still the one before.

        Events of the ids in `published` are taken out of the outbox by the same write. False when the version is
        another one, because another process has changed the job.
        """

    def unfinished(self, before: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        """Every job in no final state whose last transition is older than that moment, oldest first."""

    def overdue(self, now: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        """Every job in no final state whose deadline has passed."""

    def expired(self, now: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Job]:
        """Every final job whose time of being kept is over."""

    async def remove(self, job: Job) -> bool:
        """Remove the job, if it is still as given."""

    def with_calls(
        self, state: CallState, due_before: datetime | None = None, ids: IdRange = EVERY_ID
    ) -> AsyncIterator[Job]:
        """Every job with calls to its client in that state; with `due_before`, those with a call due before then."""

    async def recent(self, limit: int, wanted: JobFilter = EVERY_JOB, after: Cursor | None = None) -> tuple[Job, ...]:
        """Jobs of all owners, newest first; for operators. As `recent_of` otherwise."""

    async def recent_of(
        self,
        owner: str,
        limit: int,
        wanted: JobFilter = EVERY_JOB,
        after: Cursor | None = None,
        order: Order = "newest",
    ) -> tuple[Job, ...]:
        """The owner's jobs that are wanted and not deleted; `after` continues behind that place."""

    async def count_of(self, owner: str, wanted: JobFilter) -> dict[Status, int]:
        """How many of the owner's jobs are wanted, by status, whichever status the filter names. Deleted ones are left
        out, as are statuses without a job.
        """

    async def projects_of(self, owner: str) -> tuple[ProjectCount, ...]:
        """The owner's projects, by name, at most MAX_PROJECTS; deleted jobs are left out."""

    async def assign_owner(self, owner: str, limit: int) -> tuple[str, ...]:
        """Give the owner to at most `limit` final jobs whose documents have none; their ids.

        Unfinished ones are left until they have ended: a release that knows no owners may be at work on them.
        """

    async def versions(self, job_ids: Collection[str]) -> dict[str, JobVersion]:
        """The versions and owners of those jobs. A job that is not there is left out."""

    async def awaiting(self, provider_id: str) -> AttemptRef | None:
        """The attempt for which the provider makes that prediction."""


class OutboxStore(Protocol):
    """Events that are committed and not known to be published."""

    async def unpublished(self, before: datetime, limit: int, ids: IdRange = EVERY_ID) -> tuple[Outbox, ...]:
        """Outboxes of jobs last changed before that moment, oldest first."""

    async def clear_outboxes(self, published: Mapping[str, Collection[str]]) -> None:
        """Take published events out of the outboxes: ids of events by the id of their job.

        Events that are no longer there are ignored.
        """


class IdempotencyKeys(Protocol):
    """Clients' idempotency keys."""

    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        """Keep the claim, unless its owner claimed its key already. The claim that stands."""


class Leases(Protocol):
    """Which of several processes are at work, so that they can divide it."""

    async def renew_lease(self, name: str, holder: str, now: datetime, until: datetime) -> tuple[str, ...]:
        """Let `holder` have a lease of that name until then. All that have one now, in the order of their names."""


class JobStatistics(Protocol):
    """Counts of what is under way."""

    async def backlog_stats(self) -> BacklogStats:
        """Count what is under way; finished jobs are not looked at."""

    async def recent_durations(self, limit: int) -> tuple[JobDuration, ...]:
        """Of the jobs created last that are completed, at most that many, of all owners."""

    async def jobs_after(self, moment: datetime) -> int:
        """How many jobs were created after that moment, or have not ended and moved after it."""

    async def used_ratio(self) -> float | None:
        """Share of the database's volume that is used, 0 to 1; None where the database does not say."""

    async def open_jobs(self, owner: str, limit: int) -> int:
        """How many of an owner's jobs have not ended, counted up to a limit."""

    async def slots_under_way(self, owner: str) -> int:
        """How many slots of an owner's jobs are claimed and not finished."""


class JobStore(
    JobRepository, OutboxStore, IdempotencyKeys, Leases, JobStatistics, AccessStore, SpendingStore, RateLimits, Protocol
):
    """Everything the database keeps for the services."""

    async def create_indexes(self) -> tuple[str, ...]:
        """Create the indexes that are missing, each by itself. What is wrong with them afterwards."""

    async def index_problems(self) -> tuple[str, ...]:
        """What is wrong with the indexes that this service makes: somebody may have dropped one since."""

    async def ping(self) -> None:
        """Return when the database answers."""
