"""Differences of every sRGB value to every colour that can be bought, precise enough to distinguish almost all of them.

Squared CIEDE2000 differences are smooth nearly everywhere, so a lattice with a vertex every 4 values a channel says
what they are between: within about 1 by the corners of a cell, within a hundredth by a cubic through the vertices
around it. Where the formula is not smooth, beside grey and where it jumps because hues are opposed, the lattice
bends, and the errors are taken to be as large as the bend allows.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import studio_colour.difference
from studio_colour.difference import delta_e, lab_from_fractional_rgb, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.cached_tables import Floats, Tables, cached_tables

Integers = NDArray[np.integer[Any]]

CELL = 4
SIDE = 256 // CELL
"""Cells along a channel. A cell's number is its red + SIDE * its green + SIDE**2 * its blue; blocks likewise."""
BLOCK = 2
"""Cells along the side of a block."""

_EDGE = SIDE + 3  # vertices along a channel: those of the cells, and one more on either side for the cubic
_COLUMNS = 64  # of a product small enough for the linear algebra library to start no threads of its own
_BATCH = 1 << 14  # arithmetic that stays in the processor's cache

# What the errors are, as multiples of the bends they show in, and how far a cell's colours go beyond its corners. No
# theorem, but the number of colours is finite, and test_differences.py checks all of them.
_ROUNDING = 0.1
_LINEAR_SMOOTH, _LINEAR_GROWTH, _LINEAR_JUMP = 1.5, 2.0, 10.0
_CUBIC_SMOOTH, _CUBIC_GROWTH, _CUBIC_JUMP = 0.4, 0.05, 3.0
_BEYOND, _NEAR_NOUGHT = 0.2, 3.0


def lower_bound(least: Floats) -> Floats:
    """Of squared differences, from the least at the corners of a cell."""
    return (1 - _BEYOND) * least - _NEAR_NOUGHT


def upper_bound(greatest: Floats) -> Floats:
    """Of squared differences, from the greatest at the corners of a cell."""
    return (1 + _BEYOND) * greatest + _NEAR_NOUGHT


def candidates(cells: Integers, palette: Integers) -> NDArray[np.bool_]:
    """Whether a colour of the palette may be the nearest somewhere in the cell's block, shape (colours, n)."""
    block = cells >> 1 & 0x1F | cells >> 2 & 0x3E0 | cells >> 3 & 0x7C00
    met = np.zeros((SIDE // BLOCK) ** 3, np.bool_)
    met[block] = True
    blocks = np.flatnonzero(met)  # several cells share one
    number = np.zeros(len(met), np.intp)
    number[blocks] = np.arange(len(blocks))
    place = palette[:, None] * len(met) + blocks
    of_block = _LOWER.take(place) <= _UPPER.take(place).min(axis=0)
    possible: NDArray[np.bool_] = of_block.take(number[block], axis=1)
    return possible


def at_corners(cells: Integers, colours: Integers) -> tuple[Floats, Floats]:
    """Squared differences at the eight corners of each cell to its colour, shape (8, n), and the linear error, (n,).

    What is interpolated linearly between the corners is wrong by no more than the error.
    """
    return _VERTICES.take(_first_corner(cells, colours) + _CORNERS[:, None]), _ERRORS.take(colours * SIDE**3 + cells)


def inside(cells: Integers, colours: Integers) -> tuple[Floats, Floats]:
    """Squared differences of each cell's 64 values to its colour, red fastest, shape (64, n), and their error, (n,)."""
    around = _VERTICES.take(_first_corner(cells, colours) + _AROUND[:, None])
    bend = np.abs(_times(_CUBIC_BEND, around)).max(axis=0)
    error = _ROUNDING + bend * np.minimum(_CUBIC_SMOOTH + _CUBIC_GROWTH * bend, _CUBIC_JUMP)
    return _times(_CUBIC, around), error


def _times(matrix: Floats, columns: Floats) -> Floats:
    """Their product, part by part."""
    product = np.empty((len(matrix), columns.shape[1]), np.float32)
    for start in range(0, columns.shape[1], _COLUMNS):
        part = slice(start, start + _COLUMNS)
        np.matmul(matrix, columns[:, part], out=product[:, part])
    return product


def _first_corner(cells: Integers, colours: Integers) -> Integers:
    blue, green, red = cells >> 12, cells >> 6 & 63, cells & 63
    first: Integers = ((colours * _EDGE + blue + 1) * _EDGE + green + 1) * _EDGE + red + 1
    return first


def _steps(*along: int) -> Integers:
    """From a cell's first corner to the vertices that many cells along each channel."""
    blue, green, red = np.meshgrid(along, along, along, indexing="ij")
    steps: Integers = ((blue * _EDGE + green) * _EDGE + red).ravel()
    return steps


def _cubic() -> tuple[Floats, Floats]:
    """Of the 64 vertices around a cell: the weights in each of its values, and in each third difference."""
    at, position = np.arange(-1.0, 3.0), np.arange(CELL) / CELL
    others = [np.delete(at, vertex) for vertex in range(4)]
    weights = np.array([np.prod((position[:, None] - o) / (a - o), axis=1) for a, o in zip(at, others, strict=True)])
    third, every = np.array([[-1.0], [3.0], [-3.0], [1.0]]), np.eye(4)
    bends = [
        _over_channels(third, every, every),
        _over_channels(every, third, every),
        _over_channels(every, every, third),
    ]
    return _over_channels(weights, weights, weights).T.copy(), np.concatenate(bends, axis=1).T.copy()


def _over_channels(blue: NDArray[np.float64], green: NDArray[np.float64], red: NDArray[np.float64]) -> Floats:
    return np.kron(blue, np.kron(green, red)).astype(np.float32)


_CORNERS = _steps(0, 1)
_AROUND = _steps(-1, 0, 1, 2)
_CUBIC, _CUBIC_BEND = _cubic()


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


def _over_blocks(extreme: np.ufunc, lattice: Floats) -> Floats:
    """The least or greatest vertex of each block."""
    cells = _over_corners(extreme, lattice[1:-1, 1:-1, 1:-1])
    blocks: Floats = extreme.reduce(cells.reshape([SIDE // BLOCK, BLOCK] * 3), axis=(1, 3, 5)).ravel()
    return blocks


def _calculated() -> Tables:
    """The lattice, the linear errors, and the bounds of the blocks."""
    lattice = _lattice()
    errors = [_linear_errors(vertices) for vertices in lattice]
    lower = [lower_bound(_over_blocks(np.minimum, vertices)) for vertices in lattice]
    upper = [upper_bound(_over_blocks(np.maximum, vertices)) for vertices in lattice]
    return lattice, np.stack(errors), np.stack(lower), np.stack(upper)


_SHAPES = [(len(PALETTE), *[_EDGE] * 3), (len(PALETTE), *[SIDE] * 3), *[(len(PALETTE), (SIDE // BLOCK) ** 3)] * 2]
_SOURCES = [Path(code).read_bytes() for code in (__file__, studio_colour.difference.__file__)]
_VERTICES, _ERRORS, _LOWER, _UPPER = cached_tables(__file__, [*_SOURCES, repr(PALETTE).encode()], _SHAPES, _calculated)
