"""What becomes of a message, whatever its handler says: nothing is acknowledged before its outcome is safe."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
import pytest
import structlog.testing
from aio_pika.exceptions import ChannelInvalidStateError, ChannelNotFoundEntity

from studio_chassis.errors import JobConflict, JobNotFound, Unavailable
from studio_chassis.messaging.cloudevents import ATTEMPT, DEFERRALS, LAST_ERROR, PROBE, to_message
from studio_chassis.messaging.consumer import IN_FLIGHT_SECONDS, Consumer, Handler
from studio_chassis.messaging.dispositions import Pause, Reject, Retry
from studio_chassis.messaging.protocols import Delivery, MessageBroker, WorkQueue
from studio_contracts.events import Event, JobCreated
from studio_contracts.topology import MAX_ATTEMPTS, STENCIL_JOB_CREATED, Queue

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

    async def publish(self, event: Event) -> None:
        raise NotImplementedError

    async def ready_count(self, queue: Queue) -> int:
        raise NotImplementedError

    async def dead_letter_count(self, queue: Queue) -> int:
        raise NotImplementedError

    def dead_letters(self, queue: Queue) -> Any:
        raise NotImplementedError

    # the queue
    async def consume(self, callback: Callable[[Delivery], Awaitable[None]], /) -> str:
        if self.consume_errors:
            raise self.consume_errors.pop()
        self.calls.append("consume")
        if self.during_consume is not None:
            await self.during_consume()
        self.callback = callback
        self.consuming.set()
        return "tag"

    async def cancel(self, tag: str, /) -> None:
        self.calls.append(f"cancel {tag}")
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
        self.headers: dict[str, Any] = {**message.headers, **headers} | ({} if attempt is None else {ATTEMPT: attempt})
        self.settled = asyncio.Event()

    async def ack(self) -> None:
        self._broker.calls.append("ack")
        self.settled.set()

    async def reject(self, requeue: bool = False) -> None:
        self._broker.calls.append(f"reject requeue={requeue}")
        self.settled.set()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.PUBLISH_RETRY_SECONDS", 0.0)


@pytest.fixture
def broker() -> RecordingBroker:
    return RecordingBroker()


def _consumer(broker: RecordingBroker, handler: Handler) -> Consumer:
    connection: MessageBroker = broker
    return Consumer(connection, QUEUE, handler, broker.dead_lettered)


def _raising(error: BaseException | None) -> Handler:
    async def handler(event: Event) -> None:
        if error is not None:
            raise error

    return handler


async def _deliver(broker: RecordingBroker, handler: Handler, delivery: Message | None = None) -> list[str]:
    """Hand over one message and tell what became of it."""
    delivery = delivery or Message(broker)
    consumer = _consumer(broker, handler)
    await consumer.start()
    broker.calls.clear()
    assert broker.callback is not None
    await broker.callback(delivery)
    await delivery.settled.wait()
    await consumer.drain(1)
    return broker.calls[: broker.calls.index("cancel tag")] if "cancel tag" in broker.calls else broker.calls


async def test_a_message_is_acknowledged_after_its_handler_is_done(broker: RecordingBroker) -> None:
    async def handler(event: Event) -> None:
        assert event == EVENT
        broker.calls.append("work")

    assert await _deliver(broker, handler) == ["work", "ack"]


OUTCOMES: dict[str, tuple[Exception, int, str, int]] = {
    "failure": (ValueError("boom"), 1, DELAY_1S, 2),
    "second failure": (ValueError("boom"), 2, DELAY_5S, 3),
    "counted retry": (Retry("later"), 2, DELAY_5S, 3),
    "counted retry not before": (Retry("later", after=timedelta(seconds=100)), 1, DELAY_120S, 2),
    "uncounted retry": (Retry("later", counted=False), 2, DELAY_5S, 2),
    "uncounted retry not before": (Retry("later", after=timedelta(seconds=3), counted=False), 1, DELAY_5S, 1),
    "uncounted retry after the last attempt": (Retry("later", counted=False), MAX_ATTEMPTS, "studio.retry.600000ms", 6),
    "outage": (Unavailable("database: away"), 1, DELAY_1S, 1),
    "time-out": (TimeoutError(), 1, DELAY_1S, 2),
}


@pytest.mark.parametrize(("error", "attempt", "delay", "next_attempt"), OUTCOMES.values(), ids=OUTCOMES)
async def test_what_can_be_retried_waits_in_the_broker_before_it_is_acknowledged(
    broker: RecordingBroker, error: Exception, attempt: int, delay: str, next_attempt: int
) -> None:
    calls = await _deliver(broker, _raising(error), Message(broker, attempt))
    assert calls == [f"send {delay} {QUEUE.name}", "ack"]
    copy = broker.copies[0]
    assert (copy.headers[ATTEMPT], copy.message_id, copy.body) == (next_attempt, EVENT.id, b"{}")
    assert str(error) in str(copy.headers[LAST_ERROR])
    assert copy.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_the_longer_an_outage_lasts_the_longer_a_message_waits_but_not_much(broker: RecordingBroker) -> None:
    """Each wait may leave a copy behind when its confirm is lost: at a steady pace they would multiply without end."""
    headers: dict[str, Any] = {}
    for delay in (DELAY_1S, DELAY_5S, DELAY_25S, DELAY_25S):
        assert await _deliver(broker, _raising(Unavailable("away")), Message(broker, 1, **headers)) == [
            f"send {delay} {QUEUE.name}",
            "ack",
        ]
        headers = {DEFERRALS: broker.copies[-1].headers[DEFERRALS]}


@pytest.mark.parametrize(
    ("error", "attempt"),
    [(Reject("no use"), 1), (JobNotFound("j"), 1), (Retry("later"), MAX_ATTEMPTS), (ValueError("boom"), MAX_ATTEMPTS)],
    ids=repr,
)
async def test_what_cannot_be_retried_becomes_a_dead_letter_before_its_job_fails(
    broker: RecordingBroker, error: Exception, attempt: int
) -> None:
    calls = await _deliver(broker, _raising(error), Message(broker, attempt))
    assert calls == [f"send directly {QUEUE.dead_letter_queue}", "report j in stencil.job-created", "ack"]
    headers = broker.copies[0].headers
    assert (headers[ATTEMPT], str(error) in str(headers[LAST_ERROR])) == (attempt, True)


async def test_an_unreadable_message_becomes_a_dead_letter_and_no_job_is_touched(broker: RecordingBroker) -> None:
    delivery = Message(broker, **{"ce-type": "studio.job.exploded.v1"})
    assert await _deliver(broker, _raising(None), delivery) == [f"send directly {QUEUE.dead_letter_queue}", "ack"]
    assert "unknown event type" in str(broker.copies[0].headers[LAST_ERROR])


HOSTILE_HEADERS: dict[str, dict[str, Any]] = {
    "a time before the calendar once it is in UTC": {"ce-time": "9999-12-31T23:59:59-23:59"},
    "a time at the calendar's beginning": {"ce-time": "0001-01-01T00:00:00+14:00"},
    "a time that is a table": {"ce-time": {"a": [1]}},
    "a number for a type": {"ce-type": 7},
    "bytes for a subject": {"ce-subject": b"\xff\xfe"},
    "a list for a trace": {"traceparent": [1, 2]},
    "no version": {"ce-specversion": None},
    "an endless version": {"ce-specversion": float("inf")},
}


@pytest.mark.parametrize("headers", HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS)
async def test_whatever_a_message_makes_its_reader_raise_it_becomes_a_dead_letter(
    broker: RecordingBroker, headers: dict[str, Any]
) -> None:
    assert await _deliver(broker, _raising(None), Message(broker, **headers)) == [
        f"send directly {QUEUE.dead_letter_queue}",
        "ack",
    ]
    assert str(broker.copies[0].headers[LAST_ERROR]).startswith("unreadable")


@pytest.mark.parametrize("body", [b"\xff", b"", b"[" * 100_000, b'{"a":1e999999}', b"null", b"1" * 10_000])
async def test_a_body_that_is_no_event_becomes_a_dead_letter(broker: RecordingBroker, body: bytes) -> None:
    message = Message(broker)
    message.body = body
    calls = await _deliver(broker, _raising(None), message)
    assert calls in ([f"send directly {QUEUE.dead_letter_queue}", "ack"], ["ack"])


class RustPanic(BaseException):
    """As a panic in a library written in Rust arrives in Python: past `except Exception`."""


@pytest.mark.parametrize("error", [RustPanic("panicked"), asyncio.CancelledError()], ids=repr)
async def test_what_escapes_a_handler_past_ordinary_errors_is_tried_again(
    broker: RecordingBroker, error: BaseException
) -> None:
    assert await _deliver(broker, _raising(error)) == [f"send {DELAY_1S} {QUEUE.name}", "ack"]


@pytest.mark.parametrize("error", [OverflowError(34), ZeroDivisionError(), MemoryError(), RecursionError()], ids=repr)
async def test_errors_of_arithmetic_and_memory_are_never_tried_again(broker: RecordingBroker, error: Exception) -> None:
    calls = await _deliver(broker, _raising(error))
    assert calls == [f"send directly {QUEUE.dead_letter_queue}", "report j in stencil.job-created", "ack"]
    assert type(error).__name__ in str(broker.copies[0].headers[LAST_ERROR])


async def test_a_probe_is_acknowledged_unread(broker: RecordingBroker) -> None:
    assert await _deliver(broker, _raising(ValueError("read")), Message(broker, **{PROBE: 1})) == ["ack"]


async def test_a_message_longer_in_flight_than_its_time_limit_shows(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        await go_on.wait()

    seconds = [1000.0]
    monkeypatch.setattr("studio_chassis.messaging.consumer.time.monotonic", lambda: seconds[0])
    consumer = _consumer(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await begun.wait()
    seconds[0] += IN_FLIGHT_SECONDS
    assert (consumer.oldest_in_flight_seconds, consumer.is_overdue) == (IN_FLIGHT_SECONDS, False)
    seconds[0] += 1
    assert consumer.is_overdue
    go_on.set()
    await consumer.drain(5)
    assert (consumer.oldest_in_flight_seconds, consumer.is_overdue) == (0.0, False)


async def test_the_first_failure_to_publish_is_logged_and_named(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.PUBLISH_RETRIES", 3)
    broker.publish_error = Unavailable("broker: no queue")
    with structlog.testing.capture_logs() as logs:
        await _deliver(broker, _raising(Retry("later")))
    waiting = [line for line in logs if line["event"] == "not published yet"]
    assert [(line["to"], line["reason"]) for line in waiting] == [("studio.retry.1000ms", "broker: no queue")]


@pytest.mark.parametrize("error", [Retry("later"), Reject("no use"), Unavailable("away")], ids=repr)
async def test_a_message_whose_copy_cannot_be_sent_goes_back_to_its_queue(
    broker: RecordingBroker, error: Exception
) -> None:
    broker.publish_error = Unavailable("broker: not connected")
    assert await _deliver(broker, _raising(error)) == ["reject requeue=True"]


@pytest.mark.parametrize("trouble", [Unavailable("away"), JobConflict("j"), ValueError("unreadable job")], ids=repr)
async def test_a_message_whose_dead_letter_cannot_be_reported_goes_back_to_its_queue(
    broker: RecordingBroker, trouble: Exception
) -> None:
    broker.report_error = trouble
    calls = await _deliver(broker, _raising(Reject("no use")))
    assert calls == [f"send directly {QUEUE.dead_letter_queue}", "reject requeue=True"]


@pytest.mark.parametrize("attempt", [0, -5, "many", True, None])
async def test_a_senseless_count_of_attempts_counts_as_the_first(broker: RecordingBroker, attempt: object) -> None:
    await _deliver(broker, _raising(Retry("later")), Message(broker, attempt))
    assert broker.copies[0].headers[ATTEMPT] == 2


async def test_headers_of_the_broker_do_not_pile_up_on_a_copy(broker: RecordingBroker) -> None:
    await _deliver(broker, _raising(Retry("x" * 5000)), Message(broker, **{"x-death": [{"count": 1}], "mine": "kept"}))
    headers = broker.copies[0].headers
    assert ("x-death" in headers, headers["mine"], len(str(headers[LAST_ERROR]))) == (False, "kept", 500)


async def test_a_pause_stops_consuming_and_puts_the_message_off_uncounted(broker: RecordingBroker) -> None:
    consumer = _consumer(broker, _raising(Pause("no credit")))
    await consumer.start()
    broker.calls.clear()
    delivery = Message(broker, 3)
    await consumer._on_message(delivery)
    await delivery.settled.wait()
    await broker.canceled.wait()
    assert sorted(broker.calls) == ["ack", "cancel tag", f"send {DELAY_25S} {QUEUE.name}"]
    assert broker.calls.index("ack") > broker.calls.index(f"send {DELAY_25S} {QUEUE.name}")
    assert broker.copies[0].headers[ATTEMPT] == 3
    assert (consumer.paused_because, consumer.is_consuming) == ("no credit", True)
    await consumer.drain(1)


async def test_a_paused_consumer_resumes_by_itself_once_the_broker_lets_it(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("studio_chassis.messaging.consumer.RECONNECT_SECONDS", 0.0)
    consumer = _consumer(broker, _raising(Pause("no credit")))
    await consumer.start()
    broker.consuming.clear()
    broker.consume_errors = [ChannelInvalidStateError(), ConnectionResetError()]
    delivery = Message(broker)
    await consumer._on_message(delivery)
    await asyncio.wait_for(broker.consuming.wait(), 5)
    await delivery.settled.wait()
    assert (consumer.paused_because, consumer.is_consuming, broker.consume_errors) == (None, True, [])
    await consumer.drain(1)


async def test_a_consumer_that_gets_nothing_registers_again_over_a_new_channel(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.WATCH_SECONDS", 0.0)
    consumer = _consumer(broker, _raising(None))
    await consumer.start()
    watching = asyncio.create_task(consumer.watch())
    await asyncio.wait_for(broker.closed.wait(), 5)
    assert broker.calls[:5] == [f"open {QUEUE.name}", "consume", f"open {QUEUE.name}", "consume", "cancel tag"]
    assert consumer.is_consuming
    watching.cancel()


async def test_a_consumer_with_a_message_in_flight_keeps_its_channel(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.WATCH_SECONDS", 0.0)
    go_on = asyncio.Event()

    async def handler(event: Event) -> None:
        await go_on.wait()

    consumer = _consumer(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    watching = asyncio.create_task(consumer.watch())
    for _ in range(20):
        await asyncio.sleep(0)
    assert broker.calls == [f"open {QUEUE.name}", "consume"]
    go_on.set()
    await asyncio.wait_for(broker.closed.wait(), 5)
    watching.cancel()


async def test_a_channel_closes_only_once_its_messages_are_settled(broker: RecordingBroker) -> None:
    go_on = asyncio.Event()

    async def handler(event: Event) -> None:
        await go_on.wait()

    consumer = _consumer(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await consumer._cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert broker.calls[-1] == "cancel tag"
    go_on.set()
    await asyncio.wait_for(broker.closed.wait(), 5)
    assert broker.calls[-2:] == ["ack", "close"]


async def test_a_registration_that_ends_after_a_pause_began_is_given_up(broker: RecordingBroker) -> None:
    consumer = _consumer(broker, _raising(None))
    await consumer.start()
    broker.during_consume = consumer._cancel
    await consumer._register()
    assert broker.calls.count("cancel tag") == 2
    assert not consumer.is_consuming


async def test_a_channel_that_refused_the_consumer_is_replaced(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.RECONNECT_SECONDS", 0.0)
    broker.consume_errors = [ChannelNotFoundEntity(404, "no queue")]
    consumer = _consumer(broker, _raising(None))
    await consumer.start()
    assert [call for call in broker.calls if call != "close"] == [f"open {QUEUE.name}", f"open {QUEUE.name}", "consume"]
    await asyncio.wait_for(broker.closed.wait(), 5)
    assert consumer.is_consuming


async def test_draining_takes_no_more_and_finishes_what_is_in_hand(broker: RecordingBroker) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        await go_on.wait()

    consumer = _consumer(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await begun.wait()
    draining = asyncio.create_task(consumer.drain(60))
    await broker.canceled.wait()
    assert not draining.done()
    go_on.set()
    await draining
    assert broker.calls[-2:] == ["cancel tag", "ack"]
    assert not consumer.is_consuming


async def test_what_is_not_done_within_the_grace_is_cancelled_and_not_acknowledged(broker: RecordingBroker) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    consumer = _consumer(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await begun.wait()
    await consumer.drain(0.001)
    assert cancelled.is_set()
    assert broker.calls[-1] == "cancel tag"


async def test_a_handler_without_end_is_stopped_and_tried_again(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.HANDLER_SECONDS", 0.001)

    async def handler(event: Event) -> None:
        await asyncio.Event().wait()

    assert await _deliver(broker, handler) == [f"send {DELAY_1S} {QUEUE.name}", "ack"]
    assert "TimeoutError" in str(broker.copies[0].headers[LAST_ERROR])
