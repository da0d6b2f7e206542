"""Consuming one queue: acknowledge after the commit, retry in the broker, set aside what cannot be handled."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from opentelemetry.trace import SpanKind
from structlog.contextvars import bound_contextvars

from studio_chassis.errors import JobNotFound, Unavailable
from studio_chassis.messaging.broker import CONNECTION_ERRORS, RECONNECT_SECONDS, Broker, run_on_connection
from studio_chassis.messaging.cloudevents import (
    ATTEMPT,
    DEAD_LETTERED_AT,
    DEFERRALS,
    LAST_ERROR,
    UNREADABLE,
    from_message,
)
from studio_chassis.messaging.dispositions import Pause, Reject, Retry
from studio_chassis.observability import metrics
from studio_chassis.observability.logs import trace_id
from studio_chassis.observability.tracing import span
from studio_chassis.persistence.jobs import Jobs
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.clock import Clock, utc_now
from studio_contracts import topology
from studio_contracts.events import Event, EventError
from studio_contracts.topology import Queue
from studio_domain.domain_events import WorkFailed

Handler = Callable[[Event], Awaitable[None]]
REGISTER_SECONDS = 30
HANDLER_SECONDS = 300
"""No handler waits for the provider, so this is a bound for bugs; it stays below the broker's own consumer time-out."""
PAUSE_SECONDS = 25.0
PUBLISH_RETRY_SECONDS = 5.0
PUBLISH_RETRIES = 60
log = structlog.get_logger()


