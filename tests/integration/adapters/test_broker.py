"""What every broker does, as far as consumers rely on it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.broker import Broker
from studio_chassis.messaging.cloudevents import from_message, to_message
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.inspection import missing_declarations
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.channel import SimulatedChannel
from studio_contracts import topology
from studio_contracts.events import Event, JobCompleted, JobCreated
from studio_local.infrastructure import Endpoints

QUEUE = topology.STENCIL_JOB_CREATED
AnyBroker = Broker | SimulatedBroker
Connect = Callable[[], Awaitable[AnyBroker]]


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
        await (await broker.open_queue(queue)).consume(inbox.messages.put)
        return inbox

    async def next(self) -> Any:
        return await asyncio.wait_for(self.messages.get(), 60)


async def test_an_event_reaches_the_queue_of_its_type_whole(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(_event())
    message = await inbox.next()
    assert from_message(message.headers, message.body) == _event()
    assert (message.message_id, message.correlation_id, message.type) == ("1", "job-1", JobCreated.type)
    await message.ack()


async def test_an_event_without_a_consumer_is_published_without_an_error(broker: AnyBroker) -> None:
    await broker.publish(_event(type_=JobCompleted.type))


async def test_a_message_for_no_queue_is_an_error(broker: AnyBroker) -> None:
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


async def test_a_queue_counts_ready_messages_and_none_in_flight(broker: AnyBroker) -> None:
    async def becomes(count: int) -> None:  # a confirmed message may need a moment to get into its queue
        for _ in range(6000):
            if await broker.ready_count(QUEUE) == count:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"not {count}")

    assert await broker.ready_count(QUEUE) == 0
    for number in range(QUEUE.prefetch + 3):
        await broker.publish(_event(number))
    await becomes(QUEUE.prefetch + 3)
    inbox = await Inbox.of(broker)
    held = [await inbox.next() for _ in range(QUEUE.prefetch)]
    await becomes(3)
    assert len(held) == QUEUE.prefetch


async def test_a_requeued_message_is_delivered_again_and_marked_so(broker: AnyBroker) -> None:
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
    dead = topology.Queue(QUEUE.dead_letter_queue, (), prefetch=1)
    inbox = await Inbox.of(broker)
    await broker.publish(_event())
    for _ in range(topology.DELIVERY_LIMIT + 1):
        await (await inbox.next()).reject(requeue=True)
    assert inbox.messages.empty()
    letters = await _letters(broker, dead)
    letter = await letters.next()
    assert (letter.headers["ce-id"], letter.headers["x-first-death-reason"]) == ("1", "delivery_limit")


async def _letters(broker: AnyBroker, dead: topology.Queue) -> Inbox:
    inbox = Inbox()
    if isinstance(broker, SimulatedBroker):
        queue: Any = await broker.open_queue(dead)
    else:
        assert broker._connection is not None
        queue = await (await broker._connection.channel()).get_queue(dead.name, ensure=False)
    await queue.consume(inbox.messages.put)
    return inbox


async def test_a_message_in_a_delay_queue_returns_to_its_work_queue(broker: AnyBroker) -> None:
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


async def test_a_message_waits_its_time_and_delays_no_other(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    delay = topology.RETRY_DELAYS[0]
    started = time.monotonic()
    await broker.send(topology.retry_exchange(delay), QUEUE.name, to_message(_event(1)))
    await broker.publish(_event(2))
    first, second = await inbox.next(), await inbox.next()
    assert (first.message_id, second.message_id) == ("2", "1")
    assert time.monotonic() - started >= delay.total_seconds() * 0.99
    assert not second.redelivered  # waiting is no delivery


async def test_each_message_goes_to_one_of_several_consumers(connect: Connect) -> None:
    brokers = [await connect() for _ in range(2)]
    inboxes = [await Inbox.of(broker) for broker in brokers]
    for number in range(2 * QUEUE.prefetch):
        await brokers[0].publish(_event(number))
    held = [await inbox.next() for inbox in inboxes for _ in range(QUEUE.prefetch)]
    assert sorted(message.message_id for message in held) == [str(number) for number in range(2 * QUEUE.prefetch)]


async def test_what_a_lost_consumer_held_comes_to_another_but_not_what_it_had_done(connect: Connect) -> None:
    broker, dying = await connect(), await connect()
    inbox = await Inbox.of(dying)
    for number in (1, 2):
        await broker.publish(_event(number))
    done, _ = await inbox.next(), await inbox.next()
    await done.ack()
    await dying.close()
    heir = await Inbox.of(broker)
    message = await heir.next()
    assert message.message_id != done.message_id
    assert message.redelivered
    assert message.headers["x-delivery-count"] == 1
    await message.ack()
    await broker.publish(_event(3))
    assert (await heir.next()).message_id == "3"


async def test_a_connection_that_was_lost_comes_back_with_its_consumer(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(_event())
    held = await inbox.next()
    await _cut(broker)
    again = await inbox.next()
    assert again.redelivered
    with pytest.raises(ChannelInvalidStateError):
        await held.ack()
    await again.ack()


async def _cut(broker: AnyBroker) -> None:
    if isinstance(broker, SimulatedBroker):
        broker.lose()
        broker.restore()
        return
    assert broker._connection is not None
    assert broker._connection.transport is not None
    await broker._connection.transport.connection.close(ConnectionError("cut"))


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
        await broker.send("", QUEUE.dead_letter_queue, to_message(_event(number)))
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
    await broker.send("", QUEUE.dead_letter_queue, to_message(_event()))
    async with _channel(broker, endpoints) as first, _channel(broker, endpoints) as second:
        assert await (await _ready(first, QUEUE.dead_letter_queue, 1)).get(fail=False) is not None
        assert await (await second.get_queue(QUEUE.dead_letter_queue)).get(fail=False) is None


async def _delete(broker: AnyBroker, endpoints: Endpoints | None, name: str, *, exchange: bool = False) -> None:
    if endpoints is None:
        assert isinstance(broker, SimulatedBroker)
        broker.rabbit.delete(name)
        return
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        channel = await connection.channel()
        await (channel.exchange_delete(name) if exchange else channel.queue_delete(name))


@pytest.mark.parametrize("missing", [QUEUE.dead_letter_queue, topology.retry_exchange(topology.RETRY_DELAYS[0])])
async def test_a_queue_that_was_deleted_is_declared_again_by_the_message_that_needs_it(
    broker: AnyBroker, endpoints: Endpoints | None, missing: str
) -> None:
    await _delete(broker, endpoints, missing)
    exchange, key = ("", missing) if missing == QUEUE.dead_letter_queue else (missing, QUEUE.name)
    inbox = await Inbox.of(broker)
    await broker.send(exchange, key, to_message(_event()))
    if exchange:
        assert (await inbox.next()).message_id == "1"
    else:
        assert await broker.dead_letter_count(QUEUE) <= 1
        async with broker.dead_letters(QUEUE) as letters:
            letter = await letters.next()
            assert letter is not None
            assert letter.message_id == "1"
            assert await letters.next() is None
        assert await _until_counted(broker)


async def _until_counted(broker: AnyBroker) -> bool:
    """What was fetched and not settled goes back."""
    for _ in range(6000):
        if await broker.dead_letter_count(QUEUE) == 1:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("kind", ["real"], indirect=True)
@pytest.mark.parametrize("exchange", [topology.EXCHANGE, topology.retry_exchange(topology.RETRY_DELAYS[0])])
async def test_an_exchange_that_was_deleted_is_declared_again_by_the_message_that_needs_it(
    broker: AnyBroker, endpoints: Endpoints | None, exchange: str
) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(_event(1))
    assert (await inbox.next()).message_id == "1"
    await _delete(broker, endpoints, exchange, exchange=True)
    key = JobCreated.type if exchange == topology.EXCHANGE else QUEUE.name
    await broker.send(exchange, key, to_message(_event(2)))
    assert (await inbox.next()).message_id == "2"


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_a_work_queue_that_was_deleted_comes_back_with_its_consumer(
    broker: AnyBroker, endpoints: Endpoints | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.WATCH_SECONDS", 0.1)
    handled: asyncio.Queue[str] = asyncio.Queue()

    async def handle(event: Event) -> None:
        await handled.put(event.id)

    async def dead_lettered(*_: object) -> None:
        """Nothing is dead-lettered here."""

    consumer = Consumer(broker, QUEUE, handle, dead_lettered)
    await consumer.start()
    await broker.publish(_event(1))
    assert await asyncio.wait_for(handled.get(), 60) == "1"
    await _delete(broker, endpoints, QUEUE.name)
    watching = asyncio.create_task(consumer.watch())
    await broker.publish(_event(2))
    assert await asyncio.wait_for(handled.get(), 60) == "2"
    watching.cancel()
    await consumer.drain(5)


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_one_queue_declared_otherwise_by_somebody_stops_neither_the_others_nor_its_consumer(
    endpoints: Endpoints | None, connect: Connect
) -> None:
    assert endpoints is not None
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(QUEUE.name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.declare_queue(QUEUE.dead_letter_queue, durable=True, arguments={"x-queue-type": "quorum"})
    broker = await connect()
    inbox = await Inbox.of(broker)
    await broker.publish(_event(1))
    assert (await inbox.next()).message_id == "1"
    other = await Inbox.of(broker, topology.PREDICTOR_STENCIL_READY)
    await broker.publish(_event(2, "studio.stencil.ready.v1"))
    assert (await other.next()).message_id == "2"


@pytest.mark.parametrize("kind", ["real"], indirect=True)
async def test_each_missing_part_of_the_topology_is_named_and_probing_costs_nothing(
    broker: AnyBroker, endpoints: Endpoints | None
) -> None:
    assert endpoints is not None

    async def handle(event: Event) -> None:
        raise AssertionError("a probe is no event")

    async def dead_lettered(*_: object) -> None:
        raise AssertionError("a probe is no dead letter")

    consumers = [Consumer(broker, queue, handle, dead_lettered) for queue in topology.QUEUES]
    for consumer in consumers:
        await consumer.start()
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        assert await missing_declarations(connection) == []
        delay = topology.retry_exchange(topology.RETRY_DELAYS[1])
        channel = await connection.channel()
        await channel.queue_delete(topology.retry_exchange(topology.RETRY_DELAYS[0]))
        await channel.queue_delete(QUEUE.dead_letter_queue)
        await (await channel.get_queue(delay, ensure=False)).unbind(delay, "")
        await (await channel.get_queue(QUEUE.name, ensure=False)).unbind(topology.EXCHANGE, JobCreated.type)
        assert sorted(await missing_declarations(connection)) == [
            f"binding of everything from {delay} to {delay}",
            f"binding of {JobCreated.type} from {topology.EXCHANGE} to {QUEUE.name}",
            f"queue {QUEUE.dead_letter_queue}",
            "queue studio.retry.1000ms",
        ]
        await channel.exchange_delete(topology.retry_exchange(topology.RETRY_DELAYS[0]))
        assert "exchange studio.retry.1000ms" in await missing_declarations(connection)
    await asyncio.gather(*(consumer.drain(5) for consumer in consumers))
    for queue in topology.QUEUES[1:]:
        assert await broker.ready_count(queue) == await broker.dead_letter_count(queue) == 0
