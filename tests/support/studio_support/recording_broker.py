"""A broker that writes down what a consumer asks of it, and messages to hand to the consumer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aio_pika
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.messaging.cloudevents import ATTEMPT, to_message
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.processing import Handler
from studio_chassis.messaging.protocols import Delivery, MessageBroker, WorkQueue
from studio_contracts.events import Event, JobCreated
from studio_contracts.topology import STENCIL_JOB_CREATED, Queue

QUEUE = STENCIL_JOB_CREATED
EVENT = Event(
    id="j:job.created.v1",
    type=JobCreated.type,
    source="/studio/test",
    subject="j",
    time=datetime(2026, 11, 22, tzinfo=UTC),
    traceparent="",
    data={},
)
DELAY_1S, DELAY_5S, DELAY_25S, DELAY_120S = (f"studio.retry.{ms}ms" for ms in (1000, 5000, 25000, 120000))


class RecordingBroker:
    """A broker and its one queue: writes down in order what the consumer asks of them, and what it reports."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.copies: list[aio_pika.Message] = []
        self.publish_error: Exception | None = None
        self.report_error: Exception | None = None
        self.consume_errors: list[Exception] = []
        self.callback: Callable[[Delivery], Awaitable[None]] | None = None
        self.during_consume: Callable[[], Awaitable[None]] | None = None
        self.is_connected = True
        self.ready = asyncio.Event()
        self.consuming, self.canceled, self.closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    # the broker
    async def open_queue(self, queue: Queue) -> WorkQueue:
        self.calls.append(f"open {queue.name}")
        return self

    async def send(self, exchange: str, routing_key: str, message: aio_pika.Message, *, mandatory: bool = True) -> None:
        if self.publish_error is not None:
            raise self.publish_error
        self.calls.append(f"send {exchange or 'directly'} {routing_key}")
        self.copies.append(message)

    # A consumer asks a broker for none of these: a test in which one does must fail.
    async def check(self) -> None:
        """It is connected."""

    async def publish(self, event: Event) -> None:
        raise AssertionError("a consumer publishes no events")

    async def ready_count(self, queue: Queue) -> int:
        raise AssertionError("a consumer counts and reads no dead letters")

    async def dead_letter_count(self, queue: Queue) -> int:
        raise AssertionError("a consumer counts and reads no dead letters")

    def dead_letters(self, queue: Queue) -> Any:
        raise AssertionError("a consumer counts and reads no dead letters")

    # the queue
    async def consume(self, callback: Callable[[Delivery], Awaitable[None]], /) -> None:
        if self.consume_errors:
            raise self.consume_errors.pop()
        self.calls.append("consume")
        if self.during_consume is not None:
            await self.during_consume()
        self.callback = callback
        self.consuming.set()

    async def cancel(self) -> None:
        self.calls.append("cancel")
        self.consuming.clear()
        self.canceled.set()

    async def close(self) -> None:
        self.calls.append("close")
        self.closed.set()

    # the receiver of dead letters
    async def dead_lettered(self, event: Event, queue: Queue) -> None:
        if self.report_error is not None:
            raise self.report_error
        self.calls.append(f"report {event.subject} in {queue.name}")


class Message:
    """A message given to the consumer."""

    def __init__(self, broker: RecordingBroker, attempt: object = None, **headers: Any) -> None:
        message = to_message(EVENT)
        self._broker = broker
        self.body, self.content_type, self.type = message.body, message.content_type, message.type
        self.message_id, self.correlation_id = message.message_id, message.correlation_id
        self.consumer_tag = QUEUE.name
        self.headers: dict[str, Any] = {**message.headers, **headers} | ({} if attempt is None else {ATTEMPT: attempt})
        self.settled = asyncio.Event()
        self.was_requeued = False

    @property
    def channel(self) -> object:
        if self.was_requeued:
            raise ChannelInvalidStateError
        return self._broker

    async def ack(self) -> None:
        _ = self.channel
        self._broker.calls.append("ack")
        self.settled.set()

    async def reject(self, requeue: bool = False) -> None:
        self._broker.calls.append(f"reject requeue={requeue}")
        self.settled.set()


def consumer_of(broker: RecordingBroker, handler: Handler) -> Consumer:
    connection: MessageBroker = broker
    return Consumer(connection, QUEUE, handler, broker.dead_lettered)


def raising(error: BaseException | None) -> Handler:
    async def handler(event: Event) -> None:
        if error is not None:
            raise error

    return handler


async def deliver(broker: RecordingBroker, handler: Handler, delivery: Message | None = None) -> list[str]:
    """Deliver one message and return what became of it."""
    delivery = delivery or Message(broker)
    consumer = consumer_of(broker, handler)
    await consumer.start()
    broker.calls.clear()
    assert broker.callback is not None
    await broker.callback(delivery)
    await delivery.settled.wait()
    await consumer.drain(1)
    return broker.calls[: broker.calls.index("cancel")] if "cancel" in broker.calls else broker.calls
