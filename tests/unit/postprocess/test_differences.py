"""What the clamp takes for certain is certain: a colour that is said to be beaten in a cell is nowhere the nearest."""

import os
from itertools import permutations

import numpy as np
import pytest

from studio_colour.difference import FloatArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.differences import CELL, SIDE, Integers, possible

OFFSETS = np.stack(np.unravel_index(np.arange(CELL**3), (CELL,) * 3)[::-1])  # red is the fastest


def exact(cells: Integers) -> FloatArray:
    """Squared differences by the plain formula, shape (21, cells, 64)."""
    lowest = np.stack(np.unravel_index(cells, (SIDE,) * 3)[::-1]) * CELL
    lab = lab_from_rgb(np.moveaxis(lowest[..., None] + OFFSETS[:, None], 0, -1).astype(np.uint8))
    return np.stack([delta_e(lab, colour) ** 2 for colour in lab_from_rgb(palette_rgb(PALETTE))])


def assert_what_is_said_of(cells: Integers) -> None:
    squared = exact(cells)
    for loser, winner in permutations(range(len(PALETTE)), 2):
        beaten = np.unpackbits(possible(np.array([loser, winner]))[0])[cells] == 0
        assert np.all(squared[loser, beaten] > squared[winner, beaten])


def test_no_colour_is_beaten_where_it_may_be_the_nearest_in_cells_picked_at_random(rng: np.random.Generator) -> None:
    assert_what_is_said_of(rng.choice(SIDE**3, 2500, replace=False))


def test_little_is_left_in_doubt() -> None:
    left = np.unpackbits(possible(np.arange(len(PALETTE))), axis=1).sum(axis=0)
    assert left.min() >= 1
    assert np.mean(left > 1) < 0.17


def test_a_colour_alone_is_possible_everywhere() -> None:
    assert np.all(possible(np.array([3])) == 255)


@pytest.mark.skipif("STUDIO_EXHAUSTIVE" not in os.environ, reason="two minutes of arithmetic; set STUDIO_EXHAUSTIVE")
def test_no_colour_is_beaten_where_it_may_be_the_nearest_in_any_cell_of_the_cube() -> None:
    for cells in np.array_split(np.arange(SIDE**3), 256):
        assert_what_is_said_of(cells)
