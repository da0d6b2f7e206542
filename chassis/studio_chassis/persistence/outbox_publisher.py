"""Publishing what is in the outboxes of jobs, and taking it out of them.

An event is taken out of its outbox once it is certainly published: by the commit of whoever handles it, or else by
its publisher, who waits a little for that and then clears what it has published of many jobs with one write.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from studio_chassis.errors import ChassisError
from studio_chassis.observability import metrics
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.store import JobStore, Outbox
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.clock import Clock
from studio_contracts.events import Event
from studio_domain.lifecycle import Transition

Publish = Callable[[Event], Awaitable[None]]
MAX_RELAY_FAILURES = 5
"""Outboxes that may fail more than others succeed before a round of the relay ends."""
MAX_PUBLISHING = 500
"""Beyond this many the last would outlast its time-out waiting for its turn: the relay has it later, at less cost."""
CLEAR_SECONDS = 2.0
"""For so long a publisher leaves events to those who take them. The relay waits longer: its settings ensure that."""
log = structlog.get_logger()


class OutboxPublisher:
    """Publishes events of committed changes. Failing loses nothing: what is in an outbox is left to the relay."""

    def __init__(self, store: JobStore, publish: Publish, clock: Clock) -> None:
        self._store = store
        self._publish = publish
        self._clock = clock
        self._publishing: set[asyncio.Task[None]] = set()
        self._published: defaultdict[str, list[str]] = defaultdict(list)
        self._clearing: asyncio.Task[None] | None = None

    async def publish(self, change: Transition) -> None:
        """Publish the events of a committed change, and clear them later."""
        if change.events and await self._publish_outbox(Outbox(change.job.id, change.events)):
            self._published[change.job.id] += _ids(change.events)
            if self._clearing is None or self._clearing.done():
                self._clearing = asyncio.create_task(self._clear_later())

    def publish_in_background(self, change: Transition) -> None:
        """Publish while the caller goes on."""
        if len(self._publishing) >= MAX_PUBLISHING:
            log.warning("left to the relay", job_id=change.job.id, reason="too much is being published")
            return
        task = asyncio.create_task(self.publish(change))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def flush(self) -> None:
        """Wait for the publishing that goes on in the background, and clear what is published."""
        await asyncio.gather(*self._publishing)
        await self._clear_published()

    async def relay(self, older_than: timedelta, limit: int, ids: IdRange = EVERY_ID) -> int:
        """Publish what was committed of these jobs and not published; returns how many events.

        An outbox that cannot be published does not hold up the others, but a broker that takes nothing ends the round.
        """
        published, failed = 0, -MAX_RELAY_FAILURES
        for outbox in await self._store.unpublished(self._clock() - older_than, limit, ids):
            if await self._publish_outbox(outbox) and await self._clear({outbox.job_id: _ids(outbox.events)}):
                published += len(outbox.events)
            else:
                failed += 1
            if failed > published:
                break
        metrics.relayed.inc(published)
        return published

    async def _publish_outbox(self, outbox: Outbox) -> bool:
        try:
            await asyncio.gather(*(self._publish(event) for event in outbox.events))
        except ChassisError as error:
            log.warning("left to the relay", job_id=outbox.job_id, reason=str(error))
            return False
        except Exception as error:  # an event that cannot even be put into a message is alone in that
            log.error("event cannot be published", job_id=outbox.job_id, reason=str(error), exc_info=error)
            return False
        failpoints.reached("after-publish")
        return True

    async def _clear_later(self) -> None:
        while self._published:  # also what is published while the database clears
            await asyncio.sleep(CLEAR_SECONDS)
            await self._clear_published()

    async def _clear_published(self) -> None:
        published, self._published = self._published, defaultdict(list)
        if published:
            await self._clear(published)

    async def _clear(self, published: Mapping[str, Sequence[str]]) -> bool:
        try:
            await self._store.clear_outboxes(published)
        except ChassisError as error:
            log.warning("left to the relay", jobs=len(published), reason=str(error))
            return False
        return True


def _ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]
