"""A busy queue in several partitions, on a real broker: everything about it is as if it were one queue."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aio_pika
import pytest

from studio_chassis.messaging.broker import Broker, open_broker
from studio_chassis.messaging.cloudevents import ATTEMPT, to_message
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.dispositions import Reject, Retry
from studio_chassis.messaging.inspection import existing_parts, inspect_queue, missing_declarations
from studio_contracts import topology
from studio_contracts.events import Event, JobCreated
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_support.broker_inbox import QUEUE, Inbox, numbered_event

N = 3
JOBS = 60
PARTS = QUEUE.parts(N)
PATIENCE_SECONDS = 60


@pytest.fixture
def endpoints(infrastructure: Infrastructure) -> Iterator[Endpoints]:
    with infrastructure.isolated() as own:
        yield own


Connect = Callable[[int], Awaitable[Broker]]


@pytest.fixture
async def connect(endpoints: Endpoints) -> AsyncIterator[Connect]:
    """Opens connections of services that have this number of partitions in their settings."""
    async with AsyncExitStack() as opened:

        async def open_one(partitions: int) -> Broker:
            broker = await opened.enter_async_context(open_broker(endpoints.rabbitmq_url, "test", "test", partitions))
            await asyncio.wait_for(broker.ready.wait(), PATIENCE_SECONDS)
            return broker

        yield open_one


@asynccontextmanager
async def consuming(
    broker: Broker, handler: Callable[[Event], Awaitable[None]], queue: topology.Queue = QUEUE
) -> AsyncIterator[Consumer]:
    async def dead_lettered(*_: object) -> None:
        """No job has to hear of it here."""

    consumer = Consumer(broker, queue, handler, dead_lettered)
    await asyncio.wait_for(consumer.start(), PATIENCE_SECONDS)
    yield consumer
    await consumer.drain(5)


async def counts(endpoints: Endpoints) -> dict[str, Any]:
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        return await existing_parts(connection, QUEUE)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not happen in time")


def event_of(job: int, number: int) -> Event:
    return numbered_event(job).model_copy(update={"id": f"{job}:{number}"})


async def test_what_belongs_to_a_job_gets_into_one_partition_and_all_get_their_share(connect: Connect) -> None:
    broker = await connect(N)
    for number in range(3):
        for job in range(JOBS):
            await broker.publish(event_of(job, number))
    await eventually(lambda: _counted(broker, 3 * JOBS))
    inbox = await Inbox.of(broker)
    came_by: dict[str, set[str]] = defaultdict(set)
    for _ in range(3 * JOBS):
        message = await inbox.next()
        came_by[message.headers["ce-subject"]].add(message.consumer_tag)
        await message.ack()
    assert all(len(parts) == 1 for parts in came_by.values())
    shares = [sum(parts == {part} for parts in came_by.values()) for part in PARTS]
    assert sum(shares) == JOBS
    assert min(shares) > JOBS / N / 3, shares
    assert await broker.ready_count(QUEUE) == 0


async def _counted(broker: Broker, count: int) -> bool:
    return await broker.ready_count(QUEUE) == count


async def test_no_more_messages_are_in_work_at_a_time_than_of_one_queue(connect: Connect) -> None:
    broker = await connect(16)
    at_work, most, handled = 0, 0, 0

    async def handle(_: Event) -> None:
        nonlocal at_work, most, handled
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.05)
        at_work -= 1
        handled += 1

    for job in range(JOBS):
        await broker.publish(numbered_event(job))
    async with consuming(broker, handle):

        async def all_are_handled() -> bool:
            return handled == JOBS

        await eventually(all_are_handled)
    assert most == QUEUE.prefetch


async def test_a_retry_returns_to_its_partition_and_a_dead_letter_to_the_one_queue_of_them(
    connect: Connect, endpoints: Endpoints
) -> None:
    broker = await connect(N)
    tried: dict[str, list[str]] = defaultdict(list)
    partition_of: dict[str, str] = {}

    async def handle(event: Event) -> None:
        tried[event.subject].append(event.id)
        if len(tried[event.subject]) == 1:
            raise Retry("once more")
        raise Reject("no use")

    async with consuming(broker, handle) as consumer:
        process = consumer._processor.process

        async def watched(message: Any) -> None:
            part = partition_of.setdefault(message.headers["ce-subject"], message.consumer_tag)
            assert message.consumer_tag == part
            assert message.headers.get(ATTEMPT, 1) == 1 + len(tried[message.headers["ce-subject"]])
            await process(message)

        consumer._processor.process = watched  # type: ignore[method-assign]
        for job in range(12):
            await broker.publish(numbered_event(job))

        async def all_are_dead() -> bool:
            return await broker.dead_letter_count(QUEUE) == 12

        await eventually(all_are_dead)
    assert all(len(ids) == 2 for ids in tried.values())
    assert set(partition_of.values()) == set(PARTS)
    assert all(found.message_count == 0 for found in (await counts(endpoints)).values())


async def test_a_message_that_no_partition_takes_is_an_error_until_it_is_declared_again(
    connect: Connect, endpoints: Endpoints
) -> None:
    broker = await connect(N)
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        channel = await connection.channel()
        for part in PARTS:
            await channel.queue_delete(part)
    await broker.publish(numbered_event())
    await eventually(lambda: _counted(broker, 1))


async def test_all_of_it_is_declared_and_what_is_missing_is_named(connect: Connect, endpoints: Endpoints) -> None:
    broker = await connect(N)

    async def handle(_: Event) -> None:
        raise AssertionError("a probe is no event")

    async with AsyncExitStack() as stack:
        for queue in topology.QUEUES:
            await stack.enter_async_context(consuming(broker, handle, queue))
        async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
            assert await missing_declarations(connection, N) == []
            channel = await connection.channel()
            exchange = await channel.get_exchange(QUEUE.name, ensure=False)
            await exchange.unbind(topology.EXCHANGE, JobCreated.type)
            missing = [f"binding of {JobCreated.type} from {topology.EXCHANGE} to {QUEUE.name}"]
            assert await missing_declarations(connection, N) == missing
            await channel.exchange_delete(QUEUE.name)
            assert await missing_declarations(connection, N) == [f"exchange {QUEUE.name}"]
            assert f"queue {QUEUE.name}" in await missing_declarations(connection, 1)


@pytest.mark.parametrize(("before", "after"), [(1, N), (N, 1), (N, 5), (5, N), (64, 2)])
async def test_another_number_of_partitions_loses_nothing_and_leaves_nothing_waiting(
    connect: Connect, endpoints: Endpoints, before: int, after: int
) -> None:
    """Messages wait in the queues of the number before, and one of them to be retried."""
    former = await connect(before)
    await former.open_queue(QUEUE)
    for job in range(JOBS):
        await former.publish(numbered_event(job))
    last_part = QUEUE.parts(before)[-1]
    delay = topology.retry_exchange(topology.RETRY_DELAYS[0])
    await former.send(delay, last_part, to_message(numbered_event(JOBS)))
    await former.close()

    broker = await connect(after)
    handled: list[str] = []

    async def handle(event: Event) -> None:
        handled.append(event.subject)

    wanted = {f"job-{job}" for job in range(2 * JOBS)}

    async def all_are_handled() -> bool:
        return set(handled) == wanted

    async with consuming(broker, handle):
        for job in range(JOBS + 1, 2 * JOBS):
            await broker.publish(numbered_event(job))
        await eventually(all_are_handled)
        assert len(handled) == len(wanted), "each once: the queues of the number before get nothing new"
        found = await counts(endpoints)
        assert set(found) >= set(QUEUE.parts(after)), "and all are consumed"
        assert all(one.consumer_count == 1 for one in found.values())


async def test_services_of_both_numbers_at_work_together_lose_nothing(connect: Connect) -> None:
    """As while a change is rolled out; a message may then come twice, which every handler bears."""
    handled: set[str] = set()

    async def handle(event: Event) -> None:
        handled.add(event.subject)

    async def all_are_handled() -> bool:
        return len(handled) == JOBS

    one, several = await connect(1), None
    async with consuming(one, handle):
        for job in range(JOBS):
            await one.publish(numbered_event(job))
            if job == JOBS // 2:
                several = await connect(N)
                await several.open_queue(QUEUE)
        async with consuming(several or one, handle):
            await eventually(all_are_handled)


async def test_a_broker_that_forgot_everything_gets_its_partitions_back(connect: Connect, endpoints: Endpoints) -> None:
    broker = await connect(N)
    inbox = await Inbox.of(broker)
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.exchange_delete(QUEUE.name)
        await channel.exchange_delete(topology.EXCHANGE)
        await broker.publish(numbered_event())
        assert (await inbox.next()).consumer_tag in PARTS
        assert await inspect_queue(connection, QUEUE.name) is None


async def test_all_partitions_are_consumed_again_after_the_connection_broke(
    connect: Connect, endpoints: Endpoints
) -> None:
    broker = await connect(N)
    inbox = await Inbox.of(broker)
    assert broker._connection is not None
    assert broker._connection.transport is not None
    await broker._connection.transport.connection.close(ConnectionResetError("cut"))

    async def is_back() -> bool:
        found = await counts(endpoints)
        return broker.is_connected and set(found) == set(PARTS) and all(one.consumer_count for one in found.values())

    await eventually(lambda: _is_lost(broker))
    await eventually(is_back)
    for job in range(JOBS):
        await broker.publish(numbered_event(job))
    came_by = set()
    for _ in range(JOBS):
        message = await inbox.next()
        came_by.add(message.consumer_tag)
        await message.ack()
    assert came_by == set(PARTS)


async def _is_lost(broker: Broker) -> bool:
    return not broker.is_connected
