"""Foreign bytes, kind: a picture that needs too much memory or time. It costs one warning, not the worker or the job.

The handler is the real one; so are the child processes, where a test says so.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from PIL import Image

from studio_chassis.messaging.dispositions import Reject, disposition_of
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.process_pool import Limits, WorkLost, open_process_pool
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event, JobCreated, PredictionSucceeded
from studio_contracts.job import Job
from studio_contracts.job import Limits as JobLimits
from studio_domain.domain_events import PredictionReported, SlotPlan, SlotsPlanned
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_postprocess.handlers import Postprocess
from studio_postprocess.io.download import Downloader, read_allow_list
from studio_postprocess.io.http_session import PublicAddresses, open_session, trusted_authorities
from studio_stencil import handlers as stencil_handlers
from studio_stencil.motif_maker import MotifMaker
from studio_support import hostile
from studio_support.job_fixtures import GENERATION
from studio_support.same_process import SameProcess

T = TypeVar("T")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def inline(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def png(colour: str = "#0075BC", size: tuple[int, int] = (96, 64)) -> bytes:
    return hostile.saved(Image.new("RGB", size, colour))


@dataclass
class Studio:
    """One job at the moment its pictures are ready, and what is published of it."""

    bucket: dict[str, bytes]
    jobs: JobService
    published: list[Event]

    async def make(self, workers: Any, outputs: list[str]) -> Job:
        objects = SimulatedObjectStore(self.bucket)
        await self.draw(objects)
        await self.jobs.apply("j", SlotsPlanned(GENERATION, (SlotPlan(0, len(outputs)),)))
        report = PredictionReport(id="p", status=PredictionStatus.SUCCEEDED, outputs=tuple(outputs))
        await self.jobs.apply("j", PredictionReported(0, 1, report))
        await self.jobs.outbox.flush()
        async with open_session(PublicAddresses(), trusted_authorities()) as session:
            downloader = Downloader(session, read_allow_list("*.replicate.delivery"))
            postprocess = Postprocess(self.jobs, objects, downloader, asyncio.Semaphore(3), workers)
            await postprocess.make_pictures(await self.jobs.load("j"), PredictionSucceeded(slot=0, attempt=1))
        return await self.jobs.load("j")

    async def draw(self, objects: Any) -> None:
        await stencil_handlers.StencilMaker(self.jobs, objects, SameProcess(), MotifMaker(None)).draw_stencils(
            await self.jobs.load("j"), JobCreated()
        )

    def event(self, kind: str) -> Event:
        return next(event for event in self.published if event.type == kind)


@asynccontextmanager
async def opened() -> AsyncIterator[Studio]:
    published: list[Event] = []

    async def publish(event: Event) -> None:
        published.append(event)

    jobs = JobService(SimulatedJobStore(), publish, lambda: NOW, "postprocess")
    await jobs.accept(Brief(prompt="a pond", count=4), job_id="j", seed=1, traceparent="00-1", limits=JobLimits())
    await jobs.outbox.flush()
    yield Studio({}, jobs, published)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WorkLost("it took longer than 30 seconds"), "too_demanding"),
        (WorkLost("its process ended with signal SIGKILL"), "too_demanding"),
        (MemoryError("Unable to allocate 954. MiB"), "too_demanding"),
        (OverflowError("int too large to convert to float"), "unusable"),
        (ZeroDivisionError("division by zero"), "unusable"),
        (ValueError("cannot reshape"), "unusable"),
    ],
)
async def test_a_failure_of_the_pixel_work_costs_one_picture(error: Exception, code: str) -> None:
    async with opened() as studio:
        job = await studio.make(SameProcess([error]), [inline(png()), inline(png("#00A6A3"))])
    assert job.status == "completed"
    assert len(job.concepts) == 1
    (warning,) = job.warnings
    assert warning.code == code
    assert str(error) in warning.text


async def test_bad_addresses_and_bad_bytes_cost_their_pictures() -> None:
    outputs = [f"https://{'a' * 64}.replicate.delivery/1.png", inline(b"<html>"), inline(png(size=(1, 1)))]
    async with opened() as studio:
        job = await studio.make(SameProcess(), [*outputs, inline(png())])
    assert job.status == "completed"
    assert sorted(warning.code for warning in job.warnings) == ["download_failed", "not_a_picture", "unusable"]


async def test_where_no_picture_is_left_the_job_fails_and_is_not_tried_again() -> None:
    async with opened() as studio:
        job = await studio.make(SameProcess([MemoryError("no"), WorkLost("gone")]), [inline(png())] * 2)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "no_pictures"


async def test_a_real_child_runs_out_of_memory_and_out_of_time_and_works_on() -> None:
    large = inline(hostile.saved(Image.fromarray(hostile.halftone(3264, 2448)), compress_level=1))
    async with opened() as studio, open_process_pool(1, Limits(256 * 2**20, 60), "studio_postprocess.preload") as pool:
        job = await studio.make(pool, [large, inline(png())])
    assert [warning.code for warning in job.warnings] == ["too_demanding"]
    assert len(job.concepts) == 1
    async with opened() as studio, open_process_pool(1, Limits(2**30, 0.05), "studio_postprocess.preload") as pool:
        job = await studio.make(pool, [large])
    assert job.status == "failed"
    assert "longer than 0.05 seconds" in job.warnings[0].text


@pytest.mark.parametrize("error", [OverflowError("too large"), MemoryError("no"), ValueError("bad")])
async def test_a_stencil_that_cannot_be_drawn_is_dead_lettered_and_not_tried_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(stencil_handlers, "make_plan", fail)
    async with opened() as studio:
        objects = SimulatedObjectStore(studio.bucket)
        with pytest.raises(Exception, match=str(error)) as raised:
            await studio.draw(objects)
    assert isinstance(disposition_of(raised.value), Reject)
