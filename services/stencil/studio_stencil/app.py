"""What the stencil service does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.process_pool import Limits, open_process_pool, usable_cores
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_contracts.events import JobCreated
from studio_stencil.handlers import StencilMaker, warm_up
from studio_stencil.motif_maker import MotifMaker
from studio_stencil.settings import StencilSettings

OWN_PICTURE = Limits(memory_bytes=1024 * 2**20, seconds=30.0)
"""What the work on a picture that a client brought may take."""
MOTIFS = Limits(memory_bytes=1024 * 2**20, seconds=60.0)
"""What making a few motifs may take: a hundred times what it does."""
PRELOAD = "studio_stencil.preload"


@asynccontextmanager
async def build(chassis: ServiceContext, _: StencilSettings) -> AsyncIterator[ServiceDefinition]:
    """One queue, one handler. The first brief finds word tables, motifs and letters read, and everything imported.

    The child process for foreign pictures starts with the first one: few jobs bring any. So does the one for motifs, if
    there is a core for it: a studio that nobody uses takes no memory for it.
    """
    warm_up()
    async with (
        open_process_pool(1, OWN_PICTURE, PRELOAD, is_eager=False) as workers,
        open_process_pool(1, MOTIFS, PRELOAD, is_eager=False) as helper,
    ):
        motifs = MotifMaker(helper if usable_cores() > 1 else None)
        maker = StencilMaker(chassis.jobs, chassis.objects, workers, motifs)
        yield ServiceDefinition([JobHandler(topology.STENCIL_JOB_CREATED, JobCreated, maker.draw_stencils)])
