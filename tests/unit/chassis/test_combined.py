"""Requests that are carried out together: each gets its own answer, none older than its request."""

import asyncio
from collections.abc import Sequence

import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.runtime.combined import AT_MOST, Combined


class Server:
    """Answers each number with how often it was called, once it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.open = asyncio.Event()
        self.combined = Combined(self._answer)

    async def _answer(self, numbers: Sequence[int]) -> list[str]:
        self.calls.append(list(numbers))
        call = len(self.calls)
        await self.open.wait()
        if -1 in numbers:
            raise Unavailable("down")
        if 13 in numbers:
            raise ValueError("not that one")
        return [f"{number} in call {call}" for number in numbers]

    async def ask(self, *numbers: int) -> list["asyncio.Task[str]"]:
        """Each in a task of its own, which has begun."""
        tasks = [asyncio.create_task(self.combined(number)) for number in numbers]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks


async def test_what_comes_during_a_call_shares_the_next_one() -> None:
    server = Server()
    first = await server.ask(1, 2)
    later = await server.ask(3, 1)
    assert server.calls == [[1, 2]]  # none of the later ones may be answered by a call that began before them
    server.open.set()
    assert await asyncio.gather(*first, *later) == ["1 in call 1", "2 in call 1", "3 in call 2", "1 in call 2"]
    assert await server.combined(4) == "4 in call 3"


async def test_a_call_has_a_most() -> None:
    server = Server()
    server.open.set()
    await asyncio.gather(*await server.ask(*range(100, 101 + AT_MOST)))
    assert [len(call) for call in server.calls] == [AT_MOST, 1]


async def test_a_caller_who_leaves_takes_nothing_from_the_others() -> None:
    server = Server()
    leaving, staying = await server.ask(1, 2)
    gone, _ = await server.ask(3, 4)
    leaving.cancel()
    gone.cancel()
    server.open.set()
    assert await staying == "2 in call 1"
    assert await server.combined(5) == "5 in call 3"
    assert server.calls == [[1, 2], [4], [5]]


async def test_a_request_that_fails_fails_alone() -> None:
    server = Server()
    server.open.set()
    good, bad, another = await server.ask(1, 13, 2)
    assert (await good, await another) == ("1 in call 2", "2 in call 4")
    with pytest.raises(ValueError, match="not that one"):
        await bad


async def test_an_outage_is_told_to_all_with_one_call() -> None:
    server = Server()
    server.open.set()
    for failed in await asyncio.gather(*await server.ask(-1, 1, 2), return_exceptions=True):
        assert isinstance(failed, Unavailable)
    assert len(server.calls) == 1
    assert await server.combined(3) == "3 in call 2"
