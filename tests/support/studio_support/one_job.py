"""A job store and a broker in memory that tests of one job look into."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Job, Limits
from studio_domain.domain_events import RescueRequested
from studio_domain.lifecycle import Transition, transition

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CREATED, CANCELED = "j:job.created.v1", "j:job.canceled.v1"


class Store(SimulatedJobStore):
    """The job store in memory; `rivals` are committed by others between our load and our commit."""

    def __init__(self) -> None:
        self.database = SimulatedDatabase()
        super().__init__(self.database)
        self.rivals: list[RescueRequested] = []
        self.reads = 0
        self.clearings = 0

    @property
    def job(self) -> Job:
        """The one job of these tests."""
        return self.database.jobs["j"]

    @property
    def outbox(self) -> list[str]:
        """Ids of its events that are not known to be published."""
        return [event.id for event in self.database.outboxes["j"]]

    async def clear_outboxes(self, published: Mapping[str, Collection[str]]) -> None:
        self.clearings += 1
        await super().clear_outboxes(published)

    async def load(self, job_id: str) -> Job:
        self.reads += 1
        return await super().load(job_id)

    async def commit(self, change: Transition, published: Collection[str] = ()) -> bool:
        if self.rivals:
            rival = transition(self.job, self.rivals.pop(), now=NOW, by="rival")
            assert rival is not None
            self.database.write(rival)
        return await super().commit(change, published)


class Wire:
    """A broker that keeps what is published, or fails with `trouble`, or waits for `gate`."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.trouble: BaseException | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, event: Event) -> None:
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.published.append(event.id)


async def accept_job(jobs: JobService, job_id: str = "j") -> Job:
    return await jobs.accept(Brief(prompt="waves"), job_id=job_id, seed=1, traceparent="", limits=Limits())
