"""Clients of the broker in memory: connections that may be lost, channels, and hands in dead-letter queues."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aio_pika import Message
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.testing.rabbit import (
    Callback,
    ServerQueue,
    SimulatedDelivery,
    SimulatedRabbit,
    Subscription,
    nothing_is_pushed,
)
from studio_chassis.testing.wire import Wire, perfect
from studio_contracts import topology
from studio_contracts.events import Event
from studio_contracts.topology import Queue


class SimulatedBroker:
    """One connection to the server. Stands from the start; may be lost and come back."""

    def __init__(self, rabbit: SimulatedRabbit, wire: Wire = perfect) -> None:
        self.rabbit = rabbit
        self.wire = wire
        self.subscriptions: list[Subscription] = []
        self.is_connected = True
        self.ready = asyncio.Event()
        self.ready.set()
        rabbit.declare()

    async def check(self) -> None:
        """Raises Unavailable while there is no connection."""
        if not self.is_connected:
            raise Unavailable("broker: not connected")

    async def publish(self, event: Event) -> None:
        """Publish to the event exchange. Raises Unavailable."""
        await self.send(
            topology.EXCHANGE, event.type, to_message(event), mandatory=event.type in topology.MANDATORY_TYPES
        )

    async def send(self, exchange: str, routing_key: str, message: Message, *, mandatory: bool = True) -> None:
        """Publish; a mandatory message that no queue takes is an error. Raises Unavailable."""
        if await self._route(exchange, routing_key, message) or not mandatory:
            return
        self.declare_again()
        if not await self._route(exchange, routing_key, message):
            raise Unavailable(f"broker: {routing_key} was not taken by any queue")

    def declare_again(self) -> None:
        """What a message that no queue took leads to."""
        self.rabbit.declare()

    async def _route(self, exchange: str, routing_key: str, message: Message) -> bool:
        if not self.is_connected:
            raise Unavailable("broker: not connected")
        return await self.wire("broker.publish", lambda: self.rabbit.route(exchange, routing_key, message))

    async def open_queue(self, queue: Queue) -> "SimulatedQueue":
        """The queue, on a channel of its own that holds as many messages as its prefetch allows."""
        await self.ready.wait()
        return SimulatedQueue(self, self.rabbit.queues[queue.name], queue.prefetch)

    async def ready_count(self, queue: Queue) -> int:
        """How many messages are ready in the queue. Raises Unavailable."""
        if not self.is_connected:
            raise Unavailable("broker: not connected")
        return await self.wire("broker.count", lambda: len(self.rabbit.queues[queue.name].ready))

    async def dead_letter_count(self, queue: Queue) -> int:
        """How many messages are in its dead-letter queue. Raises Unavailable, also when there is no such queue."""
        if not self.is_connected:
            raise Unavailable("broker: not connected")
        dead = self.rabbit.queues.get(queue.dead_letter_queue)
        if dead is None:
            raise Unavailable(f"broker: no queue {queue.dead_letter_queue}")
        return await self.wire("broker.count", lambda: len(dead.ready))

    @asynccontextmanager
    async def dead_letters(self, queue: Queue) -> AsyncIterator["SimulatedDeadLetters"]:
        """Its dead-letter queue, to fetch from. Raises Unavailable."""
        await self.dead_letter_count(queue)
        hand = Subscription(self.rabbit.queues[queue.dead_letter_queue], prefetch=0, callback=nothing_is_pushed)
        hand.queue.consumers.append(hand)
        self.subscriptions.append(hand)
        try:
            yield SimulatedDeadLetters(self, hand)
        finally:
            hand.canceled = True
            self.rabbit.remove(hand, take_back=True)

    def lose(self) -> None:
        """The connection breaks: what is in flight goes back to its queues."""
        self.is_connected = False
        for subscription in self.subscriptions:
            self.rabbit.remove(subscription, take_back=True)

    def restore(self) -> None:
        """The connection is back, with its consumers, and the topology is declared again."""
        self.is_connected = True
        self.rabbit.declare()
        for subscription in self.subscriptions:
            if not subscription.canceled:
                subscription.stopped = False
                subscription.queue.consumers.append(subscription)
                self.rabbit.serve(subscription.queue)

    async def close(self) -> None:
        """As `lose`, for good."""
        self.lose()
        self.subscriptions.clear()


class SimulatedDeadLetters:
    """A dead-letter queue to fetch from."""

    def __init__(self, broker: SimulatedBroker, hand: Subscription) -> None:
        self._broker, self._hand = broker, hand

    async def next(self) -> SimulatedDelivery | None:
        """The next message, or None."""

        def fetch() -> SimulatedDelivery | None:
            if not self._hand.queue.ready:
                return None
            kept = self._hand.queue.ready.pop(0)
            self._hand.unacked.append(kept)
            return SimulatedDelivery(self._broker.rabbit, self._hand, kept, self._broker.wire)

        return await self._broker.wire("broker.get", fetch)


class SimulatedQueue:
    """A queue as a consumer sees it."""

    def __init__(self, broker: SimulatedBroker, queue: ServerQueue, prefetch: int) -> None:
        self._broker, self._queue, self._prefetch = broker, queue, prefetch
        self._subscriptions: list[Subscription] = []

    async def consume(self, callback: Callback) -> None:
        """Have every message handed to `callback`, as a task.

        Raises ChannelInvalidStateError while the connection is lost.
        """

        async def hand_over(message: SimulatedDelivery) -> None:
            message.wire = self._broker.wire
            await callback(message)

        def subscribe() -> None:
            if not self._broker.is_connected:
                raise ChannelInvalidStateError("the channel is closed")
            subscription = Subscription(self._queue, self._prefetch, hand_over)
            self._broker.subscriptions.append(subscription)
            self._subscriptions.append(subscription)
            self._queue.consumers.append(subscription)
            self._broker.rabbit.serve(self._queue)

        await self._broker.wire("broker.consume", subscribe)

    async def cancel(self) -> None:
        """Take no more; what is in flight may still be settled."""

        def cancel() -> None:
            for subscription in self._subscriptions:
                subscription.canceled = True
                self._broker.rabbit.remove(subscription, take_back=False)

        await self._broker.wire("broker.cancel", cancel)

    async def close(self) -> None:
        """Close the channel; what is not settled goes back to the queue."""

        def close() -> None:
            for subscription in self._subscriptions:
                subscription.canceled = True
                self._broker.rabbit.remove(subscription, take_back=True)
                with suppress(ValueError):
                    self._broker.subscriptions.remove(subscription)

        await self._broker.wire("broker.close", close)
