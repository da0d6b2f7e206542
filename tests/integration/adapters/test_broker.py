"""What every broker does, as far as consumers rely on it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from studio_chassis.amqp import Broker
from studio_chassis.cloudevents import from_message, to_message
from studio_chassis.errors import Unavailable
from studio_chassis.simulated.broker import SimulatedBroker
from studio_contracts import topology
from studio_contracts.events import Event, JobCompleted, JobCreated

QUEUE = topology.STENCIL_JOB_CREATED
AnyBroker = Broker | SimulatedBroker


def _event(number: int = 1, type_: str = JobCreated.type) -> Event:
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
        await (await broker.open_queue(queue)).consume(inbox.messages.put)  # type: ignore[arg-type]
        return inbox

    async def next(self) -> Any:
        return await asyncio.wait_for(self.messages.get(), 10)


async def test_an_event_reaches_the_queue_of_its_type_whole(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(_event())
    message = await inbox.next()
    assert from_message(message.headers, message.body) == _event()
    assert (message.message_id, message.correlation_id, message.type) == ("1", "job-1", JobCreated.type)
    await message.ack()


async def test_an_event_nobody_in_the_studio_takes_is_let_go(broker: AnyBroker) -> None:
    await broker.publish(_event(type_=JobCompleted.type))


async def test_a_message_for_no_queue_is_told(broker: AnyBroker) -> None:
    with pytest.raises(Unavailable):
        await broker.send("", "no.such.queue", to_message(_event()))


async def test_a_consumer_holds_no_more_than_its_prefetch(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    for number in range(QUEUE.prefetch + 1):
        await broker.publish(_event(number))
    held = [await inbox.next() for _ in range(QUEUE.prefetch)]
    assert inbox.messages.empty()
    await held[0].ack()
    assert (await inbox.next()).message_id == str(QUEUE.prefetch)


async def test_a_message_given_back_comes_again_and_says_so(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(_event())
    message = await inbox.next()
    assert not message.redelivered
    await message.reject(requeue=True)
    again = await inbox.next()
    assert again.redelivered
    assert again.headers["x-delivery-count"] == 1
    await again.ack()


async def test_a_message_given_back_too_often_is_dead(broker: AnyBroker) -> None:
    dead = topology.Queue(QUEUE.dead, (), prefetch=1)
    inbox = await Inbox.of(broker)
    await broker.publish(_event())
    for _ in range(topology.DELIVERY_LIMIT + 1):
        await (await inbox.next()).reject(requeue=True)
    assert inbox.messages.empty()
    letters = await _letters(broker, dead)
    assert (await letters.next()).headers["ce-id"] == "1"


async def _letters(broker: AnyBroker, dead: topology.Queue) -> Inbox:
    inbox = Inbox()
    if isinstance(broker, SimulatedBroker):
        queue: Any = await broker.open_queue(dead)
    else:
        assert broker._connection is not None
        queue = await (await broker._connection.channel()).get_queue(dead.name, ensure=False)
    await queue.consume(inbox.messages.put)
    return inbox


async def test_a_message_in_a_waiting_room_returns_to_its_queue(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.send(topology.retry_exchange(topology.RETRY_DELAYS[0]), QUEUE.name, to_message(_event()))
    message = await inbox.next()
    assert from_message(message.headers, message.body) == _event()
    await message.ack()


async def test_a_canceled_consumer_gets_nothing_and_may_settle_what_it_holds(broker: AnyBroker) -> None:
    inbox = Inbox()
    queue = await broker.open_queue(QUEUE)
    tag = await queue.consume(inbox.messages.put)
    await broker.publish(_event(1))
    held = await inbox.next()
    await queue.cancel(tag)
    await broker.publish(_event(2))
    await held.ack()
    other = await Inbox.of(broker)
    assert (await other.next()).message_id == "2"
    assert inbox.messages.empty()
