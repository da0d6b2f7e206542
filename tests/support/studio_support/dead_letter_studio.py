"""A consumer that fails until it is repaired, its broker and database, and the `studio` command beside it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from typer.testing import CliRunner

from studio_chassis.messaging.broker import open_broker
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.runtime.clock import utc_now
from studio_cli.app import main
from studio_contracts import topology
from studio_contracts.brief import Brief
from studio_contracts.events import Event, JobCreated
from studio_contracts.job import Job, Limits
from studio_local.infrastructure import Endpoints

TIMEOUT_SECONDS = 120


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not await condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def lists(studio: "Studio", words: str, *filters: str) -> bool:
    """Whether `studio dlq list` prints these words."""
    return words in await studio.command("dlq", "list", *filters)


def is_dead_lettered(job: Job) -> bool:
    """Whether the job failed because its message was dead-lettered."""
    return job.error is not None and job.error.replayable


class Studio:
    """The stencil's queue with a handler that rejects everything until it is repaired."""

    def __init__(self, jobs: JobService, broker: Any, tmp_path: Path) -> None:
        self.jobs = jobs
        self.broker = broker
        self.folder = tmp_path
        self.handled: list[str] = []
        self.repaired = False
        self.waiting: int | None = None
        """Dead letters, where their number is known."""

    async def handle(self, event: Event) -> None:
        if not self.repaired:
            raise Reject("the stencil is out of paint")
        self.handled.append(event.subject)

    async def accept(self, number: int) -> list[str]:
        ids = [str(uuid4()) for _ in range(number)]
        for job_id in ids:
            await self.jobs.accept(Brief(prompt="a pond"), job_id=job_id, seed=1, traceparent="", limits=Limits())
        return ids

    async def until_dead(self, ids: list[str]) -> None:
        """Wait until these jobs have failed and their dead letters are listed: a confirmed one is not counted yet."""
        await self.until(ids, is_dead_lettered)
        await self.until_listed(len(ids))

    async def until_listed(self, count: int, *filters: str) -> None:
        await eventually(lambda: lists(self, f"Dead letters: {count}", *filters))
        if not filters:
            self.waiting = count

    async def until(self, ids: list[str], condition: Callable[[Job], bool]) -> None:
        await eventually(lambda: self._all(ids, condition))

    async def _all(self, ids: list[str], condition: Callable[[Job], bool]) -> bool:
        return all([condition(await self.jobs.load(job_id)) for job_id in ids])

    async def all_are_back(self) -> bool:
        """What a command has looked at is back in its queue a moment after the command has ended."""
        return self.waiting in (None, await self.broker.dead_letter_count(topology.STENCIL_JOB_CREATED))

    async def command(self, *arguments: str) -> str:
        await eventually(self.all_are_back)
        if arguments[1] in ("replay", "discard"):
            self.waiting = None
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, main, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output


@asynccontextmanager
async def running(endpoints: Endpoints, tmp_path: Path, partitions: int = 1) -> AsyncIterator[Studio]:
    async with (
        open_mongo_store(endpoints.mongodb_url, endpoints.database, "test") as store,
        open_broker(endpoints.rabbitmq_url, "test", "the build", partitions) as broker,
    ):
        jobs = JobService(store, broker.publish, utc_now, "test")
        studio = Studio(jobs, broker, tmp_path)
        consumer = Consumer(broker, topology.STENCIL_JOB_CREATED, studio.handle, jobs.dead_lettered)
        await consumer.start()
        yield studio
        await consumer.drain(5)
        await jobs.outbox.flush()


class JobCreatedAgain(JobCreated):
    """A new version of the event that a later release sends."""

    type: ClassVar[str] = "studio.job.created.v2"


def of_version_2(event_id: str, subject: str) -> Event:
    return Event(
        id=event_id, type=JobCreatedAgain.type, source="/x", subject=subject, time=datetime.now(UTC), traceparent="",
        data={},
    )  # fmt: skip
