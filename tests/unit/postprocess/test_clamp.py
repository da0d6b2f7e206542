"""The clamp is the plain formula, pixel for pixel, however it is computed."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import BY_CODE, PALETTE, Colour
from studio_postprocess.clamp.clamp import Clamp, clamp_for
from studio_support.synthetic_pictures import painted, regions

OCEAN = tuple(BY_CODE[code] for code in ("RH20", "RH23", "RH22", "RH26", "RH31", "RH70"))
NEUTRALS = tuple(BY_CODE[code] for code in ("RH65", "RH31", "RH61", "RH60", "RH70", "RH30"))
TWINS = tuple(BY_CODE[code] for code in ("RH31", "RH65"))
PALETTES = {"ocean": OCEAN, "neutrals": NEUTRALS, "twins": TWINS, "everything": PALETTE, "one": OCEAN[:1]}

exhaustive = pytest.mark.skipif(
    "STUDIO_EXHAUSTIVE" not in os.environ, reason="three minutes of colour arithmetic; set STUDIO_EXHAUSTIVE to run it"
)


def by_the_independent_library(rgb: ByteArray, palette: tuple[Colour, ...]) -> ByteArray:
    """The plain formula by scikit-image, for every distinct colour of the picture."""
    colours, place = np.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True)
    lab, palette_lab = rgb2lab(colours), rgb2lab(palette_rgb(palette))
    differences = deltaE_ciede2000(lab[:, None], palette_lab[None])
    nearest: ByteArray = differences.argmin(axis=1).astype(np.uint8)
    return nearest[place].reshape(rgb.shape[:2])


def by_the_plain_formula(rgb: ByteArray, palette: tuple[Colour, ...]) -> ByteArray:
    lab = lab_from_rgb(rgb)
    differences = np.stack([delta_e(lab, colour) for colour in lab_from_rgb(palette_rgb(palette))])
    return as_bytes(differences.argmin(axis=0))


def as_bytes(values: np.ndarray) -> ByteArray:
    clipped: ByteArray = np.clip(values, 0, 255).astype(np.uint8)
    return clipped


def random_colours(rng: np.random.Generator) -> ByteArray:
    return rng.integers(0, 256, (200, 150, 3), dtype=np.uint8)


def gradients(rng: np.random.Generator) -> ByteArray:
    """Every hue at every lightness, and greys along the bottom."""
    hue, value = np.meshgrid(np.arange(180), np.arange(160))
    hsv = np.stack([hue, 255 - value // 2, value + 96], axis=-1).astype(np.uint8)
    hsv[-20:, :, 1] = 0
    return as_bytes(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def near_grey(rng: np.random.Generator) -> ByteArray:
    return as_bytes(rng.integers(0, 256, (150, 150, 1)) + rng.integers(-4, 5, (150, 150, 3)))


def photograph(rng: np.random.Generator) -> ByteArray:
    coarse = rng.integers(0, 256, (5, 7, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (210, 140), interpolation=cv2.INTER_CUBIC)
    return as_bytes(smooth + rng.normal(0, 9, smooth.shape))


def model_output(rng: np.random.Generator) -> ByteArray:
    return painted(regions(240, 160, 12, 6), OCEAN)


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("picture", [random_colours, gradients, near_grey, photograph, model_output])
def test_clamp_equals_the_independent_library(
    name: str, picture: Callable[[np.random.Generator], ByteArray], rng: np.random.Generator
) -> None:
    rgb = picture(rng)
    np.testing.assert_array_equal(Clamp(PALETTES[name]).indices(rgb), by_the_independent_library(rgb, PALETTES[name]))


@pytest.mark.parametrize("count", [2, 3, 6, 12])
def test_clamp_equals_the_plain_formula_for_random_palettes(count: int, rng: np.random.Generator) -> None:
    palette = tuple(PALETTE[i] for i in rng.permutation(len(PALETTE))[:count])
    rgb = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)
    np.testing.assert_array_equal(Clamp(palette).indices(rgb), by_the_plain_formula(rgb, palette))


def test_every_palette_colour_clamps_to_itself() -> None:
    rgb = palette_rgb(PALETTE)[np.newaxis]
    np.testing.assert_array_equal(Clamp(PALETTE).indices(rgb)[0], np.arange(len(PALETTE)))
    lab = lab_from_rgb(palette_rgb(PALETTE))
    assert delta_e(lab, lab).max() == 0.0


def test_the_first_of_equal_colours_wins(rng: np.random.Generator) -> None:
    twice = (OCEAN[1], OCEAN[0], OCEAN[1], OCEAN[0])
    rgb = rng.integers(0, 256, (60, 60, 3), dtype=np.uint8)
    assert set(np.unique(Clamp(twice).indices(rgb))) == {0, 1}


def test_what_a_clamp_has_learnt_does_not_change_its_answers(rng: np.random.Generator) -> None:
    clamp = Clamp(OCEAN)
    first, second = photograph(rng), photograph(rng)
    fresh = Clamp(OCEAN).indices(second)
    clamp.indices(first)
    np.testing.assert_array_equal(clamp.indices(second), fresh)
    np.testing.assert_array_equal(clamp.indices(second), fresh)


def test_threads_that_share_a_clamp_get_the_right_answers(rng: np.random.Generator) -> None:
    pictures = [photograph(rng) for _ in range(6)]
    expected = [Clamp(OCEAN).indices(picture) for picture in pictures]
    shared = Clamp(OCEAN)
    with ThreadPoolExecutor(4) as pool:
        for got, wanted in zip(pool.map(shared.indices, pictures), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_any_shape_and_memory_layout_is_taken(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (400, 500, 3), dtype=np.uint8)
    clamp = Clamp(OCEAN)
    whole = clamp.indices(rgb)
    np.testing.assert_array_equal(clamp.indices(rgb[::2, 1::3]), whole[::2, 1::3])
    np.testing.assert_array_equal(clamp.indices(rgb[:1, :1]), whole[:1, :1])


def test_a_clamp_is_kept_for_the_next_picture() -> None:
    assert clamp_for(OCEAN) is clamp_for(tuple(OCEAN))


@exhaustive
@pytest.mark.parametrize("name", PALETTES)
def test_clamp_equals_the_plain_formula_for_every_colour_of_the_cube(name: str) -> None:
    clamp = Clamp(PALETTES[name])
    codes = np.arange(1 << 24, dtype=np.uint32)
    cube = np.stack([codes & 255, codes >> 8 & 255, codes >> 16], axis=-1).astype(np.uint8).reshape(1024, -1, 3)
    for row in cube.reshape(4096, 1, -1, 3):
        np.testing.assert_array_equal(clamp.indices(row), by_the_plain_formula(row, PALETTES[name]))
