"""Whom the rescuer looks after, and how often."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.job_service import JobService
from studio_chassis.replicate.errors import OutcomeUnknown
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Job, Limits
from studio_domain.domain_events import RescueRequested, WebhookReceived
from studio_domain.lifecycle import accept
from studio_domain.prediction import slim_prediction
from studio_reconciler.rescue import Rescuer
from studio_support.job_shapes import SHAPES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STUCK = timedelta(minutes=5)


class RescuerFixture:
    """A rescuer with a clock to be set, a provider that never answers, and a record of what was published."""

    def __init__(self) -> None:
        self.now = NOW
        self.database = SimulatedDatabase()
        self.published: list[Event] = []
        self.asked: list[str] = []
        self.answer: dict[str, Any] | None = None
        self.refuses: set[str] = set()
        store = SimulatedJobStore(self.database)
        self.jobs = jobs = JobService(store, self._publish, lambda: self.now, "reconciler")
        provider: Any = SimpleNamespace(read=self._read)
        self.rescuer = Rescuer(jobs, store, provider, lambda: self.now)

    async def _publish(self, event: Event) -> None:
        if event.subject in self.refuses:
            raise Unavailable("this one is never taken")
        self.published.append(event)

    async def _read(self, prediction_id: str) -> dict[str, Any]:
        self.asked.append(prediction_id)
        if self.answer is None:
            raise OutcomeUnknown("no answer")
        return self.answer

    def add(self, job: Job, **changes: Any) -> None:
        self.database.jobs[job.id] = job.model_copy(update=changes)

    def accept(self, job_id: str, at: datetime) -> None:
        limits = Limits(deadline_seconds=10**6)
        brief = Brief(prompt="a pond")
        first = accept(brief, job_id=job_id, seed=1, traceparent="", limits=limits, now=at, by="test")
        self.database.write(first._replace(events=()))

    async def watch(self, minutes: int) -> dict[int, int]:
        """How many messages were published in each minute, with one round a minute."""
        counts = {}
        for minute in range(minutes):
            self.now, before = NOW + timedelta(minutes=minute), len(self.published)
            await self.rescuer.rescue_stuck(STUCK)
            if len(self.published) > before:
                counts[minute] = len(self.published) - before
        return counts


async def test_rescues_of_a_job_that_never_moves_become_rarer() -> None:
    fixture = RescuerFixture()
    fixture.accept("j", NOW)
    assert await fixture.watch(90) == {6: 1, 16: 1, 36: 1, 56: 1, 76: 1}


async def test_polls_of_a_running_prediction_become_rarer() -> None:
    fixture = RescuerFixture()
    fixture.add(SHAPES["running"], updated_at=NOW)
    await fixture.watch(40)
    assert len(fixture.asked) == 3


async def test_a_thousand_hopeless_jobs_do_not_starve_the_next() -> None:
    fixture = RescuerFixture()
    for number in range(1000):
        fixture.accept(f"hopeless-{number}", NOW - timedelta(hours=2))
        fixture.refuses.add(f"hopeless-{number}")
    fixture.accept("the 1001st", NOW - timedelta(hours=1))
    await fixture.rescuer.rescue_stuck(STUCK)
    assert [event.subject for event in fixture.published] == ["the 1001st"]
    await fixture.rescuer.rescue_stuck(STUCK)
    assert all(job.rescues == 1 for job in fixture.database.jobs.values()), "no job is rescued twice at the same time"


async def test_two_concurrent_rescuers_rescue_a_job_once() -> None:
    fixture = RescuerFixture()
    fixture.add(SHAPES["running"], updated_at=NOW)
    fixture.now = NOW + STUCK + timedelta(seconds=1)
    await asyncio.gather(*(fixture.rescuer.rescue_stuck(STUCK) for _ in range(10)))
    assert fixture.database.jobs[SHAPES["running"].id].rescues == 1
    assert len(fixture.asked) == 1


async def test_a_polled_prediction_is_recorded_like_a_webhook() -> None:
    body = {"id": "p0.1", "status": "succeeded", "output": ["https://replicate.delivery/a.png"], "logs": "long"}
    asking, notified = RescuerFixture(), RescuerFixture()
    for fixture in (asking, notified):
        fixture.add(SHAPES["running"], updated_at=NOW)
        fixture.now = NOW + timedelta(hours=1)
    asking.answer = body
    await asking.rescuer.rescue_stuck(STUCK)
    await notified.jobs.apply("j", RescueRequested(STUCK))
    await notified.jobs.apply("j", WebhookReceived(0, 1, slim_prediction(body)), wait_for_publish=False)
    await notified.jobs.outbox.flush()
    assert asking.published == notified.published
    assert asking.database.jobs == notified.database.jobs


async def test_one_unreadable_job_stops_neither_rescue_nor_deadlines_nor_the_relay_of_the_others() -> None:
    fixture = RescuerFixture()
    for number in range(3):
        fixture.accept(f"j{number}", NOW + timedelta(seconds=number))
    fixture.database.unreadable.add("j0")
    fixture.now += 2 * STUCK
    await fixture.rescuer.rescue_stuck(STUCK)
    assert {event.subject for event in fixture.published} == {"j1", "j2"}
    fixture.now += timedelta(seconds=10**6)
    await fixture.rescuer.end_overdue()
    assert {job.id for job in fixture.database.jobs.values() if job.is_final} == {"j1", "j2"}


async def test_a_job_that_makes_the_rescuer_raise_anything_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixture = RescuerFixture()
    for number in range(3):
        fixture.accept(f"j{number}", NOW + timedelta(seconds=number))
    apply = JobService.apply

    async def fails_for_one(self: JobService, job: Job, event: Any) -> Any:
        if job.id == "j0":
            raise OverflowError("date value out of range")
        return await apply(self, job, event)

    monkeypatch.setattr(JobService, "apply", fails_for_one)
    fixture.now += 2 * STUCK
    await fixture.rescuer.rescue_stuck(STUCK)
    assert {event.subject for event in fixture.published} == {"j1", "j2"}
