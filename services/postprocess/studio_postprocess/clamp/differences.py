"""Which colours that can be bought may be the nearest to some sRGB value of a cell of the colour cube.

Squared CIEDE2000 differences are smooth nearly everywhere, so a lattice with a vertex every 4 values a channel says
what they are between, within about 1. Where the formula is not smooth, beside grey and where it jumps because hues are
opposed, the lattice bends, and the errors are taken to be as large as the bend allows. Where one colour is nearer than
another by more than both errors at all corners of a cell, it is nearer to all values in it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import studio_colour.difference
from studio_colour.difference import ByteArray, delta_e, lab_from_fractional_rgb, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.cached_tables import Floats, Tables, cached_tables

Integers = NDArray[np.integer[Any]]

CELL = 4
SIDE = 256 // CELL
"""Cells along a channel. A cell's number is its red + SIDE * its green + SIDE**2 * its blue."""

_EDGE = SIDE + 3  # vertices along a channel: those of the cells, and one more on either side for what bends
_BATCH = 1 << 14  # arithmetic that stays in the processor's cache

# What the errors are, as multiples of the bends they show in, and how far a cell's colours go beyond its corners. No
# theorem, but the number of colours is finite, and test_differences.py checks all of them.
_ROUNDING = 0.1
_LINEAR_SMOOTH, _LINEAR_GROWTH, _LINEAR_JUMP = 1.5, 2.0, 10.0
_BEYOND, _NEAR_NOUGHT = 0.2, 3.0


def possible(palette: Integers) -> ByteArray:
    """Whether a colour may be the nearest of the palette somewhere in a cell: a bit each, (colours, cells / 8)."""
    beaten = np.zeros((len(palette), SIDE**3 // 8), np.uint8)
    for loser, by in zip(palette, beaten, strict=True):
        for winner in palette:
            np.bitwise_or(by, _BEATEN[loser, winner], out=by)
    return np.invert(beaten, out=beaten)


def _lattice() -> Floats:
    """Squared differences at all vertices, shape (21, edge, edge, edge) for blue, green and red."""
    channel = np.arange(-CELL, 256 + 2 * CELL, CELL, dtype=np.float64)
    blue, green, red = np.meshgrid(channel, channel, channel, indexing="ij")
    lab = lab_from_fractional_rgb(np.stack([red.ravel(), green.ravel(), blue.ravel()], axis=-1)).astype(np.float32)
    colours = lab_from_rgb(palette_rgb(PALETTE)).astype(np.float32)
    vertices = np.empty((len(colours), len(lab)), np.float32)
    for start in range(0, len(lab), _BATCH):
        batch = lab[start : start + _BATCH]
        for squared, colour in zip(vertices, colours, strict=True):
            squared[start : start + _BATCH] = delta_e(batch, colour) ** 2
    return vertices.reshape(-1, _EDGE, _EDGE, _EDGE)


def _linear_errors(lattice: Floats) -> Floats:
    """Of all cells, shape (SIDE, SIDE, SIDE): by second differences, an eighth of which parabolas rise above chords."""
    bend = np.zeros((SIDE, SIDE, SIDE), np.float32)
    for axis in range(3):
        along = np.moveaxis(lattice, axis, 0)[:, 1:-1, 1:-1]
        second = np.abs(along[2:] - 2 * along[1:-1] + along[:-2])
        bend += np.moveaxis(_over_corners(np.maximum, second), 0, axis)
    bend /= 8
    errors: Floats = _ROUNDING + bend * np.clip(_LINEAR_GROWTH * bend, _LINEAR_SMOOTH, _LINEAR_JUMP)
    return errors


def _over_corners(extreme: np.ufunc, vertices: Floats) -> Floats:
    for axis in range(3):
        along = np.moveaxis(vertices, axis, 0)
        vertices = np.moveaxis(extreme(along[1:], along[:-1]), 0, axis)
    return vertices


def _beaten() -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """Of all pairs of colours, loser and winner: the cells in which the second is nearer to every value."""
    lattice = _lattice()
    errors = [_linear_errors(vertices) for vertices in lattice]
    inner = lattice[:, 1:-1, 1:-1, 1:-1]
    lowest = [(1 - _BEYOND) * _over_corners(np.minimum, vertices) - _NEAR_NOUGHT for vertices in inner]
    highest = [(1 + _BEYOND) * _over_corners(np.maximum, vertices) + _NEAR_NOUGHT for vertices in inner]
    for one in range(len(PALETTE)):
        for other in range(one):
            farther, error = inner[one] - inner[other], errors[one] + errors[other]
            yield one, other, (_over_corners(np.minimum, farther) > error) | (lowest[one] > highest[other])
            yield other, one, (_over_corners(np.maximum, farther) < -error) | (lowest[other] > highest[one])


def _calculated() -> Tables:
    table = np.zeros(_SHAPE, np.uint8)
    for loser, winner, cells in _beaten():
        table[loser, winner] = np.packbits(cells)
    return (table,)


_SHAPE = (len(PALETTE), len(PALETTE), SIDE**3 // 8)
_SOURCES = [Path(code).read_bytes() for code in (__file__, studio_colour.difference.__file__)]
(_BEATEN,) = cached_tables(__file__, [*_SOURCES, repr(PALETTE).encode()], [_SHAPE], _calculated)
