"""Which messages reach a handler: those of its payload, about a job in the state it works on."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from studio_chassis.errors import JobNotFound
from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts import topology
from studio_contracts.brief import Brief
from studio_contracts.events import Event, JobCanceled, JobFailed, Payload, PredictionUpdated
from studio_contracts.job import Job, Limits
from studio_domain.domain_events import CancelRequested

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Fixture:
    """A store with one job, and what its handlers were given."""

    jobs: JobService = field(init=False)
    published: list[Event] = field(default_factory=list)
    handled: list[tuple[str, Payload]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jobs = JobService(SimulatedJobStore(SimulatedDatabase()), self._publish, lambda: NOW, "test")

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    async def handle(self, job: Job, payload: Payload) -> None:
        self.handled.append((job.id, payload))

    async def accept(self) -> None:
        await self.jobs.accept(Brief(prompt="a pond"), job_id="j", seed=1, traceparent="", limits=Limits())
        await self.jobs.outbox.flush()

    @property
    def of_open_jobs(self) -> JobHandler[Any]:
        return JobHandler(topology.PREDICTOR_PREDICTION_UPDATED, PredictionUpdated, self.handle)

    @property
    def of_ended_jobs(self) -> JobHandler[Any]:
        payloads = (JobCanceled, JobFailed)
        return JobHandler[JobCanceled | JobFailed](
            topology.PREDICTOR_JOB_ENDED, payloads, self.handle, of_ended_jobs=True
        )

    def event(self, payload: Payload) -> Event:
        return Event(
            id="1",
            type=payload.type,
            source="/studio/test",
            subject="j",
            time=NOW,
            traceparent="",
            data=payload.model_dump(mode="json"),
        )


UPDATED = PredictionUpdated(slot=0, attempt=1, prediction={"id": "p"})
CANCELED = JobCanceled()


@pytest.fixture
async def fixture() -> Fixture:
    fixture = Fixture()
    await fixture.accept()
    return fixture


async def test_a_handler_is_given_the_job_and_the_payload(fixture: Fixture) -> None:
    await fixture.of_open_jobs.bound_to(fixture.jobs)(fixture.event(UPDATED))
    assert fixture.handled == [("j", UPDATED)]


async def test_a_job_that_has_ended_is_left_alone(fixture: Fixture) -> None:
    await fixture.jobs.apply("j", CancelRequested())
    await fixture.of_open_jobs.bound_to(fixture.jobs)(fixture.event(UPDATED))
    assert fixture.handled == []


async def test_a_late_read_does_not_pass_for_a_job_that_has_ended(
    fixture: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = fixture.jobs.load

    async def late(job_id: str) -> Job:
        return (await load(job_id)).model_copy(update={"status": "failed"})

    monkeypatch.setattr(fixture.jobs, "load", late)
    await fixture.of_open_jobs.bound_to(fixture.jobs)(fixture.event(UPDATED))
    assert fixture.handled == [("j", UPDATED)]


async def test_a_handler_of_ended_jobs_leaves_the_others_alone(fixture: Fixture) -> None:
    handle = fixture.of_ended_jobs.bound_to(fixture.jobs)
    await handle(fixture.event(CANCELED))
    assert fixture.handled == []
    await fixture.jobs.apply("j", CancelRequested())
    await handle(fixture.event(CANCELED))
    assert fixture.handled == [("j", CANCELED)]


async def test_a_message_in_the_wrong_queue_is_rejected(fixture: Fixture) -> None:
    with pytest.raises(Reject, match=r"studio\.job\.canceled\.v1 does not belong into predictor\.prediction-updated"):
        await fixture.of_open_jobs.bound_to(fixture.jobs)(fixture.event(CANCELED))


def test_a_handler_whose_queue_takes_something_else_is_refused(fixture: Fixture) -> None:
    with pytest.raises(
        ValueError, match=r"predictor\.job-ended takes studio\.job\.canceled\.v1, studio\.job\.failed\.v1"
    ):
        JobHandler(topology.PREDICTOR_JOB_ENDED, JobCanceled, fixture.handle)


async def test_a_message_of_no_job_is_reported_as_that() -> None:
    fixture = Fixture()
    with pytest.raises(JobNotFound):
        await fixture.of_open_jobs.bound_to(fixture.jobs)(fixture.event(UPDATED))
