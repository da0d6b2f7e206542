"""Publishes every event of the studio a second time, later and in another order."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

from studio_contracts import topology

HELD = 16
MARK = "duplicate"


class DuplicateDelivery:
    """Holds back a few events and publishes a random one of them whenever another arrives."""

    def __init__(self, exchange: AbstractExchange, seed: int) -> None:
        self.published: list[tuple[str, aio_pika.Message]] = []
        self._exchange = exchange
        self._random = random.Random(seed)
        self._held: list[tuple[str, aio_pika.Message]] = []

    async def receive(self, message: AbstractIncomingMessage) -> None:
        await message.ack()
        if MARK in message.headers:
            return
        copy = aio_pika.Message(message.body, headers={**message.headers, MARK: 1}, message_id=message.message_id)
        self._held.append((message.routing_key or "", copy))
        if len(self._held) > HELD:
            await self._publish(self._held.pop(self._random.randrange(len(self._held))))

    async def publish_the_rest(self) -> None:
        self._random.shuffle(self._held)
        while self._held:
            await self._publish(self._held.pop())

    async def publish_all_again(self) -> None:
        for event in self._random.sample(self.published, len(self.published)):
            await self._exchange.publish(event[1], event[0])

    async def _publish(self, event: tuple[str, aio_pika.Message]) -> None:
        self.published.append(event)
        await self._exchange.publish(event[1], event[0], mandatory=False)


@asynccontextmanager
async def duplicate_delivery(rabbitmq_url: str, seed: int) -> AsyncIterator[DuplicateDelivery]:
    """Listens to all events while the context is open."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.EXCHANGE)
        everything = await channel.declare_queue(exclusive=True)
        await everything.bind(exchange, "#")
        listener = DuplicateDelivery(exchange, seed)
        await everything.consume(listener.receive)
        yield listener
