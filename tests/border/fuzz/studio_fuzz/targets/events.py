"""Messages of any headers and body: each is an event, or is refused as unreadable."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from studio_chassis.messaging.cloudevents import from_message
from studio_contracts.events import PAYLOADS, Event, EventError, Payload
from studio_fuzz.mutation import corpus, document, text, value
from studio_fuzz.target import Target

HEADERS: dict[str, Any] = {
    "ce-specversion": "1.0",
    "ce-id": "j:prediction.requested.v1:0.1",
    "ce-type": "studio.prediction.requested.v1",
    "ce-source": "/studio/predictor",
    "ce-subject": "j",
    "ce-time": "2026-11-22T10:00:00+00:00",
    "traceparent": "00-1",
}
NAMES = tuple(HEADERS)
TYPES = tuple(PAYLOADS)
TIMES: tuple[Any, ...] = (
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "1e400", "-1", "253402300800",
    1e308, float("nan"), 2**70,
    datetime(2026, 1, 1),  # noqa: DTZ001 - AMQP's timestamps arrive without a zone
    datetime(9999, 12, 31, tzinfo=UTC),
)  # fmt: skip
AMQP: tuple[Any, ...] = (b"", b"\xff\xfe", Decimal("NaN"), Decimal("1e999"), [b"\x00"], *TIMES)
BODIES = corpus("events")


def _message(random: Random) -> tuple[dict[str, Any], bytes]:
    """Good headers, some of them replaced, missing or added."""
    found = HEADERS | {"ce-type": random.choice(TYPES)}
    for name in random.sample(NAMES, random.choice((0, 0, 1, 2))):
        found[name] = random.choice(AMQP) if random.random() < 0.5 else value(random)
    if random.random() < 0.2:
        found["ce-time"] = random.choice(TIMES)
    if random.random() < 0.1:
        del found[random.choice(NAMES)]
    if random.random() < 0.2:
        found[text(random)] = value(random)
    return found, document(random, BODIES)


def _check(message: tuple[dict[str, Any], bytes]) -> None:
    try:
        event = from_message(*message)
    except EventError as error:
        assert str(error)
        return
    assert isinstance(event.payload, Payload)
    assert Event.model_validate(event.model_dump()) == event


TARGETS = (Target("events", 250, _message, _check),)
