"""What every broker does for a command that fetches messages on a plain channel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import aio_pika
import pytest

from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.channel import SimulatedChannel
from studio_local.infrastructure import Endpoints
from studio_support.broker_inbox import QUEUE, AnyBroker, numbered_event


async def _arrival(broker: SimulatedBroker) -> None:
    """A confirmed message is still on its way into its queue for a moment."""
    for _ in range(100):
        if broker.rabbit.is_empty:
            return
        await asyncio.sleep(0)


@asynccontextmanager
async def _channel(broker: AnyBroker, endpoints: Endpoints | None) -> AsyncIterator[Any]:
    """A plain channel, as commands use it."""
    if endpoints is None:
        assert isinstance(broker, SimulatedBroker)
        await _arrival(broker)
        with closing(SimulatedChannel(broker.rabbit)) as channel:
            yield channel
        return
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        yield await connection.channel()


async def _ready(channel: Any, queue: str, count: int) -> Any:
    """The queue once it holds that many messages: a confirmed message may need a moment to get there."""
    for _ in range(6000):
        source = await channel.get_queue(queue)
        if source.declaration_result.message_count == count:
            return source
        await asyncio.sleep(0.01)
    pytest.fail(f"{queue} does not hold {count} messages")


async def test_what_is_fetched_and_not_settled_goes_back_in_its_order(
    broker: AnyBroker, endpoints: Endpoints | None
) -> None:
    for number in range(4):
        await broker.send("", QUEUE.dead_letter_queue, to_message(numbered_event(number)))
    async with _channel(broker, endpoints) as channel:
        source = await _ready(channel, QUEUE.dead_letter_queue, 4)
        fetched = [await source.get(fail=False) for _ in range(4)]
        assert [message.message_id for message in fetched] == ["0", "1", "2", "3"]
        assert await source.get(fail=False) is None
        await fetched[1].ack()
    async with _channel(broker, endpoints) as channel:
        source = await _ready(channel, QUEUE.dead_letter_queue, 3)
        again = [await source.get(fail=False) for _ in range(3)]
        assert [message.message_id for message in again] == ["0", "2", "3"]
        assert all(message.redelivered for message in again)


async def test_of_two_consumers_only_one_gets_each_message(broker: AnyBroker, endpoints: Endpoints | None) -> None:
    await broker.send("", QUEUE.dead_letter_queue, to_message(numbered_event()))
    async with _channel(broker, endpoints) as first, _channel(broker, endpoints) as second:
        assert await (await _ready(first, QUEUE.dead_letter_queue, 1)).get(fail=False) is not None
        assert await (await second.get_queue(QUEUE.dead_letter_queue)).get(fail=False) is None
