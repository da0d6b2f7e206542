"""A message published again: to be retried, or kept as a dead letter with the reason."""

from datetime import datetime
from typing import Any

import aio_pika

from studio_chassis.messaging.cloudevents import ATTEMPT, DEAD_LETTERED_AT, LAST_ERROR
from studio_chassis.messaging.protocols import Delivery

MAX_REASON_CHARS = 500


def attempt_of(message: Delivery) -> int:
    """Which delivery to a handler this is, from 1; those that were no fault of the message do not count."""
    return count_of(message, ATTEMPT, 1)


def count_of(message: Delivery, header: str, least: int) -> int:
    """The number in a header; `least` when it is missing, smaller or no number."""
    counted = message.headers.get(header)
    return max(counted, least) if isinstance(counted, int) else least


def copy_of(message: Delivery, attempt: int, reason: str) -> aio_pika.Message:
    """The same message with its count of attempts and the last error, without the headers of the broker."""
    kept: dict[str, Any] = {key: value for key, value in message.headers.items() if not key.startswith("x-")}
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
        headers={**kept, ATTEMPT: attempt, LAST_ERROR: reason[:MAX_REASON_CHARS]},
    )


def dead_letter_of(message: Delivery, reason: str, now: datetime) -> aio_pika.Message:
    """The message as it is kept in the dead-letter queue."""
    dead_letter = copy_of(message, attempt_of(message), reason)
    dead_letter.headers[DEAD_LETTERED_AT] = now.isoformat()
    return dead_letter
