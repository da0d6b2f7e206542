"""A time-out for work that may not end when it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_abandoned: set[asyncio.Task[Any]] = set()


async def wait_or_abandon(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What the work returns or raises, or TimeoutError after that many seconds, even if the work goes on.

    `asyncio.timeout` cancels and then waits: a channel whose connection broke then tries to close over the
    broken connection, and waits for the answer. Work that ends as cancelled without having been cancelled raises
    ConnectionAbortedError; otherwise it would end its caller silently.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _abandon(task)
    if not task.done():
        raise TimeoutError(f"not done within {seconds:g} s")
    if task.cancelled():
        raise ConnectionAbortedError("ended as cancelled, without being cancelled")
    return task.result()


def _abandon(task: asyncio.Task[Any]) -> None:
    _abandoned.add(task)
    task.add_done_callback(_forget)
    task.cancel()


def _forget(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # retrieved, or asyncio would log that it never was
