"""What every broker does, as far as consumers rely on it."""

import asyncio
import time
from typing import Any

import pytest
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.cloudevents import from_message, to_message
from studio_chassis.testing.broker import SimulatedBroker
from studio_contracts import topology
from studio_contracts.events import JobCompleted, JobCreated
from studio_support.broker_inbox import QUEUE, AnyBroker, Connect, Inbox, numbered_event


async def test_an_event_reaches_the_queue_of_its_type_whole(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(numbered_event())
    message = await inbox.next()
    assert from_message(message.headers, message.body) == numbered_event()
    assert (message.message_id, message.correlation_id, message.type) == ("1", "job-1", JobCreated.type)
    await message.ack()


async def test_an_event_without_a_consumer_is_published_without_an_error(broker: AnyBroker) -> None:
    await broker.publish(numbered_event(type_=JobCompleted.type))


async def test_a_message_for_no_queue_is_an_error(broker: AnyBroker) -> None:
    with pytest.raises(Unavailable):
        await broker.send("", "no.such.queue", to_message(numbered_event()))


async def test_a_consumer_holds_no_more_than_its_prefetch(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    for number in range(QUEUE.prefetch + 1):
        await broker.publish(numbered_event(number))
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
        await broker.publish(numbered_event(number))
    await becomes(QUEUE.prefetch + 3)
    inbox = await Inbox.of(broker)
    held = [await inbox.next() for _ in range(QUEUE.prefetch)]
    await becomes(3)
    assert len(held) == QUEUE.prefetch


async def test_a_requeued_message_is_delivered_again_and_marked_so(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(numbered_event())
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
    await broker.publish(numbered_event())
    for _ in range(topology.DELIVERY_LIMIT + 1):
        await (await inbox.next()).reject(requeue=True)
    assert inbox.messages.empty()
    dead_letters = await _dead_letters(broker, dead)
    dead_letter = await dead_letters.next()
    assert (dead_letter.headers["ce-id"], dead_letter.headers["x-first-death-reason"]) == ("1", "delivery_limit")


async def _dead_letters(broker: AnyBroker, dead: topology.Queue) -> Inbox:
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
    await broker.send(topology.retry_exchange(topology.RETRY_DELAYS[0]), QUEUE.name, to_message(numbered_event()))
    message = await inbox.next()
    assert from_message(message.headers, message.body) == numbered_event()
    await message.ack()


async def test_a_canceled_consumer_gets_nothing_and_may_settle_what_it_holds(broker: AnyBroker) -> None:
    inbox = Inbox()
    queue = await broker.open_queue(QUEUE)
    await queue.consume(inbox.messages.put)
    await broker.publish(numbered_event(1))
    held = await inbox.next()
    await queue.cancel()
    await broker.publish(numbered_event(2))
    await held.ack()
    other = await Inbox.of(broker)
    assert (await other.next()).message_id == "2"
    assert inbox.messages.empty()


async def test_a_message_waits_its_time_and_delays_no_other(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    delay = topology.RETRY_DELAYS[0]
    started = time.monotonic()
    await broker.send(topology.retry_exchange(delay), QUEUE.name, to_message(numbered_event(1)))
    await broker.publish(numbered_event(2))
    first, second = await inbox.next(), await inbox.next()
    assert (first.message_id, second.message_id) == ("2", "1")
    assert time.monotonic() - started >= delay.total_seconds() * 0.99
    assert not second.redelivered  # waiting is no delivery


async def test_each_message_goes_to_one_of_several_consumers(connect: Connect) -> None:
    brokers = [await connect() for _ in range(2)]
    inboxes = [await Inbox.of(broker) for broker in brokers]
    for number in range(2 * QUEUE.prefetch):
        await brokers[0].publish(numbered_event(number))
    held = [await inbox.next() for inbox in inboxes for _ in range(QUEUE.prefetch)]
    assert sorted(message.message_id for message in held) == [str(number) for number in range(2 * QUEUE.prefetch)]


async def test_what_a_lost_consumer_held_comes_to_another_but_not_what_it_had_done(connect: Connect) -> None:
    broker, dying = await connect(), await connect()
    inbox = await Inbox.of(dying)
    for number in (1, 2):
        await broker.publish(numbered_event(number))
    done, _ = await inbox.next(), await inbox.next()
    await done.ack()
    await dying.close()
    heir = await Inbox.of(broker)
    message = await heir.next()
    assert message.message_id != done.message_id
    assert message.redelivered
    assert message.headers["x-delivery-count"] == 1
    await message.ack()
    await broker.publish(numbered_event(3))
    assert (await heir.next()).message_id == "3"


async def test_a_connection_that_was_lost_comes_back_with_its_consumer(broker: AnyBroker) -> None:
    inbox = await Inbox.of(broker)
    await broker.publish(numbered_event())
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
