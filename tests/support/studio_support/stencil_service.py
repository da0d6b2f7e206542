"""The stencil service's handler on stores in memory."""

from datetime import UTC, datetime
from typing import Any

from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event, JobCreated
from studio_contracts.job import Job, Limits
from studio_stencil.handlers import StencilMaker
from studio_stencil.motif_maker import MotifMaker
from studio_support.same_process import SameProcess


class StencilStudio:
    """A store, and the stencil service's handler."""

    def __init__(self) -> None:
        self.published: list[Event] = []
        self.bucket: dict[str, bytes] = {}
        self.objects = SimulatedObjectStore(self.bucket)
        self.database = SimulatedDatabase()
        self.jobs = JobService(
            SimulatedJobStore(self.database), self._publish, lambda: datetime(2026, 3, 1, tzinfo=UTC), "stencil"
        )

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    async def draw(self, job_id: str, **brief: Any) -> Job:
        """A job of this brief after its stencils were drawn."""
        wanted = Brief(**{"prompt": "ocean energy", **brief})
        await self.jobs.accept(wanted, job_id=job_id, seed=7, traceparent="00-1", limits=Limits())
        await self.jobs.outbox.flush()
        await StencilMaker(self.jobs, self.objects, SameProcess(), MotifMaker(None)).draw_stencils(
            await self.jobs.load(job_id), JobCreated()
        )
        return await self.jobs.load(job_id)
