"""Messages the broker itself dead-lettered, because their consumers died of them: their jobs have to hear of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from studio_chassis.errors import ChassisError, Unavailable
from studio_chassis.messaging.cloudevents import DEAD_LETTERED_AT, UNREADABLE, from_message
from studio_chassis.messaging.copies import dead_letter_of
from studio_chassis.messaging.protocols import Delivery, MessageBroker
from studio_chassis.observability import metrics
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.clock import Clock
from studio_contracts.events import EventError
from studio_contracts.topology import QUEUES, Queue

LOOK_AGAIN = timedelta(minutes=5)
"""Also when the number of dead letters is still the same: one may have left as another came."""
log = structlog.get_logger()


@dataclass
class UndeliveredMessages:
    """Looks through the dead-letter queues whose number of messages changed.

    A message found there gets the headers of an ordinary dead letter once its job has failed: it is handled once.
    """

    broker: MessageBroker
    jobs: JobService
    now: Clock
    _seen: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    async def report(self) -> None:
        """One round over all queues. Neither a missing queue nor a message that makes trouble stops the others."""
        for queue in QUEUES:
            try:
                await self._look_into(queue)
            except Unavailable as error:
                log.warning("dead letters cannot be read", queue=queue.dead_letter_queue, reason=str(error))

    async def _look_into(self, queue: Queue) -> None:
        count, now = await self.broker.dead_letter_count(queue), self.now()
        known, at = self._seen.get(queue.name, (0, now))
        if count == known and now - at < LOOK_AGAIN:
            return
        async with self.broker.dead_letters(queue) as dead_letters:
            for _ in range(count):
                message = await dead_letters.next()
                if message is None:
                    break
                if DEAD_LETTERED_AT not in message.headers:
                    await self._report(queue, message)
        self._seen[queue.name] = count, now

    async def _report(self, queue: Queue, message: Delivery) -> None:
        reason = f"the broker gave up: {_why(message)}"
        try:
            event = from_message(message.headers, message.body)
        except EventError as error:
            event, reason = None, f"{UNREADABLE}: {error}"
        try:
            if event is not None:
                await self.jobs.undeliverable(event, queue)
            dead_letter = dead_letter_of(message, reason, self.now())
            await self.broker.send("", queue.dead_letter_queue, dead_letter)
            await message.ack()
        except ChassisError as error:
            log.warning("skipped this round", message_id=message.message_id, reason=str(error))
        except Exception as error:
            log.error("cannot be reported", message_id=message.message_id, reason=str(error), exc_info=error)
        else:
            metrics.messages.labels(queue.name, "dead").inc()
            log.error("dead-lettered by the broker", queue=queue.name, message_id=message.message_id, reason=reason)


def _why(message: Delivery) -> str:
    """Why the broker dead-lettered it: delivery_limit, expired, maxlen or rejected."""
    return str(message.headers.get("x-first-death-reason", "unknown"))
