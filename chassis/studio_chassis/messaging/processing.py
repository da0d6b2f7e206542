"""One message of a queue: acknowledged after its outcome is safe, retried in the broker, or dead-lettered."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import aio_pika
import structlog
from aio_pika.exceptions import ChannelInvalidStateError
from opentelemetry.trace import SpanKind
from structlog.contextvars import bound_contextvars

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.cloudevents import DEFERRALS, PROBE, UNREADABLE, from_message
from studio_chassis.messaging.connection import CONNECTION_ERRORS
from studio_chassis.messaging.copies import attempt_of, copy_of, count_of, dead_letter_of
from studio_chassis.messaging.dispositions import Pause, Reject, Retry, disposition_of
from studio_chassis.messaging.protocols import Delivery, MessageBroker
from studio_chassis.observability import metrics
from studio_chassis.observability.logs import trace_id
from studio_chassis.observability.tracing import span
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.clock import Clock
from studio_contracts import topology
from studio_contracts.events import Event, EventError
from studio_contracts.topology import Queue

Handler = Callable[[Event], Awaitable[None]]
DeadLettered = Callable[[Event, Queue], Awaitable[None]]
"""Called with an event once it lies in the dead-letter queue of that queue. If it fails, it is called again."""
HANDLER_SECONDS = 300
"""No handler waits for the provider, so this is a bound for bugs; it stays below the broker's own consumer time-out."""
ACK_SECONDS = 30
OUTAGE_SECONDS = 60.0
"""Messages that were put off come back within that time, unless the outage is over."""
PAUSE_SECONDS = 25.0
"""How long a consumer pauses, and how long the message that made it pause waits."""
PUBLISH_RETRY_SECONDS = 5.0
PUBLISH_RETRIES = 60
log = structlog.get_logger()


