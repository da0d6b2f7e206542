"""What becomes of a message for each result of its handler: it is acknowledged only after its outcome is safe."""

import asyncio
from datetime import timedelta
from typing import Any

import aio_pika
import pytest
import structlog.testing

from studio_chassis.errors import JobConflict, JobNotFound, Unavailable
from studio_chassis.messaging.cloudevents import ATTEMPT, DEFERRALS, LAST_ERROR, PROBE
from studio_chassis.messaging.dispositions import Reject, Retry
from studio_contracts.events import Event
from studio_contracts.topology import MAX_ATTEMPTS
from studio_support.recording_broker import (
    DELAY_1S,
    DELAY_5S,
    DELAY_25S,
    DELAY_120S,
    EVENT,
    QUEUE,
    Message,
    RecordingBroker,
    consumer_of,
    deliver,
    raising,
)


async def test_a_message_is_acknowledged_after_its_handler_is_done(broker: RecordingBroker) -> None:
    async def handler(event: Event) -> None:
        assert event == EVENT
        broker.calls.append("work")

    assert await deliver(broker, handler) == ["work", "ack"]


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
    calls = await deliver(broker, raising(error), Message(broker, attempt))
    assert calls == [f"send {delay} {QUEUE.name}", "ack"]
    copy = broker.copies[0]
    assert (copy.headers[ATTEMPT], copy.message_id, copy.body) == (next_attempt, EVENT.id, b"{}")
    assert str(error) in str(copy.headers[LAST_ERROR])
    assert copy.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_a_retry_returns_to_the_partition_it_came_from(broker: RecordingBroker) -> None:
    delivery = Message(broker)
    delivery.consumer_tag = f"{QUEUE.name}.2"
    assert await deliver(broker, raising(ValueError("boom")), delivery) == [f"send {DELAY_1S} {QUEUE.name}.2", "ack"]


