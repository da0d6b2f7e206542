"""Mixtures of granules: all of them are looked at, light adds up, and the nearest is found."""

import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_colour.difference import linear_rgb, palette_rgb
from studio_colour.mixing import INDISTINGUISHABLE, PARTS, difference_of, hex_of_linear, linear_of_hex, nearest_mixture
from studio_contracts.palette import BY_CODE, PALETTE


def looks(recipe: tuple[tuple[str, int], ...]) -> np.ndarray:
    granules = linear_rgb(palette_rgb([BY_CODE[code] for code, _ in recipe]))
    light: np.ndarray = np.array([parts for _, parts in recipe]) @ granules / PARTS
    return light


def difference_elsewhere(light: np.ndarray, colour: str) -> np.ndarray:
    """Of linear light, shape (..., 3), to a colour: gamma and CIELAB by another library."""
    encoded = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    found: np.ndarray = deltaE_ciede2000(rgb2lab(encoded), np.broadcast_to(rgb2lab(wanted), encoded.shape))
    return found


@pytest.mark.parametrize("colour", ["#01153e", "#cea2fd", "#677a04", "#d1b26f", "#808080", "#ff00ff"])
def test_no_mixture_of_three_granules_in_twelfths_is_nearer(colour: str) -> None:
    splits = [(a, b, PARTS - a - b) for a in range(PARTS + 1) for b in range(PARTS + 1 - a)]
    granules = linear_rgb(palette_rgb(PALETTE))
    triples = np.array(list(itertools.combinations(range(len(PALETTE)), 3)))
    light = np.einsum("sp,tpc->tsc", np.array(splits), granules[triples]) / PARTS
    nearest = float(difference_elsewhere(light, colour).min())
    found = nearest_mixture(colour)
    assert nearest - 1e-3 <= found.delta_e <= nearest + INDISTINGUISHABLE + 1e-3
    assert found.delta_e == pytest.approx(float(difference_elsewhere(looks(found.recipe), colour)), abs=0.01)


@pytest.mark.parametrize("colour", PALETTE, ids=lambda colour: colour.code)
def test_a_colour_that_is_sold_is_mixed_of_itself(colour: object) -> None:
    code = getattr(colour, "code")  # noqa: B009
    assert nearest_mixture(BY_CODE[code].hex).recipe == ((code, PARTS),)
    assert difference_of(BY_CODE[code].hex, code) == pytest.approx(0, abs=1e-9)


def test_a_mixture_is_found_again_by_its_own_colour() -> None:
    recipe = (("RH20", 7), ("RH31", 3), ("RH90", 2))
    assert nearest_mixture(hex_of_linear(looks(recipe))).delta_e <= INDISTINGUISHABLE


def test_light_adds_up_and_not_the_numbers_of_a_file() -> None:
    """Half black and half white granule sends half the light: #bcbcbc, and not #808080."""
    assert hex_of_linear((linear_of_hex("#000000") + linear_of_hex("#ffffff")) / 2) == "#bcbcbc"


def test_recipes_have_at_most_three_granules_and_twelve_parts(rng: np.random.Generator) -> None:
    for red, green, blue in rng.integers(0, 256, (20, 3)):
        recipe = nearest_mixture(f"#{red:02x}{green:02x}{blue:02x}").recipe
        assert 1 <= len({code for code, _ in recipe}) == len(recipe) <= 3
        assert sum(parts for _, parts in recipe) == PARTS


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1937)
