"""Consuming one queue: register with the broker, stay registered, pause, drain."""

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress

import structlog

from studio_chassis.messaging.broker import RECONNECT_SECONDS
from studio_chassis.messaging.connection import CLOSE_SECONDS, CONNECTION_ERRORS, run_on_connection
from studio_chassis.messaging.dispositions import Pause
from studio_chassis.messaging.processing import (
    HANDLER_SECONDS,
    PAUSE_SECONDS,
    DeadLettered,
    Handler,
    MessageProcessor,
)
from studio_chassis.messaging.protocols import Delivery, MessageBroker, WorkQueue
from studio_chassis.observability import metrics
from studio_chassis.runtime.clock import Clock, utc_now
from studio_contracts.topology import Queue

REGISTER_SECONDS = 30
IN_FLIGHT_SECONDS = HANDLER_SECONDS + 60
"""A message that is longer in flight shows in health: its handler does not end, or its outcome cannot be published."""
WATCH_SECONDS = 30.0
"""After so long without a message the consumer registers again; a stopped consumer is found by nothing else."""
log = structlog.get_logger()


class Consumer:
    """Takes messages of one queue and has up to its prefetch processed at a time.

    Of a queue in partitions it is given at least one message of each, which may be more: the others wait here.
    """

    def __init__(
        self,
        broker: MessageBroker,
        queue: Queue,
        handler: Handler,
        dead_lettered: DeadLettered,
        clock: Clock = utc_now,
    ) -> None:
        self._broker = broker
        self.queue = queue
        self._processor = MessageProcessor(broker, queue, handler, dead_lettered, self._pause, clock)
        self._registration: WorkQueue | None = None
        self._capacity = asyncio.Semaphore(queue.prefetch)
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
    def deferred_because(self) -> str | None:
        """Why messages were put off within the last minute: a dependency that does not answer."""
        return self._processor.outage

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
            await run_on_connection(REGISTER_SECONDS, channel.consume(self._on_message))
        except CONNECTION_ERRORS:
            self._close_later(channel)
            raise
        previous, self._registration = self._registration, channel
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

    async def _leave(self, registration: WorkQueue) -> None:
        """Take no more over this channel; it closes once what came over it is settled."""
        with suppress(*CONNECTION_ERRORS):
            await run_on_connection(REGISTER_SECONDS, registration.cancel())
        self._close_later(registration)

    def _close_later(self, channel: WorkQueue) -> None:
        closing = asyncio.create_task(_close_after(frozenset(self._in_flight), channel))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _on_message(self, message: Delivery) -> None:
        # A task of our own: aio-pika cancels its callbacks when the connection drops, in the middle of a paid call.
        self._received += 1
        task = asyncio.create_task(self._process(message))
        self._in_flight[task] = time.monotonic()
        task.add_done_callback(self._left)

    async def _process(self, message: Delivery) -> None:
        async with self._capacity:
            await self._processor.process(message)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a message was left unsettled", queue=self.queue.name, reason=str(error), exc_info=error)

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
