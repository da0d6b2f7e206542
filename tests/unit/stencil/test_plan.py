"""A plan: colours, size and directions of a brief; and its stencils."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_contracts.brief import Strategy
from studio_contracts.palette import BY_CODE
from studio_stencil.drawing.compose import DRAW, encode
from studio_stencil.drawing.directions import NAMES
from studio_stencil.planning.plan import draw, make_plan, not_drawn


def test_a_client_may_ask_for_every_strategy() -> None:
    assert set(get_args(Strategy)) == set(NAMES) == {*DRAW, "bands"}


def test_a_strategy_that_was_asked_for_is_the_only_direction() -> None:
    (direction,) = make_plan("flowing bands", 5, 5, None, "grid", 1).directions
    assert (direction.strategy, direction.reason) == ("grid", "asked for by the client")


def test_a_plan_states_all_that_was_decided() -> None:
    plan = make_plan("ocean", 10, 3, None, None, 7)
    assert plan.codes[0] == "RH20"
    assert "'ocean'" in plan.palette_reason
    assert (plan.fit.size, plan.fit.layout, plan.seed) == ((1792, 536), "full", 7)
    assert plan.reading.setting == ("ocean",)
    assert len({direction.strategy for direction in plan.directions}) == 3


def test_a_single_picture_of_a_brief_with_bands_and_fish_shows_the_fish() -> None:
    plan = make_plan("ocean energy with fish, flowing bands of blue and turquoise", 8, 5, None, None, 1, at_most=1)
    assert "× fish" in draw(plan, plan.directions[0]).reason.partition("drawn: ")[2]


def test_each_stencil_lists_which_of_the_named_things_it_shows() -> None:
    plan = make_plan("ocean energy with fish, flowing bands of blue and turquoise", 5, 5, None, None, 1)
    stencils = [draw(plan, direction) for direction in plan.directions]
    pairs = zip(plan.directions, stencils, strict=True)
    shown = {direction.strategy: stencil.subjects_shown for direction, stencil in pairs}
    assert shown == {"flowing": 1.0, "bands": 0.0, "hero": 1.0}
    assert not_drawn(stencils) == ()


def test_what_no_direction_has_room_for_is_reported_once() -> None:
    plan = make_plan("a camel and a whale", 1.2, 1.2, None, None, 1)
    assert not_drawn([draw(plan, direction) for direction in plan.directions]) == ("camel",)
    nothing = make_plan("blue", 5, 5, None, None, 1)
    assert draw(nothing, nothing.directions[0]).subjects_shown is None


@pytest.mark.parametrize("at_most", [1, 2, 3])
def test_there_are_no_more_directions_than_asked_for_and_the_best_comes_first(at_most: int) -> None:
    directions = make_plan("three turtles", 6, 4, None, None, 5, at_most=at_most).directions
    assert directions == make_plan("three turtles", 6, 4, None, None, 5).directions[:at_most]


def test_a_stencil_says_what_it_shows_and_holds_only_colours_that_it_shows() -> None:
    plan = make_plan("three turtles in the ocean", 6, 4, None, None, 5)
    for direction in plan.directions:
        stencil = draw(plan, direction)
        assert "drawn: 3 × turtles" in stencil.reason
        assert stencil.indices.shape == plan.fit.size[::-1]
        counts = np.bincount(stencil.indices.ravel(), minlength=len(stencil.codes))
        assert stencil.shares == pytest.approx(counts / stencil.indices.size)
        assert min(stencil.shares) > 0
        assert stencil.codes[0] == plan.codes[0]


def test_what_there_is_no_room_for_is_reported_with_the_reason() -> None:
    plan = make_plan("twenty whales", 2, 2, None, "scattered", 1)
    assert "× whales left out: no room" in draw(plan, plan.directions[0]).reason


def test_the_clients_colours_are_used_and_no_others() -> None:
    chosen = ["RH41", "RH50", "RH60"]
    assert sorted(make_plan("a red fire engine", 5, 5, chosen, None, 1).codes) == sorted(chosen)


def test_unknown_codes_are_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"RH99.*valid are RH30, .*RH70"):
        make_plan("ocean", 5, 5, ["RH20", "RH99"], None, 1)


@pytest.mark.parametrize("codes", [[], list(BY_CODE)[:7]])
def test_no_colour_and_seven_colours_are_refused(codes: list[str]) -> None:
    with pytest.raises(ValueError, match="1 to 6 colours"):
        make_plan("ocean", 5, 5, codes, None, 1)


@settings(max_examples=25)
@given(
    prompt=st.text(max_size=80) | st.sampled_from(["ocean with three fish", "flowing stars", "tiles and a whale"]),
    width=st.floats(0.5, 10),
    ratio=st.floats(0.05, 20),
    codes=st.none() | st.lists(st.sampled_from(list(BY_CODE)), min_size=1, max_size=6, unique=True),
    strategy=st.none() | st.sampled_from(get_args(Strategy)),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_valid_brief_becomes_a_picture(
    prompt: str, width: float, ratio: float, codes: list[str] | None, strategy: Strategy | None, seed: int
) -> None:
    plan = make_plan(prompt, width, min(max(0.5, width * ratio), 100), codes, strategy, seed, at_most=1)
    stencil = draw(plan, plan.directions[0])
    assert stencil.indices.shape == plan.fit.size[::-1]
    assert stencil.indices.max() == len(stencil.codes) - 1
    assert encode(stencil.indices, stencil.codes).startswith(b"\x89PNG")


@pytest.mark.parametrize("prompt", ["no fish please, only waves", "without fish, just waves"])
def test_what_is_refused_is_not_drawn(prompt: str) -> None:
    plan = make_plan(prompt, 5, 5, None, None, 1)
    assert all("fish" not in draw(plan, direction).reason for direction in plan.directions)
