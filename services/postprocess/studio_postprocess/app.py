"""What the postprocess service does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.memory import reuse_what_is_freed
from studio_chassis.runtime.process_pool import Limits, open_process_pool, usable_cores
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_contracts.events import PredictionSucceeded
from studio_postprocess.handlers import Postprocess
from studio_postprocess.io.download import Downloader, read_allow_list
from studio_postprocess.io.http_session import PublicAddresses, open_session, trusted_authorities
from studio_postprocess.settings import PostprocessSettings

KEPT_FOR_FILES = 32 * 2**20
"""Bytes of freed memory that the service keeps for the next pictures' files."""


@asynccontextmanager
async def build(chassis: ServiceContext, settings: PostprocessSettings) -> AsyncIterator[ServiceDefinition]:
    """One queue; a child process works on pictures for each core, and one picture more is being fetched."""
    cores = usable_cores()
    reuse_what_is_freed(KEPT_FOR_FILES)
    limits = Limits(settings.picture_memory_mb * 2**20, settings.picture_time_limit.total_seconds())
    async with (
        open_session(PublicAddresses(), trusted_authorities()) as session,
        open_process_pool(cores, limits, preload="studio_postprocess.preload") as workers,
    ):
        downloader = Downloader(session, read_allow_list(settings.download_hosts))
        postprocess = Postprocess(chassis.jobs, chassis.objects, downloader, asyncio.Semaphore(cores + 1), workers)
        yield ServiceDefinition(
            [JobHandler(topology.POSTPROCESS_PREDICTION_SUCCEEDED, PredictionSucceeded, postprocess.make_pictures)]
        )
