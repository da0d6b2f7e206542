"""Queues as their users see them: one that is consumed, and a dead-letter queue to fetch from."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractQueue, AbstractRobustChannel, AbstractRobustConnection
from aiormq.exceptions import ChannelAccessRefused

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.connection import CONNECTION_ERRORS, run_on_connection
from studio_chassis.messaging.declaration import REFUSALS, work_arguments
from studio_chassis.messaging.protocols import DeadLetterSource, Delivery, WorkQueue
from studio_contracts import topology
from studio_contracts.topology import Queue

FETCH_SECONDS = 5.0
DeclareOk = Any
"""What the broker answers to a declaration: its `message_count`."""
log = structlog.get_logger()


class _ConsumedQueue:
    """A queue and the channel over which it is consumed."""

    def __init__(self, channel: AbstractRobustChannel, queue: AbstractQueue) -> None:
        self._channel = channel
        self._queue = queue

    async def consume(self, callback: Callable[[Delivery], Awaitable[None]], /) -> str:
        return await self._queue.consume(callback)

    async def cancel(self, tag: str, /) -> None:
        await self._queue.cancel(tag)

    async def close(self) -> None:
        await self._channel.close()


async def open_work_queue(connection: AbstractRobustConnection, queue: Queue) -> WorkQueue:
    """The queue, declared and bound, on a channel of its own with its prefetch. Raises what a connection raises."""
    async with AsyncExitStack() as unless_it_works:
        channel = await _open_channel(connection, queue, unless_it_works)
        try:
            await channel.declare_exchange(topology.EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        except ChannelAccessRefused:  # another service has that right
            await channel.close()
            channel = await _open_channel(connection, queue, unless_it_works)
        try:
            work: AbstractQueue = await channel.declare_queue(queue.name, durable=True, arguments=work_arguments(queue))
        except REFUSALS as error:  # it exists with other arguments: it is consumed all the same
            log.error("declaration refused", declaration=queue.name, reason=str(error))
            await channel.close()
            channel = await _open_channel(connection, queue, unless_it_works)
            work = await channel.get_queue(queue.name)
        for event_type in queue.types:  # by the queue itself: the bindings are restored with it
            await work.bind(topology.EXCHANGE, event_type)
        unless_it_works.pop_all()
    return _ConsumedQueue(channel, work)


async def _open_channel(
    connection: AbstractRobustConnection, queue: Queue, unless_it_works: AsyncExitStack
) -> AbstractRobustChannel:
    channel = connection.channel(publisher_confirms=False)
    unless_it_works.push_async_callback(_give_up, channel)
    await channel.initialize()
    await channel.set_qos(prefetch_count=queue.prefetch)
    return channel


async def _give_up(channel: AbstractRobustChannel) -> None:
    """Close a channel that nobody will use: one that broke in its set-up would be restored with its connection."""

    async def close() -> None:
        await channel.close()

    with suppress(*CONNECTION_ERRORS):
        await run_on_connection(FETCH_SECONDS, close())


async def queue_counts(connection: AbstractRobustConnection, name: str) -> DeclareOk:
    """The broker's counts of the queue. Raises ChannelNotFoundEntity when there is none."""
    async with aio_pika.Channel(connection) as channel:
        return (await channel.declare_queue(name, passive=True)).declaration_result


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
