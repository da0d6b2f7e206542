"""A consumer is registered as long as it is to consume, and leaves nothing half done."""

import asyncio

import pytest
from aio_pika.exceptions import ChannelInvalidStateError, ChannelNotFoundEntity

from studio_chassis.messaging.cloudevents import ATTEMPT
from studio_chassis.messaging.consumer import IN_FLIGHT_SECONDS
from studio_chassis.messaging.dispositions import Pause
from studio_contracts.events import Event
from studio_support.recording_broker import (
    DELAY_25S,
    QUEUE,
    Message,
    RecordingBroker,
    consumer_of,
    raising,
)


async def test_a_message_longer_in_flight_than_its_time_limit_shows(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        await go_on.wait()

    seconds = [1000.0]
    monkeypatch.setattr("studio_chassis.messaging.consumer.time.monotonic", lambda: seconds[0])
    consumer = consumer_of(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await begun.wait()
    seconds[0] += IN_FLIGHT_SECONDS
    assert (consumer.oldest_in_flight_seconds, consumer.is_overdue) == (IN_FLIGHT_SECONDS, False)
    seconds[0] += 1
    assert consumer.is_overdue
    go_on.set()
    await consumer.drain(5)
    assert (consumer.oldest_in_flight_seconds, consumer.is_overdue) == (0.0, False)


async def test_what_partitions_give_beyond_the_prefetch_waits_for_a_hand(broker: RecordingBroker) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()
    go_on = asyncio.Event()

    async def handler(event: Event) -> None:
        await begun.put(event.id)
        await go_on.wait()

    consumer = consumer_of(broker, handler)
    await consumer.start()
    deliveries = [Message(broker) for _ in range(QUEUE.prefetch + 2)]
    for delivery in deliveries:
        await consumer._on_message(delivery)
    for _ in range(QUEUE.prefetch):
        await begun.get()
    await asyncio.sleep(0)
    assert begun.empty()
    go_on.set()
    for delivery in deliveries:
        await delivery.settled.wait()
    await consumer.drain(5)


async def test_what_was_lost_with_its_connection_holds_up_nothing_that_comes_after(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.processing.PUBLISH_RETRY_SECONDS", 3600.0)
    handled: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        handled.append(event.id)
        begun.set()
        await go_on.wait()

    consumer = consumer_of(broker, handler)
    await consumer.start()
    for _ in range(10):  # connections on which the same messages came, and could not be acknowledged
        lost = [Message(broker) for _ in range(QUEUE.prefetch)]
        for delivery in lost:
            await consumer._on_message(delivery)
        await begun.wait()
        for delivery in lost:
            delivery.was_requeued = True
    again = [Message(broker) for _ in range(QUEUE.prefetch)]
    for delivery in again:
        await consumer._on_message(delivery)
    go_on.set()
    async with asyncio.timeout(60):
        for delivery in again:
            await delivery.settled.wait()
    await consumer.drain(60)
    assert len(handled) == 2 * QUEUE.prefetch, "those that had begun, and those that came last"
    assert broker.calls.count("ack") == QUEUE.prefetch
    assert not any(call.startswith("reject") for call in broker.calls)


async def test_a_pause_stops_consuming_and_defers_the_message_uncounted(broker: RecordingBroker) -> None:
    consumer = consumer_of(broker, raising(Pause("no credit")))
    await consumer.start()
    broker.calls.clear()
    delivery = Message(broker, 3)
    await consumer._on_message(delivery)
    await delivery.settled.wait()
    await broker.canceled.wait()
    assert sorted(broker.calls) == ["ack", "cancel", f"send {DELAY_25S} {QUEUE.name}"]
    assert broker.calls.index("ack") > broker.calls.index(f"send {DELAY_25S} {QUEUE.name}")
    assert broker.copies[0].headers[ATTEMPT] == 3
    assert (consumer.paused_because, consumer.is_consuming) == ("no credit", True)
    await consumer.drain(1)


async def test_a_paused_consumer_resumes_by_itself_once_the_broker_lets_it(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("studio_chassis.messaging.consumer.RECONNECT_SECONDS", 0.0)
    consumer = consumer_of(broker, raising(Pause("no credit")))
    await consumer.start()
    broker.consuming.clear()
    broker.consume_errors = [ChannelInvalidStateError(), ConnectionResetError()]
    delivery = Message(broker)
    await consumer._on_message(delivery)
    await asyncio.wait_for(broker.consuming.wait(), 60)
    await delivery.settled.wait()
    assert (consumer.paused_because, consumer.is_consuming, broker.consume_errors) == (None, True, [])
    await consumer.drain(1)


async def test_a_consumer_that_gets_nothing_registers_again_over_a_new_channel(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.WATCH_SECONDS", 0.0)
    consumer = consumer_of(broker, raising(None))
    await consumer.start()
    watching = asyncio.create_task(consumer.watch())
    await asyncio.wait_for(broker.closed.wait(), 60)
    assert broker.calls[:5] == [f"open {QUEUE.name}", "consume", f"open {QUEUE.name}", "consume", "cancel"]
    assert consumer.is_consuming
    watching.cancel()


async def test_a_consumer_with_a_message_in_flight_keeps_its_channel(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.WATCH_SECONDS", 0.0)
    go_on = asyncio.Event()

    async def handler(event: Event) -> None:
        await go_on.wait()

    consumer = consumer_of(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    watching = asyncio.create_task(consumer.watch())
    for _ in range(20):
        await asyncio.sleep(0)
    assert broker.calls == [f"open {QUEUE.name}", "consume"]
    go_on.set()
    await asyncio.wait_for(broker.closed.wait(), 60)
    watching.cancel()


async def test_a_channel_closes_only_once_its_messages_are_settled(broker: RecordingBroker) -> None:
    go_on = asyncio.Event()

    async def handler(event: Event) -> None:
        await go_on.wait()

    consumer = consumer_of(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await consumer._cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert broker.calls[-1] == "cancel"
    go_on.set()
    await asyncio.wait_for(broker.closed.wait(), 60)
    assert broker.calls[-2:] == ["ack", "close"]


async def test_a_registration_that_ends_after_a_pause_began_is_given_up(broker: RecordingBroker) -> None:
    consumer = consumer_of(broker, raising(None))
    await consumer.start()
    broker.during_consume = consumer._cancel
    await consumer._register()
    assert broker.calls.count("cancel") == 2
    assert not consumer.is_consuming


async def test_a_channel_that_refused_the_consumer_is_replaced(
    broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.RECONNECT_SECONDS", 0.0)
    broker.consume_errors = [ChannelNotFoundEntity(404, "no queue")]
    consumer = consumer_of(broker, raising(None))
    await consumer.start()
    assert [call for call in broker.calls if call != "close"] == [f"open {QUEUE.name}", f"open {QUEUE.name}", "consume"]
    await asyncio.wait_for(broker.closed.wait(), 60)
    assert consumer.is_consuming


async def test_draining_takes_no_more_and_finishes_what_is_in_flight(broker: RecordingBroker) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        await go_on.wait()

    consumer = consumer_of(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await begun.wait()
    draining = asyncio.create_task(consumer.drain(60))
    await broker.canceled.wait()
    assert not draining.done()
    go_on.set()
    await draining
    assert broker.calls[-2:] == ["cancel", "ack"]
    assert not consumer.is_consuming


async def test_what_is_not_done_within_the_grace_is_cancelled_and_not_acknowledged(broker: RecordingBroker) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    consumer = consumer_of(broker, handler)
    await consumer.start()
    await consumer._on_message(Message(broker))
    await begun.wait()
    await consumer.drain(0.001)
    assert cancelled.is_set()
    assert broker.calls[-1] == "cancel"
