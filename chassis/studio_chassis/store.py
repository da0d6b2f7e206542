"""What a job store must do, whatever database is behind it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple, Protocol

from studio_contracts.events import Event
from studio_contracts.job import Job
from studio_contracts.lifecycle import Transition


class Outbox(NamedTuple):
    """Events of one job that are committed and not known to be published."""

    job_id: str
    events: tuple[Event, ...]


class JobStore(Protocol):
    """One document a job, with its outbox. Each method raises Unavailable when the database does not answer."""

    async def insert(self, first: Transition) -> None:
        """Store a new job with its events. Raises JobExists."""

    async def load(self, job_id: str) -> Job:
        """The job as it stands. Raises JobNotFound."""

    async def commit(self, change: Transition) -> bool:
        """Replace the job and add the events to its outbox in one write, if the stored version is still the one before.

        False when it is not: somebody else changed the job.
        """

    async def clear_outbox(self, job_id: str, event_ids: tuple[str, ...]) -> None:
        """Take published events out of the outbox. Events already gone are fine."""

    async def unpublished(self, before: datetime, limit: int) -> tuple[Outbox, ...]:
        """Outboxes of jobs last changed before that moment, oldest first."""

    def unfinished(self, before: datetime) -> AsyncIterator[Job]:
        """Every job in no final state whose last transition is older than that moment, oldest first."""

    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether `holder` now holds the lease: it was free, run out, or its own."""

    async def ping(self) -> None:
        """Return when the database answers."""
