"""A round over many jobs: some are looked after side by side, and one that cannot be does not stop the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from studio_chassis.errors import ChassisError
from studio_chassis.observability.tracing import span
from studio_contracts.job import Job

CONCURRENCY = 8
"""Jobs looked after side by side; the provider allows 3,000 questions a minute."""
log = structlog.get_logger()


async def for_each(jobs: AsyncIterator[Job], look_after: Callable[[Job], Awaitable[None]]) -> None:
    """Return when all jobs were looked after. Raises what finding them raises."""
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(job: Job) -> None:
        try:
            with span("look after", job.traceparent, job_id=job.id):
                await look_after(job)
        except ChassisError as error:
            log.warning("skipped this round", job_id=job.id, reason=str(error))
        except Exception as error:
            log.error("cannot be looked after", job_id=job.id, reason=str(error), exc_info=error)
        finally:
            places.release()

    try:
        async with asyncio.TaskGroup() as group:
            async for job in jobs:
                await places.acquire()
                group.create_task(one(job))
    except ExceptionGroup as group_error:
        raise group_error.exceptions[0] from None  # the tasks raise nothing, so it is that of the search
