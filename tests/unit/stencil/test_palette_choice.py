from collections.abc import Sequence
from itertools import combinations

import pytest

from studio_contracts.palette import BY_CODE, MAX_CHOSEN, PALETTE, Colour
from studio_contracts.reading import Tone
from studio_stencil.drawing.colour import difference
from studio_stencil.planning import palette_choice
from studio_stencil.planning.palette_choice import FALLBACK, PaletteChoice
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.themes import TONES


def choose_palette(prompt: str) -> PaletteChoice:
    return palette_choice.choose_palette(read_brief(prompt))


def order_by_brief(codes: Sequence[str], prompt: str) -> PaletteChoice:
    return palette_choice.order_by_brief(codes, read_brief(prompt))


BLUE, TURQUOISE, LIGHT_BLUE, AZURE = "RH20", "RH26", "RH22", "RH23"
BRIEFS = (
    "ocean energy with fish, flowing bands of blue and turquoise",
    "a forest walk", "Sunset over the beach", "outer space with rockets", "desert", "rainbow", "autumn leaves",
    "something nice", "", "pink and grey", "dark green, mustard and cream", "a red house",
    "blue, red, yellow, green, pink, purple, black and orange",
)  # fmt: skip


@pytest.mark.parametrize("brief", BRIEFS)
def test_a_choice_is_at_most_six_different_known_colours_with_a_reason_naming_them(brief: str) -> None:
    codes, reason = choose_palette(brief)
    assert 3 <= len(codes) <= MAX_CHOSEN
    assert len(set(codes)) == len(codes)
    assert all(BY_CODE[code].name in reason for code in codes)
    assert choose_palette(brief) == (codes, reason)


def test_an_ocean_is_blue_not_the_first_six_of_the_list() -> None:
    codes, reason = choose_palette("Ocean adventure")
    assert codes[0] == BLUE
    assert {LIGHT_BLUE, TURQUOISE} <= set(codes)
    assert "'ocean' → Standard Blue" in reason
    assert set(codes) != {colour.code for colour in PALETTE[:6]}


def test_named_colours_come_before_those_of_themes() -> None:
    codes, reason = choose_palette("an ocean of orange and purple")
    assert codes[:2] == ("RH50", "RH21")
    assert reason.startswith("asked for → Orange, Purple; 'ocean' → ")


def test_three_named_colours_without_a_theme_are_taken_alone() -> None:
    assert choose_palette("dark green, mustard and cream")[0] == ("RH12", "RH40", "RH31")


@pytest.mark.parametrize(
    ("brief", "code"),
    [
        ("dark green", "RH12"), ("Dark  Green", "RH12"), ("green", "RH10"), ("light blue", LIGHT_BLUE),
        ("navy", BLUE), ("turquoise", TURQUOISE), ("bright red", "RH02"), ("pale grey", "RH65"), ("white", "RH31"),
    ],
)  # fmt: skip
def test_a_colour_is_known_by_its_whole_name_in_any_case_and_number(brief: str, code: str) -> None:
    assert choose_palette(brief)[0][0] == code


@pytest.mark.parametrize("colour", PALETTE, ids=lambda colour: colour.code)
def test_every_palette_colour_can_be_named(colour: Colour) -> None:
    assert choose_palette(f"{colour.name} please")[0][0] == colour.code


def test_words_inside_other_words_do_not_count() -> None:
    assert choose_palette("Credit to Oceania, scared, reddish")[0] == FALLBACK


def test_the_sea_counts_the_same_in_the_plural() -> None:
    assert choose_palette("oceans")[0] == choose_palette("ocean")[0]


@pytest.mark.parametrize("brief", BRIEFS[:8])
def test_colours_that_were_not_named_can_be_told_apart(brief: str) -> None:
    for a, b in combinations(choose_palette(brief)[0], 2):
        assert difference(a, b) >= 10 or brief.find(BY_CODE[a].name.lower()) >= 0


def test_without_a_known_word_the_six_contrast_strongly() -> None:
    codes, reason = choose_palette("make it nice")
    assert codes == FALLBACK
    assert min(difference(a, b) for a, b in combinations(codes, 2)) > 20
    assert "balanced" in reason


def test_the_brief_picks_the_base_among_the_clients_colours() -> None:
    codes, reason = order_by_brief(["RH30", AZURE, BLUE], "ocean")
    assert codes == (BLUE, "RH30", AZURE)
    assert "'ocean' → Standard Blue as base" in reason


def test_without_a_hint_the_clients_order_stands_and_doubles_go() -> None:
    assert order_by_brief(["RH30", AZURE, "RH30"], "nice")[0] == ("RH30", AZURE)


@pytest.mark.parametrize("brief", [
    "no blue please, only greens", "underwater world, no blue", "a sunset without orange or pink",
    "kein Rot, bitte ein Feuerwehrauto",
    "sans bleu, un océan", "nada de verde en el bosque",
    "no red, blue, green, grey, yellow, brown, pink, purple, white or orange",
])  # fmt: skip
def test_a_refused_colour_is_never_chosen(brief: str) -> None:
    reading = read_brief(brief)
    codes, reason = palette_choice.choose_palette(reading)
    assert reading.refused_colours
    assert len(codes) >= 1
    assert not set(codes) & set(reading.refused_colours)
    assert "refused" in reason


def test_only_some_colours_means_no_others() -> None:
    assert choose_palette("no blue please, only greens")[0] == ("RH10", "RH11", "RH12")
    assert choose_palette("only blue")[0] == (BLUE, LIGHT_BLUE, AZURE)


@pytest.mark.parametrize(("brief", "tone"), [
    ("calm court in warm tones", "warm"), ("ocean in warm colours", "warm"), ("cool tones with a lion", "cool"),
    ("pastel rainbow", "pastel"), ("dark and moody skate park", "dark"), ("a bright farm", "bright"),
])  # fmt: skip
def test_a_tone_steers_the_whole_palette(brief: str, tone: Tone) -> None:
    codes, reason = choose_palette(brief)
    assert set(codes) <= set(TONES[tone])
    assert tone in reason


def test_the_colour_of_a_subject_is_not_the_ground_it_lies_on() -> None:
    assert choose_palette("three green frogs in a pond")[0][:2] == (AZURE, "RH10")
    assert choose_palette("a red house")[0][:2] == ("RH61", "RH02")


def test_a_refused_colour_that_the_client_chose_comes_last() -> None:
    assert order_by_brief([BLUE, "RH30", "RH10"], "no blue please")[0] == ("RH30", "RH10", BLUE)


@pytest.mark.parametrize(("brief", "base"), [("football pitch", "RH10"), ("waves", BLUE), ("a race track", "RH61")])
def test_a_pattern_with_colours_of_its_own_brings_them(brief: str, base: str) -> None:
    assert choose_palette(brief)[0][0] == base
