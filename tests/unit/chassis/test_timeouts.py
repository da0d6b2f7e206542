"""A time-out that holds also for work that does not end when it is canceled."""

import asyncio

import pytest

from studio_chassis.runtime.timeouts import wait_or_abandon

LONG = 60.0


async def _stubborn(cancelled: asyncio.Event, released: asyncio.Event) -> None:
    try:
        await asyncio.sleep(LONG)
    finally:
        cancelled.set()
        await released.wait()
        raise ConnectionError("no code catches this")


async def test_what_ends_in_time_returns_and_raises_as_ever() -> None:
    async def give() -> int:
        return 7

    async def fail() -> None:
        raise ConnectionError

    assert await wait_or_abandon(LONG, give()) == 7
    with pytest.raises(ConnectionError):
        await wait_or_abandon(LONG, fail())


async def test_what_ends_as_if_canceled_is_an_error_like_others() -> None:
    async def broken_off() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ConnectionAbortedError):
        await wait_or_abandon(LONG, broken_off())


async def test_what_does_not_end_is_cancelled_and_abandoned() -> None:
    cancelled, released = asyncio.Event(), asyncio.Event()
    with pytest.raises(TimeoutError):
        await wait_or_abandon(0.01, _stubborn(cancelled, released))
    await cancelled.wait()
    released.set()
    await asyncio.sleep(0)


async def test_being_canceled_does_not_wait_either() -> None:
    cancelled, released = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(wait_or_abandon(LONG, _stubborn(cancelled, released)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await cancelled.wait()
    released.set()
    await asyncio.sleep(0)
