"""What becomes of a message, whatever its handler says: nothing is acknowledged before its outcome is safe."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aio_pika
import pytest
from aio_pika.exceptions import ChannelInvalidStateError

from studio_chassis.errors import JobConflict, JobNotFound, Unavailable
from studio_chassis.messaging.broker import Broker
from studio_chassis.messaging.cloudevents import ATTEMPT, DEFERRALS, LAST_ERROR, to_message
from studio_chassis.messaging.consumer import Consumer, Handler
from studio_chassis.messaging.dispositions import Pause, Reject, Retry
from studio_chassis.persistence.jobs import Jobs
from studio_contracts.events import Event, JobCreated
from studio_contracts.topology import MAX_ATTEMPTS, STENCIL_JOB_CREATED, Queue
from studio_domain.domain_events import WorkFailed

QUEUE = STENCIL_JOB_CREATED
EVENT = Event(
    id="j:job.created.v1",
    type=JobCreated.type,
    source="/studio/test",
    subject="j",
    time=datetime(2026, 11, 22, tzinfo=UTC),
    traceparent="",
    data={},
)
ROOM_1S, ROOM_5S, ROOM_25S, ROOM_120S = (f"studio.retry.{ms}ms" for ms in (1000, 5000, 25000, 120000))


class World:
    """Broker, queue, message and jobs at once: writes down in order what the consumer asks of each."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.copies: list[aio_pika.Message] = []
        self.failures: list[WorkFailed] = []
        self.broker_trouble: Exception | None = None
        self.job_trouble: Exception | None = None
        self.consume_trouble: list[Exception] = []
        self.callback: Callable[[Any], Awaitable[None]] | None = None
        self.is_connected = True
        self.consuming, self.canceled = asyncio.Event(), asyncio.Event()

    # the broker
    async def open_queue(self, queue: Queue) -> "World":
        self.story.append(f"open {queue.name}")
        return self

    async def send(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        if self.broker_trouble is not None:
            raise self.broker_trouble
        self.story.append(f"send {exchange or 'directly'} {routing_key}")
        self.copies.append(message)

    # the queue
    async def consume(self, callback: Callable[[Any], Awaitable[None]]) -> str:
        if self.consume_trouble:
            raise self.consume_trouble.pop()
        self.story.append("consume")
        self.callback = callback
        self.consuming.set()
        return "tag"

    async def cancel(self, tag: str) -> None:
        self.story.append(f"cancel {tag}")
        self.consuming.clear()
        self.canceled.set()

    # the jobs
    async def apply(self, job_id: str, event: WorkFailed) -> None:
        if self.job_trouble is not None:
            raise self.job_trouble
        self.story.append(f"fail {job_id}")
        self.failures.append(event)


class Delivery:
    """A message in hand."""

    def __init__(self, world: World, attempt: object = None, **headers: Any) -> None:
        message = to_message(EVENT)
        self._world = world
        self.body, self.content_type, self.type = message.body, message.content_type, message.type
        self.message_id, self.correlation_id = message.message_id, message.correlation_id
        self.headers = {**message.headers, **headers} | ({} if attempt is None else {ATTEMPT: attempt})
        self.settled = asyncio.Event()

    async def ack(self) -> None:
        self._world.story.append("ack")
        self.settled.set()

    async def reject(self, requeue: bool = False) -> None:
        self._world.story.append(f"reject requeue={requeue}")
        self.settled.set()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.PUBLISH_RETRY_SECONDS", 0.0)


@pytest.fixture
def world() -> World:
    return World()


def _consumer(world: World, handler: Handler) -> Consumer:
    return Consumer(cast(Broker, world), cast(Jobs, world), QUEUE, handler)


def _raising(error: Exception | None) -> Handler:
    async def handler(event: Event) -> None:
        if error is not None:
            raise error

    return handler


async def _deliver(world: World, handler: Handler, delivery: Delivery | None = None) -> list[str]:
    """Hand over one message and tell what became of it."""
    delivery = delivery or Delivery(world)
    consumer = _consumer(world, handler)
    await consumer.start()
    world.story.clear()
    assert world.callback is not None
    await world.callback(delivery)
    await delivery.settled.wait()
    await consumer.drain(1)
    return world.story[: world.story.index("cancel tag")] if "cancel tag" in world.story else world.story


async def test_a_message_is_acknowledged_after_its_handler_is_done(world: World) -> None:
    async def handler(event: Event) -> None:
        assert event == EVENT
        world.story.append("work")

    assert await _deliver(world, handler) == ["work", "ack"]


OUTCOMES: dict[str, tuple[Exception, int, str, int]] = {
    "failure": (ValueError("boom"), 1, ROOM_1S, 2),
    "second failure": (ValueError("boom"), 2, ROOM_5S, 3),
    "counted retry": (Retry("later"), 2, ROOM_5S, 3),
    "counted retry not before": (Retry("later", after=timedelta(seconds=100)), 1, ROOM_120S, 2),
    "uncounted retry": (Retry("later", counted=False), 2, ROOM_5S, 2),
    "uncounted retry not before": (Retry("later", after=timedelta(seconds=3), counted=False), 1, ROOM_5S, 1),
    "uncounted retry after the last attempt": (Retry("later", counted=False), MAX_ATTEMPTS, "studio.retry.600000ms", 6),
    "outage": (Unavailable("database: away"), 1, ROOM_1S, 1),
    "time-out": (TimeoutError(), 1, ROOM_1S, 2),
}


@pytest.mark.parametrize(("error", "attempt", "room", "next_attempt"), OUTCOMES.values(), ids=OUTCOMES)
async def test_what_can_be_retried_waits_in_the_broker_before_it_is_acknowledged(
    world: World, error: Exception, attempt: int, room: str, next_attempt: int
) -> None:
    story = await _deliver(world, _raising(error), Delivery(world, attempt))
    assert story == [f"send {room} {QUEUE.name}", "ack"]
    copy = world.copies[0]
    assert (copy.headers[ATTEMPT], copy.message_id, copy.body) == (next_attempt, EVENT.id, b"{}")
    assert str(error) in str(copy.headers[LAST_ERROR])
    assert copy.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_the_longer_an_outage_lasts_the_longer_a_message_waits_but_not_much(world: World) -> None:
    """Each wait may leave a copy behind when its confirm is lost: at a steady pace they would multiply without end."""
    headers: dict[str, Any] = {}
    for room in (ROOM_1S, ROOM_5S, ROOM_25S, ROOM_25S):
        assert await _deliver(world, _raising(Unavailable("away")), Delivery(world, 1, **headers)) == [
            f"send {room} {QUEUE.name}",
            "ack",
        ]
        headers = {DEFERRALS: world.copies[-1].headers[DEFERRALS]}


@pytest.mark.parametrize(
    ("error", "attempt"),
    [(Reject("no use"), 1), (JobNotFound("j"), 1), (Retry("later"), MAX_ATTEMPTS), (ValueError("boom"), MAX_ATTEMPTS)],
    ids=repr,
)
async def test_what_cannot_be_retried_becomes_a_dead_letter_before_its_job_fails(
    world: World, error: Exception, attempt: int
) -> None:
    story = await _deliver(world, _raising(error), Delivery(world, attempt))
    assert story == [f"send directly {QUEUE.dead_letter_queue}", "fail j", "ack"]
    assert world.failures[0].replayable
    headers = world.copies[0].headers
    assert (headers[ATTEMPT], str(error) in str(headers[LAST_ERROR])) == (attempt, True)


async def test_a_dead_letter_without_a_job_is_kept_all_the_same(world: World) -> None:
    world.job_trouble = JobNotFound("j")
    assert await _deliver(world, _raising(Reject("no use"))) == [f"send directly {QUEUE.dead_letter_queue}", "ack"]


async def test_an_unreadable_message_becomes_a_dead_letter_and_no_job_is_touched(world: World) -> None:
    delivery = Delivery(world, **{"ce-type": "studio.job.exploded.v1"})
    assert await _deliver(world, _raising(None), delivery) == [f"send directly {QUEUE.dead_letter_queue}", "ack"]
    assert "unknown event type" in str(world.copies[0].headers[LAST_ERROR])


@pytest.mark.parametrize("error", [Retry("later"), Reject("no use"), Unavailable("away")], ids=repr)
async def test_a_message_whose_copy_cannot_be_sent_goes_back_to_its_queue(world: World, error: Exception) -> None:
    world.broker_trouble = Unavailable("broker: not connected")
    assert await _deliver(world, _raising(error)) == ["reject requeue=True"]


@pytest.mark.parametrize("trouble", [Unavailable("away"), JobConflict("j"), ValueError("unreadable job")], ids=repr)
async def test_a_message_whose_job_cannot_be_told_goes_back_to_its_queue(world: World, trouble: Exception) -> None:
    world.job_trouble = trouble
    story = await _deliver(world, _raising(Reject("no use")))
    assert story == [f"send directly {QUEUE.dead_letter_queue}", "reject requeue=True"]


@pytest.mark.parametrize("attempt", [0, -5, "many", True, None])
async def test_a_senseless_count_of_attempts_counts_as_the_first(world: World, attempt: object) -> None:
    await _deliver(world, _raising(Retry("later")), Delivery(world, attempt))
    assert world.copies[0].headers[ATTEMPT] == 2


async def test_headers_of_the_broker_do_not_pile_up_on_a_copy(world: World) -> None:
    await _deliver(world, _raising(Retry("x" * 5000)), Delivery(world, **{"x-death": [{"count": 1}], "mine": "kept"}))
    headers = world.copies[0].headers
    assert ("x-death" in headers, headers["mine"], len(str(headers[LAST_ERROR]))) == (False, "kept", 500)


async def test_a_pause_stops_consuming_and_puts_the_message_off_uncounted(world: World) -> None:
    consumer = _consumer(world, _raising(Pause("no credit")))
    await consumer.start()
    world.story.clear()
    delivery = Delivery(world, 3)
    await consumer._on_message(cast(Any, delivery))
    await delivery.settled.wait()
    await world.canceled.wait()
    assert sorted(world.story) == ["ack", "cancel tag", f"send {ROOM_25S} {QUEUE.name}"]
    assert world.story.index("ack") > world.story.index(f"send {ROOM_25S} {QUEUE.name}")
    assert world.copies[0].headers[ATTEMPT] == 3
    assert (consumer.paused_because, consumer.is_consuming) == ("no credit", True)
    await consumer.drain(1)


async def test_a_paused_consumer_resumes_by_itself_once_the_broker_lets_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("studio_chassis.messaging.consumer.RECONNECT_SECONDS", 0.0)
    consumer = _consumer(world, _raising(Pause("no credit")))
    await consumer.start()
    world.consuming.clear()
    world.consume_trouble = [ChannelInvalidStateError(), ConnectionResetError()]
    delivery = Delivery(world)
    await consumer._on_message(cast(Any, delivery))
    await asyncio.wait_for(world.consuming.wait(), 5)
    await delivery.settled.wait()
    assert (consumer.paused_because, consumer.is_consuming, world.consume_trouble) == (None, True, [])
    await consumer.drain(1)


async def test_draining_takes_no_more_and_finishes_what_is_in_hand(world: World) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        await go_on.wait()

    consumer = _consumer(world, handler)
    await consumer.start()
    await consumer._on_message(cast(Any, Delivery(world)))
    await begun.wait()
    draining = asyncio.create_task(consumer.drain(60))
    await world.canceled.wait()
    assert not draining.done()
    go_on.set()
    await draining
    assert world.story[-2:] == ["cancel tag", "ack"]
    assert not consumer.is_consuming


async def test_what_is_not_done_within_the_grace_is_cancelled_and_not_acknowledged(world: World) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    consumer = _consumer(world, handler)
    await consumer.start()
    await consumer._on_message(cast(Any, Delivery(world)))
    await begun.wait()
    await consumer.drain(0.001)
    assert cancelled.is_set()
    assert world.story[-1] == "cancel tag"


async def test_a_handler_without_end_is_stopped_and_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_chassis.messaging.consumer.HANDLER_SECONDS", 0.001)

    async def handler(event: Event) -> None:
        await asyncio.Event().wait()

    assert await _deliver(world, handler) == [f"send {ROOM_1S} {QUEUE.name}", "ack"]
    assert "TimeoutError" in str(world.copies[0].headers[LAST_ERROR])
