"""The broker's server in memory: quorum queues with prefetch, redelivery, a delivery limit, delays, dead letters."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aio_pika import Message
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.testing.wire import Wire, perfect
from studio_contracts import topology

Lag = Callable[[], float]
Callback = Callable[[Any], Awaitable[None]]
DELIVERIES = "x-delivery-count"


@dataclass
class ServerQueue:
    name: str
    dead: str | None = None
    waits: float | None = None
    ready: list["StoredMessage"] = field(default_factory=list)
    consumers: list["Subscription"] = field(default_factory=list)
    arriving: int = 0


@dataclass(eq=False)
class StoredMessage:
    message: Message
    routing_key: str
    deliveries: int = 0


@dataclass(eq=False)
class Subscription:
    """A consumer: how many messages it may be given, and those it holds. One who fetches is given none."""

    queue: ServerQueue
    prefetch: int
    callback: Callback
    unacked: list[StoredMessage] = field(default_factory=list)
    canceled: bool = False
    stopped: bool = False
    """Given messages by the broker, which do not arrive: its queue was deleted and declared again."""


class SimulatedRabbit:
    """The server: exchanges and queues as `topology` declares them.

    `lag` gives the seconds a message needs to get into its queue, and from there to a consumer: above zero and uneven,
    it makes messages overtake each other.
    """

    def __init__(self, lag: Lag = lambda: 0.0) -> None:
        self.queues: dict[str, ServerQueue] = {}
        self.taken: set[str] = set()
        """Ids of the messages that it took responsibility for."""
        self._lag = lag
        self._under_way = 0
        self._disks = 1
        self.declare()

    def declare(self) -> None:
        """Make the queues that are missing."""
        for queue in topology.QUEUES:
            self.queues.setdefault(queue.dead_letter_queue, ServerQueue(queue.dead_letter_queue))
            self.queues.setdefault(queue.name, ServerQueue(queue.name, dead=queue.dead_letter_queue))
        for delay in topology.RETRY_DELAYS:
            name = topology.retry_exchange(delay)
            self.queues.setdefault(name, ServerQueue(name, waits=delay.total_seconds()))

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
        if message.message_id is not None and (names or routing_key not in topology.MANDATORY_TYPES):
            self.taken.add(message.message_id)
        for name in names:
            self.queues[name].arriving += 1
            self._after(self._lag(), self._reach, self.queues[name], StoredMessage(message, routing_key))
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

    def _reach(self, queue: ServerQueue, kept: StoredMessage) -> None:
        queue.arriving -= 1
        self._arrive(queue, kept)

    def _arrive(self, queue: ServerQueue, kept: StoredMessage) -> None:
        if queue.waits is not None:
            self._after(queue.waits, self.route, "", kept.routing_key, kept.message)
            return
        queue.ready.append(kept)
        self.serve(queue)

    def serve(self, queue: ServerQueue) -> None:
        """Deliver ready messages to consumers below their prefetch, in turn."""
        while queue.ready and (free := [c for c in queue.consumers if len(c.unacked) < c.prefetch]):
            chosen = min(free, key=lambda consumer: len(consumer.unacked))
            kept = queue.ready.pop(0)
            chosen.unacked.append(kept)
            self._after(self._lag(), self._deliver, chosen, kept)

    def _deliver(self, consumer: Subscription, kept: StoredMessage) -> None:
        if kept in consumer.unacked and not consumer.stopped:  # else the connection was lost before
            task = asyncio.ensure_future(consumer.callback(SimulatedDelivery(self, consumer, kept)))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def settle(self, consumer: Subscription, kept: StoredMessage, *, requeue: bool) -> bool:
        """Forget the message or take it back; False when the consumer does not hold it."""
        if kept not in consumer.unacked:
            return False
        consumer.unacked.remove(kept)
        if requeue:
            self._take_back(consumer.queue, kept)
        self.serve(consumer.queue)
        return True

    def _take_back(self, queue: ServerQueue, kept: StoredMessage) -> None:
        kept.deliveries += 1
        if kept.deliveries > topology.DELIVERY_LIMIT and queue.dead in self.queues:
            kept.message.headers["x-first-death-reason"] = "delivery_limit"
            self._arrive(self.queues[queue.dead], StoredMessage(kept.message, queue.dead))
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

    def __init__(
        self, rabbit: SimulatedRabbit, consumer: Subscription, kept: StoredMessage, wire: Wire = perfect
    ) -> None:
        self._rabbit, self._consumer, self._kept = rabbit, consumer, kept
        self.wire = wire
        message = kept.message
        self.body = message.body
        self.headers = dict(message.headers) | ({DELIVERIES: kept.deliveries} if kept.deliveries else {})
        self.content_type, self.type = message.content_type, message.type
        self.message_id, self.correlation_id = message.message_id, message.correlation_id
        self.consumer_tag = consumer.queue.name
        self.redelivered = kept.deliveries > 0
        self._deliveries = kept.deliveries

    @property
    def channel(self) -> object:
        """What it came over. Raises ChannelInvalidStateError when that is gone."""
        if self._kept not in self._consumer.unacked or self._kept.deliveries != self._deliveries:
            raise ChannelInvalidStateError("the channel is closed")
        return self._consumer

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


async def nothing_is_pushed(message: Any) -> None:
    """The callback of a subscription that fetches its messages: it is given none."""
    raise AssertionError(f"{message} was not asked for")
