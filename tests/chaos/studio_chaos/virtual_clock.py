"""A clock that stands still while a loop works, and advances when all loops sleep."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta


class VirtualClock:
    """Time for loops that sleep by it."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._sleeping: list[tuple[datetime, asyncio.Event]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._all_sleep = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def skewed(self, by: timedelta) -> Callable[[], datetime]:
        """The clock of a machine that is ahead, or behind."""
        return lambda: self._now + by

    async def sleep(self, seconds: float) -> None:
        alarm = asyncio.Event()
        self._sleeping.append((self._now + timedelta(seconds=seconds), alarm))
        if len(self._sleeping) == len(self._tasks):
            self._all_sleep.set()
        await alarm.wait()

    async def pass_until(self, moment: datetime) -> None:
        """Let time pass, one waking after the other, until all that is to be done before that moment is done."""
        while (wakes := await self._next_waking()) <= moment:
            self._now = wakes
            due = [alarm for at, alarm in self._sleeping if at <= wakes]
            self._sleeping = [(at, alarm) for at, alarm in self._sleeping if at > wakes]
            self._all_sleep.clear()
            for alarm in due:
                alarm.set()
        self._now = moment

    async def _next_waking(self) -> datetime:
        sleep = asyncio.create_task(self._all_sleep.wait())
        await asyncio.wait([sleep, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            if task.done():
                task.result()  # raises what ended it
        return min(at for at, _ in self._sleeping)

    @asynccontextmanager
    async def running(self, *loops: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """The loops run while the context is open."""
        self._tasks = [asyncio.ensure_future(loop()) for loop in loops]
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
