"""Tasks that run beside the consumers for as long as the service does."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from studio_chassis.observability import metrics

LAG_SECONDS = 1.0
log = structlog.get_logger()


async def measure_lag() -> None:
    """Measure how late the event loop wakes a task."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LAG_SECONDS)
        metrics.loop_lag_seconds.set(max(0.0, time.perf_counter() - before - LAG_SECONDS))


async def keep_running(loop: Callable[[], Awaitable[None]]) -> None:
    """A loop that fails is logged and started again after a pause: one bad round must not end the service."""
    while True:
        try:
            await loop()
        except Exception as error:
            log.warning("loop failed", loop=loop.__qualname__, reason=str(error), exc_info=error)
            await asyncio.sleep(1)
