"""The words sent to the model."""

from typing import get_args

import pytest

from studio_contracts.brief import Style
from studio_contracts.palette import PALETTE
from studio_predictor.prompts import STYLES, compose

STYLE_NAMES: tuple[Style, ...] = get_args(Style)


def test_every_style_of_a_brief_has_its_own_words() -> None:
    assert set(STYLES) == set(STYLE_NAMES)
    assert len({words.positive for words in STYLES.values()}) == len({words.negative for words in STYLES.values()}) == 3


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_every_style_asks_for_flat_work_and_refuses_the_rest(style: Style) -> None:
    positive, negative = compose("waves", style, ["Azure"])
    for asked in ("flat vector", "screen-print", "big solid colour blocks", "clean edges", "solid fills", "geometry"):
        assert asked in positive
    for refused in (
        "photograph",
        "3d",
        "painting",
        "gradient",
        "shadow",
        "perspective",
        "texture",
        "fine detail",
        "blur",
        "letters",
    ):
        assert refused in negative
        assert refused not in positive


def test_the_brief_and_its_colours_come_after_the_style_and_before_the_shared_words() -> None:
    positive, negative = compose("ocean with fish", "playful", ["Azure", "Bright Yellow"])
    assert positive.startswith("playful cartoon paper-craft")
    places = [positive.index(text) for text in ("playful", "ocean with fish", "azure, bright yellow", "screen-print")]
    assert places == sorted(places)
    assert "ocean" not in negative


def test_without_colours_none_are_mentioned() -> None:
    assert "colours" not in compose("waves", "professional", []).positive.replace("colour blocks", "")


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_the_longest_brief_stays_under_a_thousand_characters(style: Style) -> None:
    longest = sorted((colour.name for colour in PALETTE), key=len)[-6:]
    assert all(len(text) < 1_000 for text in compose("x" * 500, style, longest))
