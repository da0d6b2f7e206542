"""What every broker does about queues and exchanges that were deleted or declared otherwise."""

import asyncio

import aio_pika
import pytest

from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.inspection import missing_declarations
from studio_chassis.testing.broker import SimulatedBroker
from studio_contracts import topology
from studio_contracts.events import Event, JobCreated
from studio_local.infrastructure import Endpoints
from studio_support.broker_inbox import QUEUE, AnyBroker, Connect, Inbox, numbered_event


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
    await broker.send(exchange, key, to_message(numbered_event()))
    if exchange:
        assert (await inbox.next()).message_id == "1"
    else:
        assert await broker.dead_letter_count(QUEUE) <= 1
        async with broker.dead_letters(QUEUE) as dead_letters:
            dead_letter = await dead_letters.next()
            assert dead_letter is not None
            assert dead_letter.message_id == "1"
            assert await dead_letters.next() is None
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
    await broker.publish(numbered_event(1))
    assert (await inbox.next()).message_id == "1"
    await _delete(broker, endpoints, exchange, exchange=True)
    key = JobCreated.type if exchange == topology.EXCHANGE else QUEUE.name
    await broker.send(exchange, key, to_message(numbered_event(2)))
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
    await broker.publish(numbered_event(1))
    assert await asyncio.wait_for(handled.get(), 60) == "1"
    await _delete(broker, endpoints, QUEUE.name)
    watching = asyncio.create_task(consumer.watch())
    await broker.publish(numbered_event(2))
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
    await broker.publish(numbered_event(1))
    assert (await inbox.next()).message_id == "1"
    other = await Inbox.of(broker, topology.PREDICTOR_STENCIL_READY)
    await broker.publish(numbered_event(2, "studio.stencil.ready.v1"))
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
        assert await missing_declarations(connection, 1) == []
        delay = topology.retry_exchange(topology.RETRY_DELAYS[1])
        channel = await connection.channel()
        await channel.queue_delete(topology.retry_exchange(topology.RETRY_DELAYS[0]))
        await channel.queue_delete(QUEUE.dead_letter_queue)
        await (await channel.get_queue(delay, ensure=False)).unbind(delay, "")
        await (await channel.get_queue(QUEUE.name, ensure=False)).unbind(topology.EXCHANGE, JobCreated.type)
        assert sorted(await missing_declarations(connection, 1)) == [
            f"binding of everything from {delay} to {delay}",
            f"binding of {JobCreated.type} from {topology.EXCHANGE} to {QUEUE.name}",
            f"queue {QUEUE.dead_letter_queue}",
            "queue studio.retry.1000ms",
        ]
        await channel.exchange_delete(topology.retry_exchange(topology.RETRY_DELAYS[0]))
        assert "exchange studio.retry.1000ms" in await missing_declarations(connection, 1)
    await asyncio.gather(*(consumer.drain(5) for consumer in consumers))
    for queue in topology.QUEUES[1:]:
        assert await broker.ready_count(queue) == await broker.dead_letter_count(queue) == 0
