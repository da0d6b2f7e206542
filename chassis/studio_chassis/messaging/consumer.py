"""Consuming one queue: acknowledge after the commit, retry in the broker, dead-letter what cannot be handled."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import aio_pika
import structlog
from opentelemetry.trace import SpanKind
from structlog.contextvars import bound_contextvars

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.broker import CONNECTION_ERRORS, RECONNECT_SECONDS, run_on_connection
from studio_chassis.messaging.cloudevents import DEFERRALS, PROBE, UNREADABLE, from_message
from studio_chassis.messaging.copies import attempt_of, copy_of, count_of, dead_letter_of
from studio_chassis.messaging.dispositions import Pause, Reject, Retry, disposition_of
from studio_chassis.messaging.protocols import Delivery, MessageBroker, WorkQueue
from studio_chassis.observability import metrics
from studio_chassis.observability.logs import trace_id
from studio_chassis.observability.tracing import span
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.clock import Clock, utc_now
from studio_contracts import topology
from studio_contracts.events import Event, EventError
from studio_contracts.topology import Queue

Handler = Callable[[Event], Awaitable[None]]
DeadLettered = Callable[[Event, Queue], Awaitable[None]]
"""Called with an event once it lies in the dead-letter queue of that queue. If it fails, it is called again."""
REGISTER_SECONDS = 30
HANDLER_SECONDS = 300
"""No handler waits for the provider, so this is a bound for bugs; it stays below the broker's own consumer time-out."""
IN_FLIGHT_SECONDS = HANDLER_SECONDS + 60
"""A message that is longer in flight shows in health: its handler does not end, or its outcome cannot be published."""
WATCH_SECONDS = 30.0
"""After so long without a message the consumer registers again; a stopped consumer is found by nothing else."""
CLOSE_SECONDS = 10.0
PAUSE_SECONDS = 25.0
PUBLISH_RETRY_SECONDS = 5.0
PUBLISH_RETRIES = 60
log = structlog.get_logger()


@dataclass(frozen=True)
class _Registration:
    """A consumer as the broker knows it, on a channel of its own."""

    channel: WorkQueue
    tag: str


