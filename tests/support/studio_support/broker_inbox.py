"""Messages to send through a broker, real or simulated, and a consumer that keeps what it gets."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from studio_chassis.messaging.broker import Broker
from studio_chassis.testing.broker import SimulatedBroker
from studio_contracts import topology
from studio_contracts.events import Event, JobCreated

QUEUE = topology.STENCIL_JOB_CREATED
AnyBroker = Broker | SimulatedBroker
Connect = Callable[[], Awaitable[AnyBroker]]


def numbered_event(number: int = 1, type_: str = JobCreated.type) -> Event:
    """An event of that id, about the job of that number."""
    return Event(
        id=f"{number}",
        type=type_,
        source="/studio/test",
        subject=f"job-{number}",
        time=datetime(2026, 3, 1, tzinfo=UTC),
        traceparent="00-1",
        data={},
    )


class Inbox:
    """A consumer that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Any] = asyncio.Queue()

    @classmethod
    async def of(cls, broker: AnyBroker, queue: topology.Queue = QUEUE) -> "Inbox":
        inbox = cls()
        await (await broker.open_queue(queue)).consume(inbox.messages.put)
        return inbox

    async def next(self) -> Any:
        return await asyncio.wait_for(self.messages.get(), 60)