async def test_the_longer_an_outage_lasts_the_longer_a_message_waits_but_not_much(broker: RecordingBroker) -> None:
    """Each wait may leave a copy behind when its confirm is lost: at a steady pace they would multiply without end."""
    headers: dict[str, Any] = {}
    for delay in (DELAY_1S, DELAY_5S, DELAY_25S, DELAY_25S):
        assert await deliver(broker, raising(Unavailable("away")), Message(broker, 1, **headers)) == [
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
    calls = await deliver(broker, raising(error), Message(broker, attempt))
    assert calls == [f"send directly {QUEUE.dead_letter_queue}", "report j in stencil.job-created", "ack"]
    headers = broker.copies[0].headers
    assert (headers[ATTEMPT], str(error) in str(headers[LAST_ERROR])) == (attempt, True)


async def test_an_unreadable_message_becomes_a_dead_letter_and_no_job_is_touched(broker: RecordingBroker) -> None:
    delivery = Message(broker, **{"ce-type": "studio.job.exploded.v1"})
    assert await deliver(broker, raising(None), delivery) == [f"send directly {QUEUE.dead_letter_queue}", "ack"]
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
    assert await deliver(broker, raising(None), Message(broker, **headers)) == [
        f"send directly {QUEUE.dead_letter_queue}",
        "ack",
    ]
    assert str(broker.copies[0].headers[LAST_ERROR]).startswith("unreadable")


@pytest.mark.parametrize("body", [b"\xff", b"", b"[" * 100_000, b'{"a":1e999999}', b"null", b"1" * 10_000])
async def test_a_body_that_is_no_event_becomes_a_dead_letter(broker: RecordingBroker, body: bytes) -> None:
    message = Message(broker)
    message.body = body
    calls = await deliver(broker, raising(None), message)
    assert calls in ([f"send directly {QUEUE.dead_letter_queue}", "ack"], ["ack"])


class RustPanic(BaseException):
    """As a panic in a library written in Rust arrives in Python: past `except Exception`."""


@pytest.mark.parametrize("error", [RustPanic("panicked"), asyncio.CancelledError()], ids=repr)
async def test_what_escapes_a_handler_past_ordinary_errors_is_tried_again(
    broker: RecordingBroker, error: BaseException
) -> None:
    assert await deliver(broker, raising(error)) == [f"send {DELAY_1S} {QUEUE.name}", "ack"]


@pytest.mark.parametrize("error", [OverflowError(34), ZeroDivisionError(), MemoryError(), RecursionError()], ids=repr)
async def test_errors_of_arithmetic_and_memory_are_never_tried_again(broker: RecordingBroker, error: Exception) -> None:
    calls = await deliver(broker, raising(error))
    assert calls == [f"send directly {QUEUE.dead_letter_queue}", "report j in stencil.job-created", "ack"]
    assert type(error).__name__ in str(broker.copies[0].headers[LAST_ERROR])


async def test_a_probe_is_acknowledged_unread(broker: RecordingBroker) -> None:
    assert await deliver(broker, raising(ValueError("read")), Message(broker, **{PROBE: 1})) == ["ack"]


async def test_the_first_failure_to_publish_is_logged_with_its_reason(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.processing.PUBLISH_RETRIES", 3)
    broker.publish_error = Unavailable("broker: no queue")
    with structlog.testing.capture_logs() as logs:
        await deliver(broker, raising(Retry("later")))
    waiting = [line for line in logs if line["event"] == "not published yet"]
    assert [(line["to"], line["reason"]) for line in waiting] == [("studio.retry.1000ms", "broker: no queue")]


@pytest.mark.parametrize("error", [Retry("later"), Reject("no use"), Unavailable("away")], ids=repr)
async def test_a_message_whose_copy_cannot_be_sent_goes_back_to_its_queue(
    broker: RecordingBroker, error: Exception
) -> None:
    broker.publish_error = Unavailable("broker: not connected")
    assert await deliver(broker, raising(error)) == ["reject requeue=True"]


@pytest.mark.parametrize("error", [Retry("later"), Reject("no use"), Unavailable("away")], ids=repr)
async def test_no_copy_is_sent_of_a_message_that_was_lost_while_the_broker_was_away(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.processing.PUBLISH_RETRY_SECONDS", 3600.0)
    delivery = Message(broker)

    async def handler(_: Event) -> None:
        delivery.was_requeued = True
        broker.publish_error = Unavailable("broker: not connected")
        raise error

    consumer = consumer_of(broker, handler)
    await consumer.start()
    broker.calls.clear()
    await consumer._on_message(delivery)
    async with asyncio.timeout(60):
        await consumer.drain(60)
    assert not {"ack", "reject requeue=True"} & set(broker.calls)
    assert broker.copies == []


@pytest.mark.parametrize("trouble", [Unavailable("away"), JobConflict("j"), ValueError("unreadable job")], ids=repr)
async def test_a_message_whose_dead_letter_cannot_be_reported_goes_back_to_its_queue(
    broker: RecordingBroker, trouble: Exception
) -> None:
    broker.report_error = trouble
    calls = await deliver(broker, raising(Reject("no use")))
    assert calls == [f"send directly {QUEUE.dead_letter_queue}", "reject requeue=True"]


@pytest.mark.parametrize("attempt", [0, -5, "many", True, None])
async def test_a_senseless_count_of_attempts_counts_as_the_first(broker: RecordingBroker, attempt: object) -> None:
    await deliver(broker, raising(Retry("later")), Message(broker, attempt))
    assert broker.copies[0].headers[ATTEMPT] == 2


async def test_headers_of_the_broker_do_not_pile_up_on_a_copy(broker: RecordingBroker) -> None:
    await deliver(broker, raising(Retry("x" * 5000)), Message(broker, **{"x-death": [{"count": 1}], "mine": "kept"}))
    headers = broker.copies[0].headers
    assert ("x-death" in headers, headers["mine"], len(str(headers[LAST_ERROR]))) == (False, "kept", 500)


async def test_a_handler_without_end_is_stopped_and_tried_again(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.processing.HANDLER_SECONDS", 0.001)

    async def handler(event: Event) -> None:
        await asyncio.Event().wait()

    assert await deliver(broker, handler) == [f"send {DELAY_1S} {QUEUE.name}", "ack"]
    assert "TimeoutError" in str(broker.copies[0].headers[LAST_ERROR])
