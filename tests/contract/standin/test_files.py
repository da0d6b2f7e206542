"""The store of the file host keeps what fits, and makes the rest again."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from studio_standin.files import Files
from studio_standin.pictures import Recipe, render

RECIPE = Recipe("waves", seed=1, number=0, strength=0.7, size=(32, 24))


class CountingPool(ThreadPoolExecutor):
    submitted = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def pool() -> Iterator[CountingPool]:
    with CountingPool(1) as pool:
        yield pool


async def test_what_fits_is_rendered_once(pool: CountingPool) -> None:
    files = Files(10**6, pool)
    await files.add("a", RECIPE)
    assert [await files.content("a") for _ in range(2)] == [render(RECIPE)] * 2
    assert pool.submitted == 1


async def test_the_oldest_go_when_space_is_short_and_come_back_the_same(pool: CountingPool) -> None:
    files = Files(len(render(RECIPE)), pool)
    await files.add("a", RECIPE)
    await files.add("b", RECIPE)
    assert await files.content("b") == render(RECIPE)
    assert pool.submitted == 2
    assert await files.content("a") == render(RECIPE)
    assert pool.submitted == 3


async def test_what_was_removed_is_unknown_and_frees_its_space(pool: CountingPool) -> None:
    files = Files(len(render(RECIPE)), pool)
    await files.add("a", RECIPE)
    files.remove("a")
    assert files.recipe("a") is None
    with pytest.raises(KeyError):
        await files.content("a")
    await files.add("b", RECIPE)
    await files.content("b")
    assert pool.submitted == 2


async def test_two_concurrent_readers_do_not_count_the_space_twice(pool: CountingPool) -> None:
    files = Files(2 * len(render(RECIPE)), pool)
    for path in "abc":
        await files.add(path, RECIPE)
    await asyncio.gather(files.content("a"), files.content("a"))
    rendered = pool.submitted
    await files.content("a")
    await files.content("c")
    assert pool.submitted == rendered
