"""What all clients of the database in memory share."""

from collections.abc import Callable, Collection
from datetime import datetime

from studio_chassis.errors import UnreadableJob
from studio_chassis.persistence.documents import from_document, to_document
from studio_chassis.persistence.store import (
    IdempotencyRecord,
)
from studio_chassis.testing.access import AccessTables
from studio_contracts.events import Event
from studio_contracts.job import Job
from studio_domain.ledger import Ledger
from studio_domain.lifecycle import Transition
from studio_domain.rate_limit import Bucket

Observer = Callable[[Job | None, Job], None]


class SimulatedDatabase:
    """What all its clients share. `observers` see every change of a job, in order: before (None when new) and after."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.outboxes: dict[str, list[Event]] = {}
        self.leases: dict[str, dict[str, datetime]] = {}
        self.claims: dict[tuple[str, str], IdempotencyRecord] = {}
        self.access = AccessTables()
        self.spending = Ledger()
        self.buckets: dict[str, Bucket] = {}
        self.observers: list[Observer] = []
        self.lags: Callable[[], bool] = lambda: False
        """Whether a read shows the job as it was before its last change, as after an election it may."""
        self.unreadable: set[str] = set()
        """Jobs whose documents hold a field of a later release, which this one does not know."""
        self.index_problems: tuple[str, ...] = ()
        self._before: dict[str, Job] = {}
        self._refused: dict[str, str] = {}

    def read(self, job: Job) -> Job:
        """The job, through the code that reads documents. Raises UnreadableJob."""
        if job.id not in self.unreadable:
            return job
        if job.id in self._refused:  # every round meets it again
            raise UnreadableJob(job.id, self._refused[job.id])
        try:
            return from_document({"_id": job.id, **to_document(job), "of_a_later_release": True})
        except UnreadableJob as error:
            self._refused[job.id] = error.reason
            raise

    def view(self, job_id: str) -> Job | None:
        """The job as a reader sees it. It may be late, and never absent when it is there."""
        job = self.jobs.get(job_id)
        return self._before.get(job_id, job) if job is not None and self.lags() else job

    def write(self, change: Transition, published: Collection[str] = ()) -> None:
        """Write the fields that change, take from the outbox and add to it, as one."""
        job, before = change.job, self.jobs.get(change.job.id)
        if before is not None:
            job = before.model_copy(update={name: getattr(job, name) for name in change.changed_fields})
        self.jobs[job.id] = job
        if before is not None:
            self._before[job.id] = before
        self.clear(job.id, published)
        self.outboxes.setdefault(job.id, []).extend(change.events)
        for observe in self.observers:
            observe(before, job)

    def clear(self, job_id: str, published: Collection[str]) -> None:
        """Take events out of the outbox."""
        if job_id in self.outboxes:
            self.outboxes[job_id] = [event for event in self.outboxes[job_id] if event.id not in published]

    def oldest_first(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """The jobs that are wanted, by their last change."""
        return sorted(filter(wanted, self.jobs.values()), key=lambda job: (job.updated_at, job.id))
