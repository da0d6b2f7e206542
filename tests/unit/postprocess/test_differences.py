"""What the clamp takes for certain is certain: the interpolated differences are never further off than they say."""

import os

import numpy as np
import pytest

from studio_colour.difference import FloatArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.differences import (
    CELL,
    SIDE,
    Integers,
    at_corners,
    candidates,
    inside,
    lower_bound,
    upper_bound,
)

EVERY = np.arange(len(PALETTE))
OFFSETS = np.stack(np.unravel_index(np.arange(CELL**3), (CELL,) * 3)[::-1])  # red is the fastest
LINEAR = np.stack(
    [
        np.prod(np.where([[b] for b in corner[::-1]], OFFSETS / CELL, 1 - OFFSETS / CELL), axis=0)
        for corner in np.ndindex(2, 2, 2)
    ]
)


def exact(cells: Integers) -> FloatArray:
    """Squared differences by the plain formula, shape (21, cells, 64)."""
    lowest = np.stack(np.unravel_index(cells, (SIDE,) * 3)[::-1]) * CELL
    lab = lab_from_rgb(np.moveaxis(lowest[..., None] + OFFSETS[:, None], 0, -1).astype(np.uint8))
    return np.stack([delta_e(lab, colour) ** 2 for colour in lab_from_rgb(palette_rgb(PALETTE))])


def assert_what_is_said_of(cells: Integers) -> None:
    squared = exact(cells)
    possible = candidates(cells, EVERY)[:, np.newaxis].repeat(CELL**3, axis=1)
    assert np.all(np.take_along_axis(possible, squared.argmin(axis=0).T[np.newaxis], axis=0))
    for colour, true in enumerate(squared):
        of_one = np.full(len(cells), colour)
        corners, error = at_corners(cells, of_one)
        assert np.all(np.abs(corners.T @ LINEAR - true) <= error[:, None])
        assert np.all(lower_bound(corners.min(axis=0)) <= true.min(axis=1))
        assert np.all(upper_bound(corners.max(axis=0)) >= true.max(axis=1))
        values, error = inside(cells, of_one)
        assert np.all(np.abs(values - true.T) <= error)


def test_no_error_is_larger_than_said_in_cells_picked_at_random(rng: np.random.Generator) -> None:
    assert_what_is_said_of(rng.choice(SIDE**3, 2500, replace=False))


def test_the_cubic_leaves_little_doubt(rng: np.random.Generator) -> None:
    cells = rng.choice(SIDE**3, 2500, replace=False)
    for colour in EVERY:
        _, error = inside(cells, np.full(len(cells), colour))
        assert np.median(error) < 0.5


@pytest.mark.skipif("STUDIO_EXHAUSTIVE" not in os.environ, reason="two minutes of arithmetic; set STUDIO_EXHAUSTIVE")
def test_no_error_is_larger_than_said_in_any_cell_of_the_cube() -> None:
    for cells in np.array_split(np.arange(SIDE**3), 256):
        assert_what_is_said_of(cells)
