"""Changes to many jobs: each selected job once, and those that must be left alone."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_cli.selected_jobs import (
    JobCondition,
    cancel_job,
    failed_jobs,
    parse_condition,
    post_again,
    republish_job,
    retry_id,
    unfinished_jobs,
)
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.errors import JobError, JobWarning
from studio_contracts.events import Event
from studio_contracts.job import Limits
from studio_domain.domain_events import WorkFailed, set_aside

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Bench:
    """A store, a service on it, and what was published."""

    def __init__(self) -> None:
        self.now = NOW
        self.published: list[Event] = []
        self.database = SimulatedDatabase()
        self.store = SimulatedJobStore(self.database)

        async def publish(event: Event) -> None:
            self.published.append(event)

        self.jobs = JobService(self.store, publish, lambda: self.now, "test")

    async def post(self, job_id: str, failure: WorkFailed | None = None) -> None:
        await self.jobs.accept(
            Brief(prompt="a pond"),
            job_id=job_id,
            seed=7,
            traceparent="",
            limits=Limits(),
            owner="school",
            key_id="k1",
            callback=Callback(url="https://client.example/"),
            metadata={"order": "9"},
        )
        await self.jobs.outbox.flush()
        if failure is not None:
            await self.jobs.apply(job_id, failure)

    async def failed(self, text: str) -> list[str]:
        return [job.id async for job in failed_jobs(self.store, parse_condition(text), self.now)]


BROKEN = WorkFailed("broken", "Broken", "for good")


def test_a_condition_is_read_from_its_text() -> None:
    assert parse_condition("all") == JobCondition()
    wanted = JobCondition("failed", "download_failed", "painted", timedelta(hours=2))
    assert parse_condition("status=failed, code=download_failed,kind=painted,since=2h") == wanted


@pytest.mark.parametrize("text", ["", "status", "colour=red", "since=2", "since=soon", "status=failed;code=x"])
def test_a_condition_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_condition(text)


async def test_failed_jobs_are_found_by_cause_and_time() -> None:
    bench = Bench()
    bench.now = NOW - timedelta(hours=5)
    await bench.post("old", BROKEN)
    bench.now = NOW
    await bench.post("new", BROKEN)
    await bench.post("other", WorkFailed("elsewhere", "Elsewhere", ""))
    await bench.post("open")
    no_pictures = bench.database.jobs["other"].model_copy(
        update={
            "error": JobError(code="no_pictures", title="", detail="", stage="postprocess"),
            "warnings": (JobWarning(code="download_failed", text="", slot=0), JobWarning(code="not_sent", text="")),
        }
    )
    bench.database.jobs["other"] = no_pictures
    assert set(await bench.failed("all")) == {"old", "new", "other"}
    assert await bench.failed("code=broken,since=1h") == ["new"]
    assert await bench.failed("code=download_failed") == ["other"]
    assert await bench.failed("code=no_pictures") == ["other"]


async def test_a_failed_job_is_posted_again_once_for_its_owner() -> None:
    bench = Bench()
    await bench.post("j", BROKEN)
    job = bench.database.jobs["j"]
    assert await post_again(bench.jobs, job) == "posted again"
    assert await post_again(bench.jobs, job) == "posted before"
    again = bench.database.jobs[retry_id("j")]
    assert (again.brief, again.seed, again.owner, again.key_id) == (job.brief, 7, "school", "k1")
    assert again.metadata == {"order": "9"}
    assert again.callback == Callback(url="https://client.example/")
    assert again.status == "pending"


async def test_a_job_with_a_dead_letter_is_left_to_its_replay() -> None:
    bench = Bench()
    await bench.post("j", set_aside("stencil.job-created.dead"))
    assert "studio dlq replay" in await post_again(bench.jobs, bench.database.jobs["j"])
    assert list(bench.database.jobs) == ["j"]


async def test_republishing_reaches_also_what_a_clock_ahead_put_into_the_future() -> None:
    bench = Bench()
    bench.now = NOW + timedelta(minutes=10)
    await bench.post("j")
    bench.now = NOW
    before = len(bench.published)
    found = [job.id async for job in unfinished_jobs(bench.store, parse_condition("status=pending"), bench.now)]
    assert found == ["j"]
    assert await republish_job(bench.jobs, "j") == "republished"
    assert [event.type for event in bench.published[before:]] == ["studio.job.created.v1"]


async def test_a_job_is_cancelled_once() -> None:
    bench = Bench()
    await bench.post("j")
    assert await cancel_job(bench.jobs, "j") == "canceled"
    assert "ended" in await cancel_job(bench.jobs, "j")
    assert "ended" in await republish_job(bench.jobs, "j")
