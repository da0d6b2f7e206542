"""Makes the motifs that a job shows for the first time: half of them here, half in a child process."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import groupby

import structlog

from studio_chassis.errors import ChassisError
from studio_chassis.runtime.process_pool import WorkLost, WorkRunner
from studio_stencil.drawing.motif_layers import MOTIFS, MotifWish, chosen_motifs

log = structlog.get_logger()


class MotifMaker:
    """Has a child process make motifs where there is one, one job's at a time.

    It starts with the first motifs that are not known, and helps from the next ones on. What is made does not depend on
    where. What a child that dies was to make is made when it is painted.
    """

    def __init__(self, helper: WorkRunner | None) -> None:
        self._helper = helper
        self._start: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def making(self) -> AsyncIterator[Callable[[Iterable[MotifWish]], None]]:
        """A function that takes wishes: the child begins with them at once. At the end all are made that are not known.

        Raises what making them raises.
        """
        waiting = deque[list[MotifWish]]()
        asked = set[MotifWish]()
        tasks = list[asyncio.Task[None]]()

        def want(wishes: Iterable[MotifWish]) -> None:
            new = [wish for wish in MOTIFS.unknown(wishes) if wish not in asked]
            if not new:
                return
            asked.update(new)
            ordered = _batches([*new, *(wish for batch in waiting for wish in batch)])
            waiting.clear()
            waiting.extend(ordered)
            if self._helper is not None and self._has_started(self._helper) and not self._busy.locked():
                tasks.append(asyncio.create_task(self._there(self._helper, waiting)))

        try:
            yield want
            await self._here(waiting)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        finally:
            waiting.clear()
            endings = await asyncio.gather(*tasks, return_exceptions=True)
        for ending in endings:
            if ending is not None:
                raise ending

    def _has_started(self, helper: WorkRunner) -> bool:
        if self._start is None:
            self._start = asyncio.create_task(_started(helper))
        return self._start.done()

    async def _here(self, waiting: deque[list[MotifWish]]) -> None:
        while waiting:
            batch = waiting.popleft()
            MOTIFS.remember(batch, await asyncio.to_thread(chosen_motifs, batch))

    async def _there(self, helper: WorkRunner, waiting: deque[list[MotifWish]]) -> None:
        async with self._busy:
            while waiting:
                batch = waiting.popleft()
                try:
                    MOTIFS.remember(batch, await helper.run(chosen_motifs, batch))
                except (WorkLost, MemoryError) as error:
                    log.warning("motifs are made without the child process", error=str(error))
                    return


async def _started(helper: WorkRunner) -> None:
    with contextlib.suppress(ChassisError, MemoryError):  # the next call tries again
        await helper.run(chosen_motifs, [])


def _batches(wishes: list[MotifWish]) -> list[list[MotifWish]]:
    """The wishes in batches that share an outline, those that take longest first: the largest."""
    ordered = sorted(wishes, key=lambda wish: (-wish.made.size_m, wish.made.emoji))
    return [list(batch) for _, batch in groupby(ordered, lambda wish: (wish.made.size_m, wish.made.emoji))]
