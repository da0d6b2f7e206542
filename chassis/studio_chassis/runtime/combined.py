"""Requests of many callers, carried out together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from studio_chassis.errors import Unavailable

Q = TypeVar("Q")
A = TypeVar("A")
AT_MOST = 100
"""Requests that are carried out with one call."""


class _Waiting(NamedTuple, Generic[Q, A]):
    request: Q
    answer: "asyncio.Future[A]"


class Combined(Generic[Q, A]):
    """One call at a time: requests that arrive during it share the next, so no answer is older than its request.

    `carry_out` is given the requests in the order of their arrival, and returns an answer for each. A call to the
    database costs a change of threads and a round trip, which is more than most questions themselves. A caller who is
    cancelled takes nothing from the others, nor does a request that fails: the others are carried out without it.
    """

    def __init__(self, carry_out: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._carry_out = carry_out
        self._waiting: list[_Waiting[Q, A]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, request: Q) -> A:
        """The answer to this request. Raises what `carry_out` raises."""
        waiting = _Waiting[Q, A](request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await waiting.answer

    async def _work(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
            await self._answer([one for one in taken if not one.answer.done()])

    async def _answer(self, taken: Sequence[_Waiting[Q, A]]) -> None:
        if not taken:
            return
        try:
            answers = await self._carry_out([one.request for one in taken])
        except BaseException as error:  # noqa: BLE001 - also a cancellation, or the callers would wait without end
            if len(taken) > 1 and isinstance(error, Exception) and not isinstance(error, Unavailable):
                for one in taken:
                    await self._answer([one])
                return
            for one in taken:
                _fail(one.answer, error)
        else:
            for one, answer in zip(taken, answers, strict=True):
                if not one.answer.done():
                    one.answer.set_result(answer)


def _fail(answer: "asyncio.Future[A]", error: BaseException) -> None:
    if answer.done():
        return
    if isinstance(error, asyncio.CancelledError):
        answer.cancel()
    else:
        answer.set_exception(error)
