"""Motifs made here and in a child process at the same time: alike, and none is lost with the child."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from studio_chassis.runtime.process_pool import Limits, WorkLost, open_process_pool
from studio_stencil import motif_maker
from studio_stencil.app import PRELOAD
from studio_stencil.drawing.motif_layers import MadeMotif, Motifs, MotifWish, chosen_motifs
from studio_stencil.motif_maker import MotifMaker
from studio_stencil.motifs.letters import INK, letter

T = TypeVar("T")
WISHES = [
    MotifWish(MadeMotif(letter, 1.0 + number / 10, ((INK, "RH20"),), "RH31")) for number, letter in enumerate("ABCD")
]

FIRST = MotifWish(MadeMotif("7", 1.0, ((INK, "RH20"),), "RH31"))


class Helper:
    """Makes what it is asked to in this process, and lets others work; or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.made: list[MotifWish] = []

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        self.made += arguments[0]
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return function(*arguments)


async def make(maker: MotifMaker, *wanted: list[MotifWish]) -> None:
    async with maker.making() as want:
        for wishes in wanted:
            want(wishes)
            await asyncio.sleep(0)


async def started(helper: Helper) -> MotifMaker:
    """A maker whose child has started: with the first motif."""
    maker, error = MotifMaker(helper), helper.error
    helper.error = None
    await make(maker, [FIRST])
    assert not helper.made
    assert maker._start is not None
    await maker._start
    helper.error = error
    return maker


@pytest.fixture
def motifs(monkeypatch: pytest.MonkeyPatch) -> Motifs:
    letter("A")  # as the service does at its start: fonts are read by one thread
    fresh = Motifs()
    monkeypatch.setattr(motif_maker, "MOTIFS", fresh)
    return fresh


async def test_both_make_motifs_and_all_are_known_afterwards(motifs: Motifs) -> None:
    helper = Helper()
    await make(await started(helper), WISHES)
    assert motifs.unknown(WISHES) == []
    assert 0 < len(helper.made) < len(WISHES)


async def test_the_child_begins_while_more_is_asked_for_and_makes_nothing_twice(motifs: Motifs) -> None:
    maker = await started(helper := Helper())
    async with maker.making() as want:
        want(WISHES[:1])
        await asyncio.sleep(0)
        assert helper.made == WISHES[:1]
        want(WISHES)
    assert motifs.unknown(WISHES) == []
    assert len(helper.made) == len(set(helper.made))


async def test_an_error_while_more_is_asked_for_ends_the_work(motifs: Motifs) -> None:
    maker = await started(helper := Helper())

    async def ask_and_fail() -> None:
        async with maker.making() as want:
            want(WISHES)
            await asyncio.sleep(0)
            raise ValueError("cannot be drawn")

    with pytest.raises(ValueError, match="cannot be drawn"):
        await ask_and_fail()
    assert len(helper.made) == 1
    assert motifs.unknown(WISHES) == [wish for wish in WISHES if wish not in helper.made]


async def test_what_is_known_is_not_made_again(motifs: Motifs) -> None:
    helper = Helper()
    maker = await started(helper)
    await make(MotifMaker(None), WISHES)
    await make(maker, WISHES)
    assert not helper.made


@pytest.mark.parametrize("error", [WorkLost("its process ended"), MemoryError("no")])
async def test_a_child_that_dies_leaves_its_motifs_to_be_made_when_they_are_painted(
    motifs: Motifs, error: Exception
) -> None:
    helper = Helper(error)
    await make(await started(helper), WISHES)
    assert motifs.unknown(WISHES) == helper.made
    for wish in WISHES:
        assert motifs.chosen(wish) == chosen_motifs([wish])[0]


async def test_an_error_of_the_work_itself_is_raised_when_both_have_ended(motifs: Motifs) -> None:
    maker = await started(Helper(ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        await make(maker, WISHES)


async def test_a_busy_child_is_not_waited_for(motifs: Motifs) -> None:
    maker = await started(helper := Helper())
    async with maker._busy:
        await make(maker, WISHES)
    assert not helper.made
    assert motifs.unknown(WISHES) == []


async def test_a_real_child_makes_the_same() -> None:
    async with open_process_pool(1, Limits(2**30, 60), PRELOAD) as pool:
        made = await pool.run(chosen_motifs, WISHES)
    for one, here in zip(made, chosen_motifs(WISHES), strict=True):
        assert [part.code for part in one.parts] == [part.code for part in here.parts]
        assert all(a.area.equals_exact(b.area, 0) for a, b in zip(one.parts, here.parts, strict=True))


def test_the_motifs_known_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_stencil.drawing.motif_layers.KEPT", 2)
    known = Motifs()
    for wish in WISHES:
        known.chosen(wish)
    assert known.unknown(WISHES) == WISHES[:2]
