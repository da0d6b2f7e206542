"""What the stencil service does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.process_pool import Limits, open_process_pool
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_contracts.events import JobCreated
from studio_stencil.handlers import StencilMaker, warm_up
from studio_stencil.settings import StencilSettings

OWN_PICTURE = Limits(memory_bytes=1024 * 2**20, seconds=30.0)
"""What the work on a picture that a client brought may take."""


@asynccontextmanager
async def build(chassis: ServiceContext, _: StencilSettings) -> AsyncIterator[ServiceDefinition]:
    """One queue, one handler. The first brief finds word tables, motifs and letters read, and everything imported.

    The child process for foreign pictures starts with the first one: few jobs bring any.
    """
    warm_up()
    preload = "studio_stencil.own_picture.fitting"
    async with open_process_pool(1, OWN_PICTURE, preload, is_eager=False) as workers:
        maker = StencilMaker(chassis.jobs, chassis.objects, workers)
        yield ServiceDefinition([JobHandler(topology.STENCIL_JOB_CREATED, JobCreated, maker.draw_stencils)])
