"""Messages of any headers and body: each is an event, or is refused as unreadable."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from studio_chassis.messaging.cloudevents import from_message
from studio_contracts.events import PAYLOADS, Event, EventError, Payload
from tests.border.fuzz.bounds import JSON, TEXT, bent, fuzz, within_bounds

HEADERS: dict[str, Any] = {
    "ce-specversion": "1.0",
    "ce-id": "j:prediction.requested.v1:0.1",
    "ce-type": "studio.prediction.requested.v1",
    "ce-source": "/studio/predictor",
    "ce-subject": "j",
    "ce-time": "2026-11-22T10:00:00+00:00",
    "traceparent": "00-1",
}
SEEDS = (
    b"{}",
    b'{"slot": 0, "attempt": 1}',
    json.dumps(
        {"slot": 0, "attempt": 1, "prediction": {"id": "p", "status": "succeeded", "output": ["https://x"]}}
    ).encode(),
    b'{"code": "set_aside", "replayable": true}',
)
TIMES = st.sampled_from(
    (
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2026-02-30T00:00:00Z",
        "1e400",
        "-1",
        "253402300800",
        1e308,
        float("nan"),
        2**70,
        datetime(2026, 1, 1),  # noqa: DTZ001 - AMQP's timestamps arrive without a zone
        datetime(9999, 12, 31, tzinfo=UTC),
    )
)
VALUES = (
    JSON | TIMES | st.binary(max_size=40) | st.decimals() | st.just(Decimal("NaN")) | st.lists(st.binary(max_size=4))
)


@st.composite
def headers(draw: st.DrawFn) -> dict[str, Any]:
    """Good headers, some of them replaced, missing or added."""
    found = HEADERS | {"ce-type": draw(st.sampled_from(tuple(PAYLOADS)))}
    for name in draw(st.lists(st.sampled_from(tuple(HEADERS)), max_size=3)):
        found[name] = draw(VALUES)
    if draw(st.booleans()):
        found["ce-time"] = draw(TIMES)
    for name in draw(st.lists(st.sampled_from(tuple(HEADERS)), max_size=1)):
        found.pop(name, None)
    return found | draw(st.dictionaries(TEXT, VALUES, max_size=2))


@fuzz(headers(), bent(SEEDS) | st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_message_is_an_event_or_unreadable(found: dict[str, Any], body: bytes) -> None:
    with within_bounds():
        try:
            event = from_message(found, body)
        except EventError as error:
            assert str(error)
            return
    assert isinstance(event, Event)
    assert isinstance(event.payload, Payload)
    assert Event.model_validate(event.model_dump()) == event
