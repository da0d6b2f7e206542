"""What the stencil service does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_contracts.events import JobCreated
from studio_stencil.handlers import StencilMaker, warm_up
from studio_stencil.settings import StencilSettings


@asynccontextmanager
async def build(chassis: ServiceContext, _: StencilSettings) -> AsyncIterator[ServiceDefinition]:
    """One queue, one handler. The first brief finds word tables, motifs and letters read, and everything imported."""
    warm_up()
    yield ServiceDefinition(
        [
            JobHandler(
                topology.STENCIL_JOB_CREATED, JobCreated, StencilMaker(chassis.jobs, chassis.objects).draw_stencils
            )
        ]
    )
