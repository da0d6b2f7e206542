"""How much waits for postprocess, asked of the broker no more often than it matters."""

import asyncio
from collections.abc import Awaitable, Callable

COUNTED_SECONDS = 1.0
"""How long a count is relied on. It leaves out what other predictors buy during that time."""


class Backlog:
    """Finished predictions that wait for postprocess: those counted, and those to be bought by who asked since.

    So this is no less than what this process has brought about. It is counted again after a second, and before it
    exceeds the limit.
    """

    def __init__(self, count: Callable[[], Awaitable[int]], limit: int) -> None:
        self._count = count
        self._limit = limit
        self._waiting = 0
        self._counted_at = float("-inf")

    async def __call__(self, bought: int) -> int:
        """How many wait, or more; whoever asks buys `bought` at most. Raises Unavailable."""
        now = asyncio.get_running_loop().time()
        if now - self._counted_at >= COUNTED_SECONDS or self._waiting > self._limit:
            self._waiting = await self._count()
            self._counted_at = now
        self._waiting += bought
        return self._waiting - bought
