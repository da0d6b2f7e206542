"""Dead letters: reading them without taking them, and choosing among them."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from studio_chassis.messaging.cloudevents import ATTEMPT, DEAD_LETTERED_AT, LAST_ERROR, UNREADABLE, from_message
from studio_contracts.events import Event, EventError
from studio_contracts.topology import QUEUES, Queue


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter. `event` is None when the message cannot be read, which no replay can repair."""

    queue: Queue
    event: Event | None
    reason: str
    attempts: int
    died_at: datetime | None
    headers: dict[str, Any]
    body: bytes
    message: AbstractIncomingMessage

    @property
    def id(self) -> str:
        """Id of the event, as far as the message says it."""
        return str(self.headers.get("ce-id") or self.message.message_id or "unknown")

    @property
    def job_id(self) -> str | None:
        """The job it belongs to."""
        return None if self.event is None else self.event.subject

    @property
    def came_too_early(self) -> bool:
        """Whether the consumer could not read it then and we can now, as after an upgrade: its job waits for it."""
        return self.event is not None and self.reason.startswith(UNREADABLE)


@dataclass(frozen=True)
class DeadLetterFilter:
    """Which dead letters a command takes; a field that is None admits all."""

    queue: str | None = None
    error: str | None = None
    job_id: str | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    def matches(self, dead_letter: DeadLetter, now: datetime) -> bool:
        """Whether the filter selects the dead letter. One of unknown age is neither older nor newer than anything."""
        age = None if dead_letter.died_at is None else now - dead_letter.died_at
        return (
            (self.queue is None or self.queue in (dead_letter.queue.name, dead_letter.queue.dead_letter_queue))
            and (self.error is None or self.error.lower() in dead_letter.reason.lower())
            and (self.job_id is None or self.job_id == dead_letter.job_id)
            and (self.older_than is None or (age is not None and age > self.older_than))
            and (self.newer_than is None or (age is not None and age < self.newer_than))
        )


async def read_dead_letters(channel: AbstractChannel, queues: Iterable[Queue] = QUEUES) -> AsyncIterator[DeadLetter]:
    """Every dead letter that lies there now, oldest first in each queue. Unless acknowledged they stay there."""
    for queue in queues:
        source = await channel.get_queue(queue.dead_letter_queue)
        for _ in range(source.declaration_result.message_count or 0):
            message = await source.get(fail=False)
            if message is None:
                break
            yield _letter(queue, message)


def _letter(queue: Queue, message: AbstractIncomingMessage) -> DeadLetter:
    headers: dict[str, Any] = dict(message.headers)
    by_broker: dict[str, Any] = next(iter(headers.get("x-death") or [{}]))
    try:
        event = from_message(headers, message.body)
    except EventError:
        event = None
    died_at = headers.get(DEAD_LETTERED_AT)
    return DeadLetter(
        queue=queue,
        event=event,
        reason=str(headers.get(LAST_ERROR) or f"set aside by the broker: {by_broker.get('reason', 'unknown')}"),
        attempts=int(headers.get(ATTEMPT, 1)),
        died_at=by_broker.get("time") if died_at is None else datetime.fromisoformat(died_at),
        headers=headers,
        body=message.body,
        message=message,
    )
