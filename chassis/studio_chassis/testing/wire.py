"""What lies between a simulated adapter and its server: the place for delays, losses and sudden death."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Wire(Protocol):
    """Carries an operation such as `store.commit` to its server and the answer back.

    It may raise Unavailable before or after the effect took place, cause it twice, be slow, or never return.
    """

    async def __call__(self, operation: str, effect: Callable[[], T]) -> T:
        """Cause the effect, and return what it gave."""


async def perfect(operation: str, effect: Callable[[], T]) -> T:
    """A wire without faults, that lets other tasks run in between."""
    await asyncio.sleep(0)
    return effect()
