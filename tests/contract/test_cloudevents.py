"""Events on the wire are CloudEvents 1.0 by the official SDK's RabbitMQ binding; anything else is refused."""

import json
from typing import Any

import aio_pika
import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from studio_chassis.messaging.cloudevents import from_message, to_message
from studio_contracts.events import (
    PAYLOADS,
    EventError,
    JobCreated,
    Payload,
    PredictionRequested,
)
from studio_support.event_examples import AT, EXAMPLES, example_event

examples = pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: payload.type)


@examples
def test_an_event_survives_the_wire(payload: Payload) -> None:
    event = example_event(payload)
    message = to_message(event)
    assert from_message(message.headers, message.body) == event
    assert event.payload == payload


@examples
def test_the_official_sdk_reads_what_we_send(payload: Payload) -> None:
    event = example_event(payload)
    message = to_message(event)
    headers = {name: str(value) for name, value in message.headers.items()}
    read = from_binary(RabbitMQMessage(headers, message.content_type, message.body), JSONFormat(), CloudEvent)
    assert (read.get_id(), read.get_type(), read.get_source(), read.get_subject(), read.get_time()) == (
        event.id,
        event.type,
        event.source,
        event.subject,
        event.time,
    )
    assert (read.get_specversion(), read.get_data()) == ("1.0", event.data)


@examples
def test_we_read_what_the_official_sdk_sends(payload: Payload) -> None:
    event = example_event(payload)
    attributes = {"id": event.id, "type": event.type, "source": event.source, "subject": event.subject, "time": AT}
    attributes |= {"specversion": "1.0", "datacontenttype": "application/json"}
    sent = to_binary(CloudEvent(attributes, event.data), JSONFormat())
    assert from_message({**sent.headers, "traceparent": event.traceparent}, sent.body) == event


def test_there_is_an_example_of_every_type() -> None:
    assert {payload.type for payload in EXAMPLES} == set(PAYLOADS)


def test_a_message_outlives_the_broker_and_has_an_id_of_its_own() -> None:
    message = to_message(example_event(JobCreated()))
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert (message.message_id, message.correlation_id) == ("j:studio.job.created.v1", "j")


def test_fields_a_later_producer_adds_are_ignored() -> None:
    message = to_message(example_event(PredictionRequested(slot=1, attempt=2)))
    body = json.dumps({**json.loads(message.body), "colour": "blue"}).encode()
    headers = {**message.headers, "ce-dataschema": "https://x", "x-death": [{"count": 1}]}
    assert from_message(headers, body).payload == PredictionRequested(slot=1, attempt=2)


POISON: dict[str, tuple[dict[str, Any], bytes | None, str]] = {
    "body is not JSON": ({}, b"{", "not JSON"),
    "body is empty": ({}, b"", "not JSON"),
    "body is not UTF-8": ({}, b"\xff\xfe{", "not JSON"),
    "body is nested beyond reason": ({}, b"[" * 100_000, "not JSON"),
    "data is a list": ({}, b"[1]", "data"),
    "data lacks a field": ({}, b'{"slot": 1}', "attempt"),
    "data has another type": ({}, b'{"slot": "first", "attempt": 1}', "slot"),
    "no id": ({"ce-id": None}, None, "id"),
    "no source": ({"ce-source": None}, None, "source"),
    "no subject": ({"ce-subject": None}, None, "subject"),
    "no time": ({"ce-time": None}, None, "time"),
    "time without a zone": ({"ce-time": "2026-11-22T10:00:00"}, None, "time"),
    "time is no time": ({"ce-time": "yesterday"}, None, "time"),
    "id is a number": ({"ce-id": 7}, None, "id"),
    "trace is a table": ({"traceparent": {"a": 1}}, None, "traceparent"),
    "no type": ({"ce-type": None}, None, "type"),
    "unknown type": ({"ce-type": "studio.job.exploded.v1"}, None, "unknown event type"),
    "unknown version": ({"ce-type": "studio.prediction.requested.v2"}, None, "unknown event type"),
    "no specversion": ({"ce-specversion": None}, None, "specversion"),
    "wrong specversion": ({"ce-specversion": "0.3"}, None, "specversion"),
}


@pytest.mark.parametrize(("changed", "body", "reason"), POISON.values(), ids=POISON)
def test_what_is_not_our_event_is_refused_with_its_reason(
    changed: dict[str, Any], body: bytes | None, reason: str
) -> None:
    message = to_message(example_event(PredictionRequested(slot=1, attempt=2)))
    headers = {name: value for name, value in {**message.headers, **changed}.items() if value is not None}
    with pytest.raises(EventError, match=reason):
        from_message(headers, message.body if body is None else body)


def test_a_message_without_any_header_is_refused() -> None:
    with pytest.raises(EventError):
        from_message({}, b"{}")
