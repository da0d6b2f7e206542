"""The broker in memory: quorum queues with prefetch, redelivery and a delivery limit, delay queues, dead letters."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aio_pika import Message
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.testing.wire import Wire, perfect
from studio_contracts import topology
from studio_contracts.events import Event
from studio_contracts.topology import Queue

Lag = Callable[[], float]
Callback = Callable[[Any], Awaitable[None]]
DELIVERIES = "x-delivery-count"


@dataclass
class _Queue:
    name: str
    dead: str | None = None
    waits: float | None = None
    ready: list["_Kept"] = field(default_factory=list)
    consumers: list["Subscription"] = field(default_factory=list)
    arriving: int = 0


@dataclass(eq=False)
class _Kept:
    message: Message
    routing_key: str
    deliveries: int = 0


@dataclass(eq=False)
class Subscription:
    """A consumer: how many messages it may be given, and those it holds. One who fetches is given none."""

    tag: str
    queue: _Queue
    prefetch: int
    callback: Callback
    unacked: list[_Kept] = field(default_factory=list)
    canceled: bool = False
    stopped: bool = False
    """Given messages by the broker, which do not arrive: its queue was deleted and declared again."""


class SimulatedRabbit:
    """The server: exchanges and queues as `topology` declares them.

    `lag` gives the seconds a message needs to get into its queue, and from there to a consumer: above zero and uneven,
    it makes messages overtake each other.
    """

    def __init__(self, lag: Lag = lambda: 0.0) -> None:
        self.queues: dict[str, _Queue] = {}
        self.tags = itertools.count(1)
        self._lag = lag
        self._under_way = 0
        self._disks = 1
        self.declare()

    def declare(self) -> None:
        """Make the queues that are missing."""
        for queue in topology.QUEUES:
            self.queues.setdefault(queue.dead_letter_queue, _Queue(queue.dead_letter_queue))
            self.queues.setdefault(queue.name, _Queue(queue.name, dead=queue.dead_letter_queue))
        for delay in topology.RETRY_DELAYS:
            name = topology.retry_exchange(delay)
            self.queues.setdefault(name, _Queue(name, waits=delay.total_seconds()))

    def delete(self, name: str) -> bool:
        """Remove an empty queue without consumers, as a policy or an operator may; whether it was one."""
        queue = self.queues.get(name)
        if queue is None or queue.ready or queue.arriving or queue.consumers:
            return False
        del self.queues[name]
        return True

    def recreate(self, name: str) -> None:
        """Delete a queue and declare it again within a moment: it keeps its consumers, and nothing reaches them."""
        for consumer in self.queues[name].consumers:
            consumer.stopped = True

    def messages(self, name: str) -> list[Message]:
        """The messages of a queue that are ready."""
        return [kept.message for kept in self.queues[name].ready]

    @property
    def is_empty(self) -> bool:
        """Whether no message is ready, on its way or in flight. Dead letters do not count."""
        dead = {queue.dead_letter_queue for queue in topology.QUEUES}
        busy = (q.ready or any(c.unacked for c in q.consumers) for q in self.queues.values() if q.name not in dead)
        return not self._under_way and not any(busy)

    def route(self, exchange: str, routing_key: str, message: Message) -> bool:
        """Take a message; False when no queue is bound to its key."""
        if exchange == topology.EXCHANGE:
            names = [queue.name for queue in topology.QUEUES if routing_key in queue.types]
        else:
            names = [exchange or routing_key]
        names = [name for name in names if name in self.queues]
        for name in names:
            self.queues[name].arriving += 1
            self._after(self._lag(), self._reach, self.queues[name], _Kept(message, routing_key))
        return bool(names)

    def wipe(self) -> None:
        """The disk is lost: no message is left, waiting, under way or in flight. The topology is declared again."""
        self._disks += 1
        self._under_way = 0
        for queue in self.queues.values():
            queue.ready.clear()
            queue.arriving = 0
            for consumer in queue.consumers:
                consumer.unacked.clear()

    def _after(self, seconds: float, act: Callable[..., object], *args: Any) -> None:
        def run() -> None:
            if disk == self._disks:
                self._under_way -= 1
                act(*args)

        disk = self._disks
        self._under_way += 1
        asyncio.get_running_loop().call_later(seconds, run)

    def _reach(self, queue: _Queue, kept: _Kept) -> None:
        queue.arriving -= 1
        self._arrive(queue, kept)

    def _arrive(self, queue: _Queue, kept: _Kept) -> None:
        if queue.waits is not None:
            self._after(queue.waits, self.route, "", kept.routing_key, kept.message)
            return
        queue.ready.append(kept)
        self.serve(queue)

    def serve(self, queue: _Queue) -> None:
        """Deliver ready messages to consumers below their prefetch, in turn."""
        while queue.ready and (free := [c for c in queue.consumers if len(c.unacked) < c.prefetch]):
            chosen = min(free, key=lambda consumer: len(consumer.unacked))
            kept = queue.ready.pop(0)
            chosen.unacked.append(kept)
            self._after(self._lag(), self._deliver, chosen, kept)

    def _deliver(self, consumer: Subscription, kept: _Kept) -> None:
        if kept in consumer.unacked and not consumer.stopped:  # else the connection was lost before
            task = asyncio.ensure_future(consumer.callback(SimulatedDelivery(self, consumer, kept)))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def settle(self, consumer: Subscription, kept: _Kept, *, requeue: bool) -> bool:
        """Forget the message or take it back; False when the consumer does not hold it."""
        if kept not in consumer.unacked:
            return False
        consumer.unacked.remove(kept)
        if requeue:
            self._take_back(consumer.queue, kept)
        self.serve(consumer.queue)
        return True

    def _take_back(self, queue: _Queue, kept: _Kept) -> None:
        kept.deliveries += 1
        if kept.deliveries > topology.DELIVERY_LIMIT and queue.dead in self.queues:
            kept.message.headers["x-first-death-reason"] = "delivery_limit"
            self._arrive(self.queues[queue.dead], _Kept(kept.message, queue.dead))
        else:
            queue.ready.insert(0, kept)

    def remove(self, consumer: Subscription, *, take_back: bool) -> None:
        """The consumer takes no more; with `take_back` it also loses what it holds."""
        with suppress(ValueError):
            consumer.queue.consumers.remove(consumer)
        if take_back:
            for kept in reversed(consumer.unacked[:]):
                self.settle(consumer, kept, requeue=True)


class SimulatedDelivery:
    """One message that a consumer was given."""

    def __init__(self, rabbit: SimulatedRabbit, consumer: Subscription, kept: _Kept, wire: Wire = perfect) -> None:
        self._rabbit, self._consumer, self._kept = rabbit, consumer, kept
        self.wire = wire
        message = kept.message
        self.body = message.body
        self.headers = dict(message.headers) | ({DELIVERIES: kept.deliveries} if kept.deliveries else {})
        self.content_type, self.type = message.content_type, message.type
        self.message_id, self.correlation_id = message.message_id, message.correlation_id
        self.redelivered = kept.deliveries > 0
        self._deliveries = kept.deliveries

    async def ack(self) -> None:
        """Acknowledge it. Raises ChannelInvalidStateError when the connection it came over is gone."""
        await self._settle("broker.ack", requeue=False)

    async def reject(self, requeue: bool = False) -> None:
        """Give it back."""
        await self._settle("broker.reject", requeue=requeue)

    async def _settle(self, operation: str, *, requeue: bool) -> None:
        def settle() -> bool:
            if self._kept.deliveries != self._deliveries:  # taken back since: this is not the current delivery
                return False
            return self._rabbit.settle(self._consumer, self._kept, requeue=requeue)

        if not await self.wire(operation, settle):
            raise ChannelInvalidStateError("the channel is closed")


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
        hand = Subscription("", self.rabbit.queues[queue.dead_letter_queue], prefetch=0, callback=_nothing_is_pushed)
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


async def _nothing_is_pushed(message: Any) -> None:
    raise AssertionError(f"{message} was not asked for")


class SimulatedQueue:
    """A queue as a consumer sees it."""

    def __init__(self, broker: SimulatedBroker, queue: _Queue, prefetch: int) -> None:
        self._broker, self._queue, self._prefetch = broker, queue, prefetch
        self._subscriptions: list[Subscription] = []

    async def consume(self, callback: Callback) -> str:
        """Have every message handed to `callback`, as a task; returns the consumer's tag.

        Raises ChannelInvalidStateError while the connection is lost.
        """

        async def hand_over(message: SimulatedDelivery) -> None:
            message.wire = self._broker.wire
            await callback(message)

        def subscribe() -> str:
            if not self._broker.is_connected:
                raise ChannelInvalidStateError("the channel is closed")
            tag = f"ctag-{next(self._broker.rabbit.tags)}"
            subscription = Subscription(tag, self._queue, self._prefetch, hand_over)
            self._broker.subscriptions.append(subscription)
            self._subscriptions.append(subscription)
            self._queue.consumers.append(subscription)
            self._broker.rabbit.serve(self._queue)
            return tag

        return await self._broker.wire("broker.consume", subscribe)

    async def cancel(self, tag: str) -> None:
        """Take no more; what is in flight may still be settled."""

        def cancel() -> None:
            for subscription in [known for known in self._broker.subscriptions if known.tag == tag]:
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