class Consumer:
    """Takes messages of one queue, up to its prefetch at a time, and decides what becomes of each."""

    def __init__(
        self,
        broker: MessageBroker,
        queue: Queue,
        handler: Handler,
        dead_lettered: DeadLettered,
        clock: Clock = utc_now,
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._dead_lettered = dead_lettered
        self.queue = queue
        self._handler = handler
        self._registration: _Registration | None = None
        self._wanted = False
        self._received = 0
        self._in_flight: dict[asyncio.Task[None], float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.Task[None] | None = None
        self._draining = False
        self.paused_because: str | None = None
        metrics.in_flight_seconds.labels(queue.name).set_function(lambda: self.oldest_in_flight_seconds)

    @property
    def is_stalled(self) -> bool:
        """Whether the broker is there and this consumer takes nothing from it without meaning to."""
        return self._broker.is_connected and self._registration is None and self.paused_because is None

    @property
    def is_consuming(self) -> bool:
        """Whether the broker knows this consumer, or it pauses on purpose."""
        return self._broker.is_connected and (self._registration is not None or self.paused_because is not None)

    @property
    def oldest_in_flight_seconds(self) -> float:
        """For how long the oldest unsettled message has been here; 0 when there is none."""
        return time.monotonic() - min(self._in_flight.values()) if self._in_flight else 0.0

    @property
    def is_overdue(self) -> bool:
        """Whether a message is in flight for longer than a handler and its outcome may take."""
        return self.oldest_in_flight_seconds > IN_FLIGHT_SECONDS

    async def start(self) -> None:
        """Register with the broker, once it is there; a connection that is lost in between is waited for."""
        self._wanted = True
        while self._wanted and self._registration is None:
            try:
                await self._register()
            except CONNECTION_ERRORS:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def watch(self) -> None:
        """Register again whenever nothing arrived for a while and nothing is in flight.

        A queue that is deleted and declared again within about 50 ms keeps its consumer in RabbitMQ 3.10, which counts
        it, assigns messages to it, delivers none and does not cancel it. Only the close of its channel helps, and
        returns those messages to the queue.
        """
        while True:
            received = self._received
            await asyncio.sleep(WATCH_SECONDS)
            idle = received == self._received and not self._in_flight
            if idle and self._registration is not None and self._broker.is_connected:
                with suppress(*CONNECTION_ERRORS):
                    await self._register()

    async def _register(self) -> None:
        """Consume over a new channel, then leave the one before. Raises one of CONNECTION_ERRORS."""
        channel = await self._broker.open_queue(self.queue)
        try:
            tag = await run_on_connection(REGISTER_SECONDS, channel.consume(self._on_message))
        except CONNECTION_ERRORS:
            self._close_later(channel)
            raise
        previous, self._registration = self._registration, _Registration(channel, tag)
        if not self._wanted:  # paused or drained in the meantime
            await self._cancel()
        if previous is not None:
            await self._leave(previous)

    async def _cancel(self) -> None:
        """Take no more."""
        self._wanted = False
        registration, self._registration = self._registration, None
        if registration is not None:
            await self._leave(registration)

    async def _leave(self, registration: _Registration) -> None:
        """Take no more over this channel; it closes once what came over it is settled."""
        with suppress(*CONNECTION_ERRORS):
            await run_on_connection(REGISTER_SECONDS, registration.channel.cancel(registration.tag))
        self._close_later(registration.channel)

    def _close_later(self, channel: WorkQueue) -> None:
        closing = asyncio.create_task(_close_after(frozenset(self._in_flight), channel))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _on_message(self, message: Delivery) -> None:
        # A task of our own: aio-pika cancels its callbacks when the connection drops, in the middle of a paid call.
        self._received += 1
        task = asyncio.create_task(self._handle(message))
        self._in_flight[task] = time.monotonic()
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a message was left unsettled", queue=self.queue.name, reason=str(error), exc_info=error)

    async def _handle(self, message: Delivery) -> None:
        if PROBE in message.headers:
            await self._settle(message, "probe")
            return
        try:
            event = from_message(message.headers, message.body)
        except EventError as error:
            await self._settle(message, "dead", self._dead_letter(message, None, f"{UNREADABLE}: {error}"))
            return
        with bound_contextvars(job_id=event.subject, trace_id=trace_id(event.traceparent), event_type=event.type):
            metrics.queue_wait_seconds.labels(self.queue.name).observe((self._clock() - event.time).total_seconds())
            started = time.perf_counter()
            failure = await self._try(event)
            metrics.handler_seconds.labels(self.queue.name).observe(time.perf_counter() - started)
            await self._apply_disposition(failure, event, message)

    async def _try(self, event: Event) -> BaseException | None:
        try:
            with span(f"process {self.queue.name}", event.traceparent, SpanKind.CONSUMER, job_id=event.subject):
                async with asyncio.timeout(HANDLER_SECONDS):
                    await self._handler(event)
        except (KeyboardInterrupt, SystemExit):
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return error  # raised by the handler, canceled by nobody
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises becomes a disposition, a panic in Rust too
            return error
        return None

    async def _apply_disposition(self, error: BaseException | None, event: Event, message: Delivery) -> None:
        match disposition_of(error):
            case None:
                await self._settle(message, "done")
            case Pause() as pause:
                self._pause(pause)
                delay = timedelta(seconds=PAUSE_SECONDS)
                await self._settle(message, "paused", self._defer(message, pause.reason, delay, counted=False))
            case Unavailable() as outage:
                log.warning("deferred", queue=self.queue.name, reason=str(outage))
                delay = topology.outage_delay(count_of(message, DEFERRALS, 0))
                await self._settle(message, "unavailable", self._defer(message, str(outage), delay, counted=False))
            case Retry(counted=False) as retry:
                await self._settle(message, "deferred", self._defer(message, retry.reason, retry.after, counted=False))
            case Reject() as rejection:
                if error is not rejection:  # not a decision of the handler: the traceback shows where it came from
                    log.error("handler failed", queue=self.queue.name, reason=rejection.reason, exc_info=error)
                await self._settle(message, "dead", self._dead_letter(message, event, rejection.reason))
            case Retry() as retry:
                log.warning(
                    "handler failed",
                    queue=self.queue.name,
                    attempt=attempt_of(message),
                    reason=retry.reason,
                    exc_info=error,
                )
                await self._retry_or_dead_letter(retry, event, message)

    async def _retry_or_dead_letter(self, retry: Retry, event: Event, message: Delivery) -> None:
        if attempt_of(message) >= topology.MAX_ATTEMPTS:
            await self._settle(message, "dead", self._dead_letter(message, event, retry.reason))
            return
        await self._settle(message, "retried", self._defer(message, retry.reason, retry.after, counted=True))

    async def _settle(self, message: Delivery, outcome: str, first: Awaitable[None] | None = None) -> None:
        """Do what comes first, then acknowledge. If either fails the broker delivers the message again."""
        try:
            if first is not None:
                await first
            failpoints.reached("before-ack")
            async with asyncio.timeout(REGISTER_SECONDS):
                await message.ack()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, a message must not stay in flight
            outcome = "redelivered"
            log.warning("will be delivered again", queue=self.queue.name, reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(PUBLISH_RETRY_SECONDS)
            with suppress(*CONNECTION_ERRORS):
                await message.reject(requeue=True)
        metrics.messages.labels(self.queue.name, outcome).inc()

    async def _send(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Publish, waiting for a broker that takes nothing. Raises Unavailable in the end.

        Given back instead, the original would come again immediately, and soon be dead by its delivery limit.
        """
        for number in range(PUBLISH_RETRIES):
            try:
                return await self._broker.send(exchange, routing_key, message)
            except Unavailable as error:
                if number == 0:
                    log.warning(
                        "not published yet", queue=self.queue.name, to=exchange or routing_key, reason=str(error)
                    )
            await asyncio.sleep(PUBLISH_RETRY_SECONDS)
        return await self._broker.send(exchange, routing_key, message)

    async def _defer(self, message: Delivery, reason: str, after: timedelta | None, *, counted: bool) -> None:
        attempt = attempt_of(message)
        delay_exchange = topology.retry_exchange(topology.retry_delay(attempt, after))
        copy = copy_of(message, attempt + counted, reason)
        copy.headers[DEFERRALS] = count_of(message, DEFERRALS, 0) + (not counted)
        await self._send(delay_exchange, self.queue.name, copy)

    async def _dead_letter(self, message: Delivery, event: Event | None, reason: str) -> None:
        """Keep the message as a dead letter, then report it: whoever hears of it finds the letter."""
        log.error("dead-lettered", queue=self.queue.name, reason=reason)
        await self._send("", self.queue.dead_letter_queue, dead_letter_of(message, reason, self._clock()))
        if event is not None:
            await self._dead_lettered(event, self.queue)

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

    async def drain(self, seconds: float) -> None:
        """Take no more and finish what is in flight within the time; the rest goes back to the queue."""
        self._draining = True
        if self._resuming is not None:
            self._resuming.cancel()
        await self._cancel()
        if self._in_flight:
            _, unfinished = await asyncio.wait(self._in_flight, timeout=seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)


async def _close_after(in_flight: Collection[asyncio.Task[None]], channel: WorkQueue) -> None:
    if in_flight:
        await asyncio.wait(in_flight)
    with suppress(*CONNECTION_ERRORS):
        await run_on_connection(CLOSE_SECONDS, channel.close())
