"""The one way a service changes a job: load, apply a lifecycle rule, commit if unchanged, publish, clear.

An event is taken out of its outbox once it is certainly published: by the commit of whoever handles it, or else by
its publisher, who waits a little for that and then clears what it has published of many jobs with one write.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import NamedTuple
from weakref import WeakValueDictionary

import structlog

from studio_chassis.errors import ChassisError, JobConflict, JobNotFound, UnreadableJob
from studio_chassis.observability import metrics
from studio_chassis.observability.tracing import span
from studio_chassis.persistence.job_metrics import count_change
from studio_chassis.persistence.store import JobStore, Outbox
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

Publish = Callable[[Event], Awaitable[None]]
MAX_CONFLICTS = 50
MAX_RELAY_FAILURES = 5
"""Outboxes that may fail more than others succeed before a round of the relay ends."""
MAX_PUBLISHING = 500
"""Beyond this many the last would outlast its time-out waiting for its turn: the relay has it later, at less cost."""
CLEAR_SECONDS = 2.0
"""For so long a publisher leaves events to those who take them. Shorter than the relay waits."""
log = structlog.get_logger()
_handled_event: ContextVar[Event | None] = ContextVar("handled_event", default=None)


class Applied(NamedTuple):
    """The job after an event, and whether the event changed it."""

    job: Job
    changed: bool


class _Turn:
    """Changes of one job by this process wait for each other, and go on from the job as the one before them left it."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.job: Job | None = None


class JobService:
    """Accepts, loads and changes jobs for one service."""

    def __init__(self, store: JobStore, publish: Publish, clock: Clock, service: str) -> None:
        self._store = store
        self._publish = publish
        self._clock = clock
        self._service = service
        self._publishing: set[asyncio.Task[None]] = set()
        self._published: defaultdict[str, list[str]] = defaultdict(list)
        self._clearing: asyncio.Task[None] | None = None
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        """Of jobs that are being changed."""

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
        self._publish_in_background(first)
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
            await self._publish_events(change)
        elif change is not None:
            self._publish_in_background(change)
        return Applied(job, change is not None)

    @contextmanager
    def taking(self, event: Event) -> Iterator[None]:
        """While this event is handled: what was delivered was published, so a commit to its job takes it from there."""
        token = _handled_event.set(event)
        try:
            yield
        finally:
            _handled_event.reset(token)

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

    async def relay(self, older_than: timedelta, limit: int) -> int:
        """Publish what was committed and not published; returns how many events.

        An outbox that cannot be published does not hold up the others, but a broker that takes nothing ends the round.
        """
        published, failed = 0, -MAX_RELAY_FAILURES
        for outbox in await self._store.unpublished(self._clock() - older_than, limit):
            if await self._publish_outbox(outbox) and await self._clear({outbox.job_id: _ids(outbox.events)}):
                published += len(outbox.events)
            else:
                failed += 1
            if failed > published:
                break
        metrics.relayed.inc(published)
        return published

    async def flush_publishing(self) -> None:
        """Wait for the publishing that goes on in the background, and clear what is published."""
        await asyncio.gather(*self._publishing)
        await self._clear_published()

    async def _commit(self, known: Job | str, event: DomainEvent) -> tuple[Transition | None, Job]:
        job_id, loaded = (known, None) if isinstance(known, str) else (known.id, known)
        turn = self._turns[job_id] = self._turns.get(job_id) or _Turn()
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
                        return None, job
                    failpoints.reached("before-commit")
                    if await self._store.commit(change, _taken(job_id)):
                        failpoints.reached("after-commit")
                        count_change(job, change.job, event)
                        turn.job = change.job
                        return change, change.job
        raise JobConflict(f"{job_id}: changed by others {MAX_CONFLICTS} times in a row")

    def _publish_in_background(self, change: Transition) -> None:
        if len(self._publishing) >= MAX_PUBLISHING:
            log.warning("left to the relay", job_id=change.job.id, reason="too much is being published")
            return
        task = asyncio.create_task(self._publish_events(change))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def _publish_events(self, change: Transition) -> None:
        """Publish, and clear later. Failing here loses nothing: what is in the outbox is left to the relay."""
        if change.events and await self._publish_outbox(Outbox(change.job.id, change.events)):
            self._published[change.job.id] += _ids(change.events)
            if self._clearing is None or self._clearing.done():
                self._clearing = asyncio.create_task(self._clear_later())

    async def _publish_outbox(self, outbox: Outbox) -> bool:
        try:
            await asyncio.gather(*(self._publish(event) for event in outbox.events))
        except ChassisError as error:
            log.warning("left to the relay", job_id=outbox.job_id, reason=str(error))
            return False
        except Exception as error:  # an event that cannot even be put into a message is alone in that
            log.error("event cannot be published", job_id=outbox.job_id, reason=str(error), exc_info=error)
            return False
        failpoints.reached("after-publish")
        return True

    async def _clear_later(self) -> None:
        while self._published:  # also what is published while the database clears
            await asyncio.sleep(CLEAR_SECONDS)
            await self._clear_published()

    async def _clear_published(self) -> None:
        published, self._published = self._published, defaultdict(list)
        if published:
            await self._clear(published)

    async def _clear(self, published: Mapping[str, Sequence[str]]) -> bool:
        try:
            await self._store.clear_outboxes(published)
        except ChassisError as error:
            log.warning("left to the relay", jobs=len(published), reason=str(error))
            return False
        return True


def _newest(*jobs: Job | None) -> Job | None:
    return max((job for job in jobs if job is not None), key=lambda job: job.version, default=None)


def _ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


def _taken(job_id: str) -> tuple[str, ...]:
    """The id of the event that is handled, if it is of this job."""
    event = _handled_event.get()
    return (event.id,) if event is not None and event.subject == job_id else ()
