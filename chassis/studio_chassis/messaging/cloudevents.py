"""CloudEvents 1.0 in binary mode over AMQP 0-9-1: attributes as `ce-` headers, data as the body.

The binding is the RabbitMQ one of Knative that the CloudEvents Python SDK implements.
"""

import json
from collections.abc import Mapping
from typing import Any

import aio_pika
from pydantic import ValidationError

from studio_contracts.events import Event, EventError

BUILD = "ce-studiobuild"
"""Extension attribute: the build of the service that published the event."""
ATTEMPT = "studio-attempt"
DEFERRALS = "studio-waits"
"""How often the message was deferred for a reason that is not its own."""
LAST_ERROR = "studio-last-error"
DEAD_LETTERED_AT = "studio-died-at"
UNREADABLE = "unreadable"
"""How the last error of an unreadable message begins, whose job did not fail because of it."""
PROBE = "studio-probe"
"""On a message of `studio doctor` that asks whether it is routed: no event, and acknowledged unread."""
MAX_BODY_BYTES = 4_500_000
"""An event repeats at most one answer of the provider, of 4 MiB; anything larger is none of ours."""


def to_message(event: Event, build: str = "unknown") -> aio_pika.Message:
    """The persistent AMQP message of an event, published by that build of a service."""
    return aio_pika.Message(
        json.dumps(event.data, separators=(",", ":")).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=event.id,
        correlation_id=event.subject,
        type=event.type,
        headers={
            "ce-specversion": "1.0",
            "ce-id": event.id,
            "ce-type": event.type,
            "ce-source": event.source,
            "ce-subject": event.subject,
            "ce-time": event.time.isoformat(),
            "traceparent": event.traceparent,
            BUILD: build,
        },
    )


def from_message(headers: Mapping[str, Any], body: bytes) -> Event:
    """The event in a message. Raises EventError, also when its type or version is not ours."""
    if headers.get("ce-specversion") != "1.0":
        raise EventError(f"not a CloudEvent 1.0: ce-specversion is {headers.get('ce-specversion')!r}")
    if len(body) > MAX_BODY_BYTES:
        raise EventError(f"the body of {len(body)} bytes is larger than {MAX_BODY_BYTES}")
    try:
        data = json.loads(body)
        event = Event.model_validate(
            {
                "id": headers.get("ce-id"),
                "type": headers.get("ce-type"),
                "source": headers.get("ce-source"),
                "subject": headers.get("ce-subject"),
                "time": headers.get("ce-time"),
                "traceparent": headers.get("traceparent", ""),
                "data": data,
            }
        )
    except ValidationError as error:
        fields = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise EventError(f"unreadable attributes: {fields}") from error
    except (ValueError, RecursionError) as error:
        raise EventError(f"the body is not JSON: {error}") from error
    except Exception as error:
        raise EventError(f"unreadable: {type(error).__name__}: {error}") from error
    _ = event.payload
    return event