class MessageProcessor:
    """Calls the handler with the event of a message and applies the disposition that follows."""

    def __init__(
        self,
        broker: MessageBroker,
        queue: Queue,
        handler: Handler,
        dead_lettered: DeadLettered,
        on_pause: Callable[[Pause], None],
        clock: Clock,
    ) -> None:
        self._broker = broker
        self._queue = queue
        self._handler = handler
        self._dead_lettered = dead_lettered
        self._on_pause = on_pause
        self._clock = clock
        self._outage = ("", -math.inf)

    @property
    def outage(self) -> str | None:
        """Why a message was put off within the last OUTAGE_SECONDS, None where none was."""
        reason, at = self._outage
        return reason if time.monotonic() - at < OUTAGE_SECONDS else None

    async def process(self, message: Delivery) -> None:
        """Handle the message and settle it. Its outcome is safe before it is acknowledged.

        One that was requeued while it waited here is left to whom the broker delivers it to now.
        """
        if _was_requeued(message):
            metrics.messages.labels(self._queue.name, "redelivered").inc()
            return
        if PROBE in message.headers:
            await self._settle(message, "probe")
            return
        try:
            event = from_message(message.headers, message.body)
        except EventError as error:
            await self._settle(message, "dead", self._dead_letter(message, None, f"{UNREADABLE}: {error}"))
            return
        with bound_contextvars(job_id=event.subject, trace_id=trace_id(event.traceparent), event_type=event.type):
            waited = max(0.0, (self._clock() - event.time).total_seconds())  # the publisher's clock may be ahead
            metrics.queue_wait_seconds.labels(self._queue.name).observe(waited)
            started = time.perf_counter()
            failure = await self._try(event)
            metrics.handler_seconds.labels(self._queue.name).observe(time.perf_counter() - started)
            await self._apply_disposition(failure, event, message)

    async def _try(self, event: Event) -> BaseException | None:
        try:
            with span(f"process {self._queue.name}", event.traceparent, SpanKind.CONSUMER, job_id=event.subject):
                async with asyncio.timeout(HANDLER_SECONDS):
                    await self._handler(event)
        except (KeyboardInterrupt, SystemExit):
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return error  # raised by the handler; the task was not cancelled
        except BaseException as error:  # noqa: BLE001 - every exception becomes a disposition, also a panic in Rust
            return error
        return None

    async def _apply_disposition(self, error: BaseException | None, event: Event, message: Delivery) -> None:
        match disposition_of(error):
            case None:
                await self._settle(message, "done")
            case Pause() as pause:
                self._on_pause(pause)
                delay = timedelta(seconds=PAUSE_SECONDS)
                await self._settle(message, "paused", self._defer(message, pause.reason, delay, counted=False))
            case Unavailable() as outage:
                self._outage = (str(outage), time.monotonic())
                log.warning("deferred", queue=self._queue.name, reason=str(outage))
                delay = topology.outage_delay(count_of(message, DEFERRALS, 0))
                await self._settle(message, "unavailable", self._defer(message, str(outage), delay, counted=False))
            case Retry(counted=False) as retry:
                await self._settle(message, "deferred", self._defer(message, retry.reason, retry.after, counted=False))
            case Reject() as rejection:
                if error is not rejection:  # not a decision of the handler: the traceback shows where it came from
                    log.error("handler failed", queue=self._queue.name, reason=rejection.reason, exc_info=error)
                await self._settle(message, "dead", self._dead_letter(message, event, rejection.reason))
            case Retry() as retry:
                log.warning(
                    "handler failed",
                    queue=self._queue.name,
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
            async with asyncio.timeout(ACK_SECONDS):
                await message.ack()
        except Exception as error:  # noqa: BLE001 - a message must never stay in flight
            outcome = "redelivered"
            log.warning("will be delivered again", queue=self._queue.name, reason=f"{type(error).__name__}: {error}")
            if not _was_requeued(message):  # waiting for what comes again by itself would hold up what has come
                await asyncio.sleep(PUBLISH_RETRY_SECONDS)
                with suppress(*CONNECTION_ERRORS):
                    await message.reject(requeue=True)
        metrics.messages.labels(self._queue.name, outcome).inc()

    async def _send(self, exchange: str, routing_key: str, copy: aio_pika.Message, original: Delivery) -> None:
        """Publish, waiting for a broker that takes nothing. Raises Unavailable in the end.

        Given back instead, the original would come again immediately, and soon be dead by its delivery limit. Where it
        was requeued, because its connection broke, it comes again in any case, and a copy would be one too many.
        """
        for number in range(PUBLISH_RETRIES):
            try:
                return await self._broker.send(exchange, routing_key, copy)
            except Unavailable as error:
                if _was_requeued(original):
                    raise
                if number == 0:
                    log.warning(
                        "not published yet", queue=self._queue.name, to=exchange or routing_key, reason=str(error)
                    )
            await asyncio.sleep(PUBLISH_RETRY_SECONDS)
        return await self._broker.send(exchange, routing_key, copy)

    async def _defer(self, message: Delivery, reason: str, after: timedelta | None, *, counted: bool) -> None:
        attempt = attempt_of(message)
        delay_exchange = topology.retry_exchange(topology.retry_delay(attempt, after))
        copy = copy_of(message, attempt + counted, reason)
        copy.headers[DEFERRALS] = count_of(message, DEFERRALS, 0) + (not counted)
        await self._send(delay_exchange, message.consumer_tag or self._queue.name, copy, message)

    async def _dead_letter(self, message: Delivery, event: Event | None, reason: str) -> None:
        """Keep the message as a dead letter, then report it: the dead letter is there when the report is read."""
        log.error("dead-lettered", queue=self._queue.name, reason=reason)
        await self._send("", self._queue.dead_letter_queue, dead_letter_of(message, reason, self._clock()), message)
        if event is not None:
            await self._dead_lettered(event, self._queue)


def _was_requeued(message: Delivery) -> bool:
    """Whether the broker has taken the message back, because the connection it came over broke."""
    try:
        _ = message.channel
    except ChannelInvalidStateError:
        return True
    return False