class Consumer:
    """Takes messages of one queue, up to its prefetch at a time, and decides what becomes of each."""

    def __init__(self, broker: Broker, jobs: Jobs, queue: Queue, handler: Handler, clock: Clock = utc_now) -> None:
        self._broker = broker
        self._clock = clock
        self._jobs = jobs
        self.queue = queue
        self._handler = handler
        self._source: AbstractQueue | None = None
        self._tag: str | None = None
        self._in_flight: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.Task[None] | None = None
        self._draining = False
        self.paused_because: str | None = None

    @property
    def is_stalled(self) -> bool:
        """Whether the broker is there and this consumer takes nothing from it without meaning to."""
        return self._broker.is_connected and self._tag is None and self.paused_because is None

    @property
    def is_consuming(self) -> bool:
        """Whether the broker knows this consumer, or it pauses on purpose."""
        return self._broker.is_connected and (self._tag is not None or self.paused_because is not None)

    async def start(self) -> None:
        """Register with the broker, once it is there; a connection lost meanwhile does not leave us deaf."""
        while self._tag is None:
            try:
                self._source = self._source or await self._broker.open_queue(self.queue)
                self._tag = await run_on_connection(REGISTER_SECONDS, self._source.consume(self._on_message))
            except CONNECTION_ERRORS:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        # A task of our own: aio-pika cancels its callbacks when the connection drops, in the middle of a paid call.
        task = asyncio.create_task(self._handle(message))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            event = from_message(message.headers, message.body)
        except EventError as error:
            await self._settle(message, "dead", self._dead_letter(message, None, f"{UNREADABLE}: {error}"))
            return
        with bound_contextvars(job_id=event.subject, trace_id=trace_id(event.traceparent), event_type=event.type):
            metrics.queue_wait_seconds.labels(self.queue.name).observe((self._clock() - event.time).total_seconds())
            started = time.perf_counter()
            with span(f"process {self.queue.name}", event.traceparent, SpanKind.CONSUMER, job_id=event.subject):
                disposition = await self._try(event)
            metrics.handler_seconds.labels(self.queue.name).observe(time.perf_counter() - started)
            await self._apply_disposition(disposition, event, message)

    async def _try(self, event: Event) -> Exception | None:
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                await self._handler(event)
        except JobNotFound as error:
            return Reject(f"no such job: {error}")
        except Exception as error:  # noqa: BLE001 - the seam: whatever a handler raises becomes a disposition
            return error
        return None

    async def _apply_disposition(
        self, disposition: Exception | None, event: Event, message: AbstractIncomingMessage
    ) -> None:
        match disposition:
            case None:
                await self._settle(message, "done")
            case Pause():
                self._pause(disposition)
                delay = timedelta(seconds=PAUSE_SECONDS)
                await self._settle(message, "paused", self._defer(message, disposition.reason, delay, counted=False))
            case Unavailable():
                log.warning("put off", queue=self.queue.name, reason=str(disposition))
                delay = topology.outage_delay(_count(message, DEFERRALS, 0))
                await self._settle(message, "unavailable", self._defer(message, str(disposition), delay, counted=False))
            case Retry(counted=False):
                await self._settle(
                    message, "put off", self._defer(message, disposition.reason, disposition.after, counted=False)
                )
            case Reject():
                await self._settle(message, "dead", self._dead_letter(message, event, disposition.reason))
            case _:
                await self._retry_or_dead_letter(disposition, event, message)

    async def _retry_or_dead_letter(self, error: Exception, event: Event, message: AbstractIncomingMessage) -> None:
        reason = str(error) if isinstance(error, Retry) else f"{type(error).__name__}: {error}"
        log.warning("handler failed", queue=self.queue.name, attempt=_attempt(message), reason=reason, exc_info=error)
        if _attempt(message) >= topology.MAX_ATTEMPTS:
            await self._settle(message, "dead", self._dead_letter(message, event, reason))
            return
        after = error.after if isinstance(error, Retry) else None
        await self._settle(message, "retried", self._defer(message, reason, after, counted=True))

    async def _settle(
        self, message: AbstractIncomingMessage, outcome: str, first: Awaitable[None] | None = None
    ) -> None:
        """Do what comes first, then acknowledge. If either fails the broker delivers the message again."""
        try:
            if first is not None:
                await first
            failpoints.reached("before-ack")
            async with asyncio.timeout(REGISTER_SECONDS):
                await message.ack()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, a message must not stay in hand for ever
            outcome = "redelivered"
            log.warning("will be delivered again", queue=self.queue.name, reason=str(error))
            await asyncio.sleep(PUBLISH_RETRY_SECONDS)
            with suppress(*CONNECTION_ERRORS):
                await message.reject(requeue=True)
        metrics.messages.labels(self.queue.name, outcome).inc()

    async def _send(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Publish, waiting for a broker that takes nothing. Raises Unavailable in the end.

        Given back instead, the original would come again at once, and soon be dead by its delivery limit.
        """
        for _ in range(PUBLISH_RETRIES):
            with suppress(Unavailable):
                return await self._broker.send(exchange, routing_key, message)
            await asyncio.sleep(PUBLISH_RETRY_SECONDS)
        return await self._broker.send(exchange, routing_key, message)

    async def _defer(
        self, message: AbstractIncomingMessage, reason: str, after: timedelta | None, *, counted: bool
    ) -> None:
        attempt = _attempt(message)
        room = topology.retry_exchange(topology.retry_delay(attempt, after))
        copy = _copy(message, attempt + counted, reason)
        copy.headers[DEFERRALS] = _count(message, DEFERRALS, 0) + (not counted)
        await self._send(room, self.queue.name, copy)

    async def _dead_letter(self, message: AbstractIncomingMessage, event: Event | None, reason: str) -> None:
        """Keep the message as a dead letter, then tell its job. In this order a job never fails without its letter."""
        log.error("set aside", queue=self.queue.name, reason=reason)
        letter = _copy(message, _attempt(message), reason)
        letter.headers[DEAD_LETTERED_AT] = self._clock().isoformat()
        await self._send("", self.queue.dead_letter_queue, letter)
        if event is not None:
            failure = WorkFailed(
                code="set_aside",
                title="A step could not be carried out",
                detail=f"The step was set aside in {self.queue.dead_letter_queue}. An operator can replay it.",
                replayable=True,
            )
            with suppress(JobNotFound):
                await self._jobs.apply(event.subject, failure)

    def _pause(self, pause: Pause) -> None:
        if self._resuming is None and not self._draining:
            log.error("paused", queue=self.queue.name, reason=pause.reason, seconds=PAUSE_SECONDS)
            self.paused_because = pause.reason
            metrics.paused.labels(self.queue.name, pause.cause).set(1)
            self._resuming = asyncio.create_task(self._resume_later(pause))

    async def _resume_later(self, pause: Pause) -> None:
        await self._cancel()
        await asyncio.sleep(PAUSE_SECONDS)
        await self.start()
        self._resuming, self.paused_because = None, None
        metrics.paused.labels(self.queue.name, pause.cause).set(0)
        log.info("resumed", queue=self.queue.name)

    async def _cancel(self) -> None:
        if self._source is not None and self._tag is not None:
            tag, self._tag = self._tag, None
            with suppress(*CONNECTION_ERRORS):
                await run_on_connection(REGISTER_SECONDS, self._source.cancel(tag))

    async def drain(self, seconds: float) -> None:
        """Take no more and finish what is in hand within the time; the rest goes back to the queue."""
        self._draining = True
        if self._resuming is not None:
            self._resuming.cancel()
        await self._cancel()
        if self._in_flight:
            _, unfinished = await asyncio.wait(self._in_flight, timeout=seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)


def _attempt(message: AbstractIncomingMessage) -> int:
    return _count(message, ATTEMPT, 1)


def _count(message: AbstractIncomingMessage, header: str, least: int) -> int:
    counted = message.headers.get(header)
    return max(counted, least) if isinstance(counted, int) else least


def _copy(message: AbstractIncomingMessage, attempt: int, reason: str) -> aio_pika.Message:
    """The same message with its count of attempts and the last error."""
    kept: dict[str, Any] = {key: value for key, value in message.headers.items() if not key.startswith("x-")}
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
        headers={**kept, ATTEMPT: attempt, LAST_ERROR: reason[:500]},
    )
