"""A message that the broker gave up fails its job, once; none of them stops the others."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aio_pika import Message

from studio_chassis.messaging.cloudevents import DEAD_LETTERED_AT, LAST_ERROR, to_message
from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.rabbit import SimulatedRabbit
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Limits
from studio_contracts.topology import DELIVERY_LIMIT, PREDICTOR_STENCIL_READY, STENCIL_JOB_CREATED, Queue
from studio_domain.domain_events import CancelRequested
from studio_domain.lifecycle import accept
from studio_reconciler.undelivered import LOOK_AGAIN, UndeliveredMessages

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Fixture:
    """A broker and a database in memory, and the reconciler's look at the dead letters."""

    def __init__(self) -> None:
        self.now = NOW
        self.rabbit = SimulatedRabbit()
        self.broker = SimulatedBroker(self.rabbit)
        self.database = SimulatedDatabase()
        self.jobs = JobService(SimulatedJobStore(self.database), self.broker.publish, lambda: self.now, "reconciler")
        self.undelivered = UndeliveredMessages(self.broker, self.jobs, lambda: self.now)

    def accept(self, job_id: str) -> Event:
        first = accept(
            Brief(prompt="a pond"), job_id=job_id, seed=1, traceparent="", limits=Limits(), now=NOW, by="test"
        )
        self.database.write(first._replace(events=()))
        return first.events[0]

    async def give_up(
        self, message: Message, queue: Queue = STENCIL_JOB_CREATED, reason: str = "delivery_limit"
    ) -> None:
        message.headers |= {"x-first-death-reason": reason, "x-death": [{"reason": reason, "count": 1}]}
        await self.broker.send("", queue.dead_letter_queue, message)

    async def dead_letters(self, queue: Queue = STENCIL_JOB_CREATED, number: int = 1) -> list[dict[str, Any]]:
        """Headers of that many dead letters, once they have arrived."""
        for _ in range(1000):
            if len(found := self.rabbit.messages(queue.dead_letter_queue)) >= number:
                return [dict(dead_letter.headers) for dead_letter in found]
            await asyncio.sleep(0)
        raise AssertionError("they did not arrive")


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


async def test_a_message_that_ended_its_consumers_too_often_fails_its_job(fixture: Fixture) -> None:
    event = fixture.accept("j")
    await fixture.broker.publish(event)
    dying = SimulatedBroker(fixture.rabbit)
    source = await dying.open_queue(STENCIL_JOB_CREATED)
    received = asyncio.Event()

    async def die(_: Any) -> None:
        received.set()

    await source.consume(die)
    await asyncio.wait_for(received.wait(), 60)
    for _ in range(DELIVERY_LIMIT + 1):
        dying.lose()
        dying.restore()
    await fixture.dead_letters()
    await fixture.undelivered.report()
    job = fixture.database.jobs["j"]
    assert job.error is not None
    assert (job.status, job.error.code, job.error.replayable) == ("failed", "set_aside", True)
    (dead_letter,) = await fixture.dead_letters()
    assert (dead_letter[LAST_ERROR], DEAD_LETTERED_AT in dead_letter) == ("the broker gave up: delivery_limit", True)


async def test_each_is_reported_once_and_the_job_an_operator_reopened_is_left_alone(fixture: Fixture) -> None:
    await fixture.give_up(to_message(fixture.accept("j")))
    await fixture.dead_letters()
    await fixture.undelivered.report()
    version = fixture.database.jobs["j"].version
    fixture.now += LOOK_AGAIN
    fixture.database.jobs["j"] = fixture.database.jobs["j"].model_copy(update={"status": "pending", "error": None})
    await fixture.dead_letters()
    await fixture.undelivered.report()
    assert (fixture.database.jobs["j"].status, fixture.database.jobs["j"].version) == ("pending", version)


async def test_an_old_copy_of_a_message_that_did_its_work_changes_nothing(fixture: Fixture) -> None:
    stale = fixture.accept("j").model_copy(update={"type": "studio.stencil.ready.v1"})
    await fixture.give_up(to_message(stale), PREDICTOR_STENCIL_READY)
    await fixture.dead_letters(PREDICTOR_STENCIL_READY)
    await fixture.undelivered.report()
    assert fixture.database.jobs["j"].status == "pending"


async def test_neither_a_missing_queue_nor_a_bad_message_stops_the_others(fixture: Fixture) -> None:
    event = fixture.accept("readable")
    fixture.accept("damaged")
    fixture.database.unreadable.add("damaged")
    await fixture.give_up(Message(b"\xff", headers={"ce-time": "9999-12-31T23:59:59-23:59"}))
    await fixture.give_up(to_message(event.model_copy(update={"subject": "damaged"})))
    await fixture.give_up(to_message(event.model_copy(update={"subject": "nowhere"})))
    await fixture.give_up(to_message(event))
    await fixture.dead_letters(number=4)
    fixture.rabbit.delete(PREDICTOR_STENCIL_READY.dead_letter_queue)
    await fixture.undelivered.report()
    assert fixture.database.jobs["readable"].status == "failed"
    await fixture.dead_letters(number=4)
    assert all(DEAD_LETTERED_AT in dead_letter for dead_letter in await fixture.dead_letters())


async def test_a_job_that_has_ended_since_stays_as_it_is(fixture: Fixture) -> None:
    event = fixture.accept("j")
    await fixture.jobs.apply("j", CancelRequested())
    await fixture.give_up(to_message(event))
    await fixture.dead_letters()
    fixture.now += timedelta(seconds=1)
    await fixture.undelivered.report()
    assert fixture.database.jobs["j"].status == "canceled"
