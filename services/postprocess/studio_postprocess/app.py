"""What the postprocess service does."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_postprocess.handlers import Postprocess
from studio_postprocess.io.download import Downloader, read_allow_list
from studio_postprocess.settings import PostprocessSettings


@asynccontextmanager
async def build(chassis: ServiceContext, settings: PostprocessSettings) -> AsyncIterator[ServiceDefinition]:
    """One queue; as many pictures at a time as there are cores, and one more that is being fetched."""
    async with httpx.AsyncClient(trust_env=False) as http:  # a proxy would look up names itself, past our check
        downloader = Downloader(http, read_allow_list(settings.download_hosts))
        workers = asyncio.Semaphore((os.cpu_count() or 1) + 1)
        postprocess = Postprocess(chassis.jobs, chassis.objects, downloader, workers)
        yield ServiceDefinition({topology.POSTPROCESS_PREDICTION_SUCCEEDED: postprocess.make_pictures})
