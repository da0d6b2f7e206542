"""The fast clamp answers what the plain formula answers."""

import numpy as np
import pytest

from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.clamp import Clamp
from studio_postprocess.clamp.reference import nearest_colours
from studio_support.synthetic_pictures import painted, regions


@pytest.mark.parametrize("colours", [1, 2, 6, 21])
def test_any_colours_are_clamped_as_by_the_formula(colours: int, rng: np.random.Generator) -> None:
    noise = rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    palette = PALETTE[:colours]
    np.testing.assert_array_equal(Clamp(palette).indices(noise), nearest_colours(noise, palette))


def test_a_picture_is_clamped_as_by_the_formula() -> None:
    palette = PALETTE[4:10]
    picture = painted(regions(160, 120, 9, 6), palette)
    np.testing.assert_array_equal(Clamp(palette).indices(picture), nearest_colours(picture, palette))


def test_of_equal_colours_the_first_of_the_palette_is_taken() -> None:
    twice = (PALETTE[3], PALETTE[3])
    grey = np.full((2, 2, 3), 128, np.uint8)
    assert nearest_colours(grey, twice).tolist() == Clamp(twice).indices(grey).tolist() == [[0, 0], [0, 0]]
