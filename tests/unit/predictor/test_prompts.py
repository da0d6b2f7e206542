"""The words sent to the model."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_contracts.brief import Brief, Style
from studio_contracts.own_picture import UNNAMED
from studio_contracts.palette import PALETTE
from studio_contracts.reading import Reading
from studio_predictor.prompts import STYLES, compose, unread
from studio_predictor.token_count import ROOM, count_tokens
from studio_stencil.planning.reading import read_brief

STYLE_NAMES: tuple[Style, ...] = get_args(Style)
LONGEST_NAMES = sorted((colour.name for colour in PALETTE), key=len)[-6:]
PARAGRAPH = (
    "We are a primary school by the sea and would like the surface of our new yard to tell the story of a journey: "
    "it begins at a lighthouse, passes two sailing boats and a whale, crosses the ocean with its waves and dolphins, "
    "and ends on an island with palm trees, a parrot and a treasure. The children drew an octopus; we want to see it. "
    "There must not be any sharks. Paths for running should lead around it, and the colours should be calm."
)


def test_every_style_of_a_brief_has_its_own_words() -> None:
    assert set(STYLES) == set(STYLE_NAMES)
    assert len({words.positive for words in STYLES.values()}) == len({words.negative for words in STYLES.values()}) == 3


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_every_style_asks_for_flat_work_and_refuses_the_rest(style: Style) -> None:
    positive, negative, _ = compose(read_brief("waves"), style, ["Azure"])
    for asked in ("flat vector", "screen-print", "big solid colour blocks", "clean edges", "solid fills", "geometry"):
        assert asked in positive
    for refused in ("photograph", "3d", "painting", "gradient", "shadow", "perspective", "texture", "fine detail",
                    "blur", "letters"):  # fmt: skip
        assert refused in negative
        assert refused not in positive


def test_what_the_brief_names_comes_first_then_the_style_and_its_colours() -> None:
    positive, negative, _ = compose(read_brief("ocean with fish"), "playful", ["Azure", "Bright Yellow"])
    places = [positive.index(text) for text in ("ocean with fish", "playful", "azure, bright yellow", "screen-print")]
    assert places == sorted(places)
    assert "ocean" not in negative


def test_without_colours_none_are_mentioned() -> None:
    positive, _, _ = compose(read_brief("waves"), "professional", [])
    assert "colours" not in positive


def test_what_is_refused_stands_in_the_negative_prompt_alone() -> None:
    positive, negative, _ = compose(read_brief("no fish please, only waves, without red"), "professional", [])
    assert "fish" not in positive
    assert "red" not in positive.split()
    assert negative.startswith("fish, bright red, red")


def test_a_refused_pattern_stands_in_the_negative_prompt() -> None:
    assert compose(read_brief("a whale without stripes"), "professional", []).negative.startswith("stripes, ")


def test_letters_are_not_refused_where_they_are_asked_for() -> None:
    assert "letters" not in compose(read_brief("letters and numbers hopscotch"), "playful", []).negative


@pytest.mark.parametrize(("brief", "expected"), [
    ("tres tortugas verdes y una ballena grande", "three green turtles, large whale"),
    ("Treffpunkt Wald mit Igel und zwei Füchsen", "hedgehog, two foxes, forest"),
    ("une forêt avec des papillons et un grand soleil", "butterflies, large sun, forest"),
    ("labirinto con onde in toni caldi", "maze pattern, waves pattern, warm tones"),
])  # fmt: skip
def test_a_brief_in_another_language_is_put_in_english(brief: str, expected: str) -> None:
    assert compose(read_brief(brief), "professional", []).positive.startswith(expected)


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_all_that_a_long_brief_names_survives_and_so_does_the_style(style: Style) -> None:
    positive, negative, _ = compose(read_brief(PARAGRAPH), style, LONGEST_NAMES)
    for name in ("lighthouse", "sailing boats", "whale", "dolphins", "palm trees", "parrot", "treasure", "octopus"):
        assert name in positive
    assert STYLES[style].positive in positive
    assert "shark" in negative
    assert "shark" not in positive


@pytest.mark.parametrize("style", STYLE_NAMES)
@given(
    prompt=st.one_of(st.text(max_size=2000), st.lists(st.sampled_from(PARAGRAPH.split()), max_size=300).map(" ".join))
)
@settings(max_examples=60)
def test_no_prompt_is_longer_than_the_model_reads(style: Style, prompt: str) -> None:
    for reading in (read_brief(prompt), Reading(language="en", wanted=prompt)):
        positive, negative, _ = compose(reading, style, LONGEST_NAMES)
        assert count_tokens(positive) <= ROOM
        assert count_tokens(negative) <= ROOM
        assert STYLES[style].positive in positive


def test_what_has_no_room_is_named() -> None:
    things = "whale crab fox owl lion tiger zebra camel snake frog turtle dolphin shark octopus penguin duck swan eagle"
    prompts = compose(read_brief(", ".join(f"two big red {thing}s" for thing in things.split())), "professional", [])
    assert prompts.not_sent
    assert not [part for part in prompts.not_sent if part in prompts.positive.split(", ")]


def test_a_picture_that_came_without_words_is_painted_by_style_and_colours_alone() -> None:
    named, unnamed = (compose(unread(Brief(prompt=prompt)), "playful", ["Cream"]) for prompt in ("a sun", UNNAMED))
    assert named.positive.startswith("a sun, ")
    assert unnamed.positive == named.positive.removeprefix("a sun, ")
