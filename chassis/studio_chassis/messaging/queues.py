"""Queues as their users see them: one that is consumed, and a dead-letter queue to fetch from."""

import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial

import aio_pika
import structlog
from aio_pika.abc import AbstractQueue, AbstractRobustChannel, AbstractRobustConnection
from aiormq.exceptions import ChannelAccessRefused

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.connection import CONNECTION_ERRORS, run_on_connection
from studio_chassis.messaging.declaration import PARTITION_WEIGHT, REFUSALS, PartitionExchange, work_arguments
from studio_chassis.messaging.protocols import DeadLetterSource, Delivery, WorkQueue
from studio_contracts import topology
from studio_contracts.topology import Queue

FETCH_SECONDS = 5.0
log = structlog.get_logger()


class _ConsumedQueue:
    """The broker's queues of a work queue and the channel over which they are consumed, each by a tag of its name."""

    def __init__(self, channel: AbstractRobustChannel, queues: Sequence[AbstractQueue]) -> None:
        self._channel = channel
        self._queues = queues

    async def consume(self, callback: Callable[[Delivery], Awaitable[None]], /) -> None:
        for queue in self._queues:
            await queue.consume(callback, consumer_tag=queue.name)

    async def cancel(self) -> None:
        for queue in self._queues:
            await queue.cancel(queue.name)

    async def close(self) -> None:
        await self._channel.close()


async def open_work_queue(
    connection: AbstractRobustConnection, queue: Queue, partitions: int = 1, former: Sequence[str] = ()
) -> WorkQueue:
    """The queue, declared and bound, on a channel of its own with its prefetch. Raises what a connection raises.

    `former` are its parts of another number of partitions: they are consumed too, and get nothing new. Whoever consumes
    a queue decides what it consists of.
    """
    parts = queue.parts(partitions)
    async with AsyncExitStack() as on_failure:
        open_one = partial(_open_channel, connection, math.ceil(queue.prefetch / len(parts)), on_failure)
        channel = await open_one()
        try:
            await channel.declare_exchange(topology.EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        except ChannelAccessRefused:  # another service has that right
            await channel.close()
            channel = await open_one()
        names = (*parts, *former)
        try:
            found = await _declare(channel, queue, names)
        except REFUSALS as error:  # it exists with other arguments: it is consumed all the same
            log.error("declaration refused", declaration=queue.name, reason=str(error))
            await channel.close()
            channel = await open_one()
            found = [await channel.get_queue(name) for name in names]
        await _bind(channel, queue, found[: len(parts)])
        await _unbind(channel, queue, found[len(parts) :], is_partitioned=len(parts) > 1)
        on_failure.pop_all()
    return _ConsumedQueue(channel, found)


async def _declare(channel: AbstractRobustChannel, queue: Queue, names: Sequence[str]) -> list[AbstractQueue]:
    arguments = work_arguments(queue)
    return [await channel.declare_queue(name, durable=True, arguments=arguments) for name in names]


async def _bind(channel: AbstractRobustChannel, queue: Queue, parts: Sequence[AbstractQueue]) -> None:
    # by queues and exchanges of the channel: the bindings are restored with them
    if len(parts) == 1:
        for event_type in queue.types:
            await parts[0].bind(topology.EXCHANGE, event_type)
        return
    exchange = await PartitionExchange(queue.name).declare(channel)
    for part in parts:
        await part.bind(exchange, PARTITION_WEIGHT)
    for event_type in queue.types:
        await exchange.bind(topology.EXCHANGE, event_type)


async def _unbind(
    channel: AbstractRobustChannel, queue: Queue, former: Sequence[AbstractQueue], *, is_partitioned: bool
) -> None:
    """What was the queue before gets nothing new. Until then a message came twice, and none was lost."""
    for one in former:
        if one.name == queue.name:
            for event_type in queue.types:
                await one.unbind(topology.EXCHANGE, event_type)
        elif is_partitioned:
            await one.unbind(queue.name, PARTITION_WEIGHT)
    if former and not is_partitioned:
        await channel.exchange_delete(queue.name)


async def _open_channel(
    connection: AbstractRobustConnection, prefetch: int, on_failure: AsyncExitStack
) -> AbstractRobustChannel:
    channel = connection.channel(publisher_confirms=False)
    on_failure.push_async_callback(_give_up, channel)
    await channel.initialize()
    await channel.set_qos(prefetch_count=prefetch)
    return channel


async def _give_up(channel: AbstractRobustChannel) -> None:
    """Close a channel that nobody will use: one that broke in its set-up would be restored with its connection."""

    async def close() -> None:
        await channel.close()

    with suppress(*CONNECTION_ERRORS):
        await run_on_connection(FETCH_SECONDS, close())


async def ready_messages(connection: AbstractRobustConnection, names: Sequence[str]) -> int:
    """How many messages are ready in these queues. Raises ChannelNotFoundEntity when one is not there."""
    async with aio_pika.Channel(connection) as channel:
        found = [(await channel.declare_queue(name, passive=True)).declaration_result for name in names]
    return sum(one.message_count or 0 for one in found)


async def open_dead_letters(channel: aio_pika.Channel, queue: Queue) -> DeadLetterSource:
    """The dead-letter queue of a work queue, on that channel."""
    await channel.initialize()
    return _DeadLetters(await channel.get_queue(queue.dead_letter_queue))


class _DeadLetters:
    def __init__(self, queue: AbstractQueue) -> None:
        self._queue = queue

    async def next(self) -> Delivery | None:
        try:
            return await run_on_connection(FETCH_SECONDS, self._queue.get(fail=False))
        except CONNECTION_ERRORS as error:
            raise Unavailable(f"broker: {self._queue.name}: {type(error).__name__}") from error
