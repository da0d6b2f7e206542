"""The one way a service changes a job: load, apply a lifecycle rule, commit if unchanged, publish."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from weakref import WeakValueDictionary

import structlog

from studio_chassis.errors import JobConflict, JobNotFound, UnreadableJob
from studio_chassis.observability.tracing import span
from studio_chassis.persistence.job_metrics import count_change
from studio_chassis.persistence.outbox_publisher import OutboxPublisher, Publish
from studio_chassis.persistence.store import JobStore
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.clock import Clock
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.events import CallbackRequested, Event
from studio_contracts.job import Job, Limits
from studio_contracts.topology import Queue
from studio_domain.domain_events import CallbackAttempted, DomainEvent, Undeliverable, WorkFailed, set_aside
from studio_domain.lifecycle import Transition, accept, is_obsolete, transition

MAX_CONFLICTS = 50
log = structlog.get_logger()
_handled_event: ContextVar[Event | None] = ContextVar("handled_event", default=None)


class Applied(NamedTuple):
    """The job after an event, and whether the event changed it."""

    job: Job
    changed: bool


class _Turn:
    """Changes of one job by this process wait for each other, and go on from the job as the one before saw it last."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.job: Job | None = None


class JobService:
    """Accepts, loads and changes jobs for one service."""

    def __init__(self, store: JobStore, publish: Publish, clock: Clock, service: str) -> None:
        self.outbox = OutboxPublisher(store, publish, clock)
        self._store = store
        self._clock = clock
        self._service = service
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        """Of jobs that are being handled or changed."""

    async def accept(
        self,
        brief: Brief,
        *,
        job_id: str,
        seed: int,
        traceparent: str,
        limits: Limits,
        owner: str = LOCAL_OWNER,
        key_id: str = "",
        callback: Callback | None = None,
        metadata: Mapping[str, str] | None = None,
        name: str = "",
        project: str = "",
    ) -> Job:
        """Store a new job; it is safe when this returns. Its event is published in the background."""
        first = accept(
            brief,
            job_id=job_id,
            seed=seed,
            traceparent=traceparent,
            limits=limits,
            now=self._clock(),
            by=self._service,
            owner=owner,
            key_id=key_id,
            callback=callback,
            metadata=metadata,
            name=name,
            project=project,
        )
        failpoints.reached("before-commit")
        await self._store.insert(first)
        failpoints.reached("after-commit")
        self.outbox.publish_in_background(first)
        return first.job

    async def load(self, job_id: str) -> Job:
        """The job, rarely as it was shortly before. Raises JobNotFound."""
        return await self._store.load(job_id)

    async def load_linearizable(self, job_id: str) -> Job:
        """The job with every acknowledged change: for a step that is not repeated. Raises JobNotFound."""
        return await self._store.load_linearizable(job_id)

    async def apply(self, known: Job | str, event: DomainEvent, *, wait_for_publish: bool = True) -> Applied:
        """Apply an event to a job, known by its id or as it was loaded. Raises JobNotFound, JobConflict, Unavailable.

        A loaded job saves a read. It may be out of date: the commit then finds another version, and it is loaded again.

        Once this returns the change is committed and its events are published, or will be by the relay. A caller who
        must answer within milliseconds does not wait for that: they are published in the background.
        """
        change, job = await self._commit(known, event)
        if change is not None and wait_for_publish:
            await self.outbox.publish(change)
        elif change is not None:
            self.outbox.publish_in_background(change)
        return Applied(job, change is not None)

    @contextmanager
    def taking(self, event: Event) -> Iterator[None]:
        """While this event is handled: what was delivered was published, so a commit to its job takes it from there.

        Changes that this process makes to the job until then, for other messages too, go on from one another.
        """
        turn = self._turn_of(event.subject)
        token = _handled_event.set(event)
        try:
            yield
        finally:
            _handled_event.reset(token)
            del turn  # which kept the job as it was left last

    def _turn_of(self, job_id: str) -> _Turn:
        turn = self._turns[job_id] = self._turns.get(job_id) or _Turn()
        return turn

    async def dead_lettered(self, event: Event, queue: Queue) -> None:
        """Fail the job of an event that lies in a dead-letter queue, until an operator replays it.

        A call to the client is given up; its job goes on.
        """
        if isinstance(event.payload, CallbackRequested):
            reason = f"set aside in {queue.dead_letter_queue}"
            await self._report(event, CallbackAttempted(event.payload.call, reason, is_permanent=True), queue)
        else:
            await self._report(event, set_aside(queue.dead_letter_queue), queue)

    async def undeliverable(self, event: Event, queue: Queue) -> None:
        """As `dead_lettered`, for an event that the broker dead-lettered, if the job still waits for it."""
        await self._report(event, Undeliverable(event.payload, queue.dead_letter_queue), queue)

    async def _report(
        self, event: Event, failure: WorkFailed | Undeliverable | CallbackAttempted, queue: Queue
    ) -> None:
        try:
            await self.apply(event.subject, failure)
        except (JobNotFound, UnreadableJob) as error:
            log.warning("dead letter of no job", queue=queue.name, job_id=event.subject, reason=str(error))

    async def _commit(self, known: Job | str, event: DomainEvent) -> tuple[Transition | None, Job]:
        job_id, loaded = (known, None) if isinstance(known, str) else (known.id, known)
        turn = self._turn_of(job_id)
        async with turn.lock:
            for attempt in range(MAX_CONFLICTS):
                job = (_newest(loaded, turn.job) if attempt == 0 else None) or await self._store.load(job_id)
                with span(type(event).__name__, job.traceparent, job_id=job_id):
                    change = transition(job, event, now=self._clock(), by=self._service)
                    if change is None and not is_obsolete(job, event):
                        # a late read must not decide that there is nothing to do; a write would fail by its version
                        job = await self._store.load_linearizable(job_id)
                        change = transition(job, event, now=self._clock(), by=self._service)
                    if change is None:
                        turn.job = _newest(turn.job, job)
                        return None, job
                    failpoints.reached("before-commit")
                    if await self._store.commit(change, _taken(job_id)):
                        failpoints.reached("after-commit")
                        count_change(job, change.job, event)
                        turn.job = change.job
                        return change, change.job
        raise JobConflict(f"{job_id}: changed by others {MAX_CONFLICTS} times in a row")


def _newest(*jobs: Job | None) -> Job | None:
    return max((job for job in jobs if job is not None), key=lambda job: job.version, default=None)


def _taken(job_id: str) -> tuple[str, ...]:
    """The id of the event that is handled, if it is of this job."""
    event = _handled_event.get()
    return (event.id,) if event is not None and event.subject == job_id else ()
