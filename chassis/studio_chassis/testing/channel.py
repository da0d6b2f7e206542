"""A plain channel to the broker in memory, for those who fetch messages one by one instead of consuming."""

from types import SimpleNamespace

from aio_pika.exceptions import ChannelNotFoundEntity

from studio_chassis.testing.rabbit import SimulatedDelivery, SimulatedRabbit, Subscription, nothing_is_pushed
from studio_chassis.testing.wire import Wire, perfect


class SimulatedChannel:
    """Holds what was fetched until it is settled; the rest goes back when the channel closes."""

    def __init__(self, rabbit: SimulatedRabbit, wire: Wire = perfect) -> None:
        self._rabbit = rabbit
        self._wire = wire
        self._hands: list[Subscription] = []

    async def get_queue(self, name: str) -> "SimulatedSource":
        """The queue of that name, with the number of messages that lay there at this moment.

        Raises ChannelNotFoundEntity.
        """
        if name not in self._rabbit.queues:
            raise ChannelNotFoundEntity(404, f"no queue {name}")
        hand = Subscription(self._rabbit.queues[name], prefetch=0, callback=nothing_is_pushed)
        hand.queue.consumers.append(hand)
        self._hands.append(hand)
        ready = await self._wire("broker.declare", lambda: len(hand.queue.ready))
        return SimulatedSource(self._rabbit, self._wire, hand, ready)

    def close(self) -> None:
        """Give back what was fetched and not settled."""
        for hand in self._hands:
            self._rabbit.remove(hand, take_back=True)
        self._hands.clear()


class SimulatedSource:
    """A queue to fetch from."""

    def __init__(self, rabbit: SimulatedRabbit, wire: Wire, hand: Subscription, ready: int) -> None:
        self._rabbit, self._wire, self._hand = rabbit, wire, hand
        self.declaration_result = SimpleNamespace(message_count=ready)

    async def get(self, *, fail: bool) -> SimulatedDelivery | None:
        """The next message, or None. An error instead is not supported."""
        assert not fail

        def fetch() -> SimulatedDelivery | None:
            if not self._hand.queue.ready:
                return None
            kept = self._hand.queue.ready.pop(0)
            self._hand.unacked.append(kept)
            return SimulatedDelivery(self._rabbit, self._hand, kept, self._wire)

        return await self._wire("broker.get", fetch)
