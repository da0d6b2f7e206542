"""The clamp: each pixel gets the palette colour with the smallest CIEDE2000 difference, exactly; ties by palette order.

The colour cube is cut into cells of 4 values a channel. In each cell a palette colour survives only if the bounds of
its difference over the cell say it could be the nearest; a cell with one survivor is settled whole, and
only the colours seen in the others are computed one by one: in single precision, and in double where that is too close
to call. Cells and colours are looked at when a picture first shows them and remembered, so that a new
palette costs milliseconds and a familiar one a single table look-up a pixel.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_contracts.palette import Colour
from studio_postprocess.colour import (
    ByteArray,
    FloatArray,
    delta_e,
    lab_from_fractional_rgb,
    lab_from_rgb,
    palette_rgb,
)

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.integer[Any]]

CELL = 4
_SIDE = 256 // CELL
_UNKNOWN = 255
_STRIP = 1 << 17
_BATCH = 1 << 14

# How far a difference can move within a cell, as multiples of the cell's radius in CIELAB and of the difference at its
# centre. CIEDE2000 has no neat Lipschitz constant; these hold, with room to spare, for every colour that can be bought
# over the whole cube (test_clamp.py goes through all of it).
_SLOPE, _SLOPE_GROWTH, _STEEPEST = 1.4, 0.05, 2.6
_OPPOSED_REACH = 2.0
_OPPOSED_DROP = 0.6
_ROUNDING = 1e-3  # of single precision: 4e-5 measured


class Clamp:
    """Nearest palette colour of any picture; one per palette, safe to share between threads. About 20 MB."""

    def __init__(self, palette: Sequence[Colour]) -> None:
        """Palette of 1 to 254 colours; `indices` counts in its order."""
        self._lab = lab_from_rgb(palette_rgb(palette))
        self._nearest = np.full(1 << 24, _UNKNOWN, np.uint8)
        self._cell_seen = np.zeros(_SIDE**3, np.bool_)
        self._candidates = np.zeros((_SIDE**3, len(palette)), np.bool_)

    def indices(self, rgb: ByteArray) -> ByteArray:
        """Palette indices, shape (height, width), of an sRGB picture, shape (height, width, 3)."""
        # One code a pixel: red + 256 green + 65536 blue. Strips bound the memory and stay in the processor's cache.
        codes = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA).view("<u4").ravel()
        nearest = np.empty(codes.size, np.uint8)
        for start in range(0, codes.size, _STRIP):
            strip = slice(start, start + _STRIP)
            nearest[strip] = self._look_up(codes[strip] & 0xFFFFFF)
        return nearest.reshape(rgb.shape[:2])

    def _look_up(self, codes: IntArray) -> ByteArray:
        nearest = self._nearest.take(codes)
        unknown = np.flatnonzero(nearest == _UNKNOWN)
        if unknown.size:
            self._learn(codes[unknown])
            nearest[unknown] = self._nearest.take(codes[unknown])
        return nearest

    def _learn(self, codes: IntArray) -> None:
        """Fill the table for these colours, shape (n,), repeats allowed."""
        present = np.zeros_like(self._cell_seen)
        present[_cell_of(codes)] = True
        for cells in _batches(np.flatnonzero(present & ~self._cell_seen)):
            self._learn_cells(cells)
        for distinct in _batches(np.unique(codes[self._nearest.take(codes) == _UNKNOWN])):
            self._nearest[distinct] = self._nearest_of(distinct)

    def _learn_cells(self, cells: IntArray) -> None:
        everything = np.ones((len(cells), len(self._lab)), np.bool_)
        candidates = self._narrow(CENTRES[cells], RADII[cells], everything)
        self._candidates[cells] = candidates
        settled = np.count_nonzero(candidates, axis=1) == 1
        blue, green, red = np.unravel_index(cells[settled], (_SIDE, _SIDE, _SIDE))
        blocks = self._nearest.reshape(_SIDE, CELL, _SIDE, CELL, _SIDE, CELL)
        blocks[blue, :, green, :, red, :] = candidates[settled].argmax(axis=1)[:, None, None, None]
        self._cell_seen[cells] = True

    def _nearest_of(self, codes: IntArray) -> IntArray:
        """The plain formula over the candidates of each colour's cell; the first of equals."""
        lab = lab_from_rgb(np.stack([codes & 0xFF, codes >> 8 & 0xFF, codes >> 16], axis=-1).astype(np.uint8))
        candidates = self._narrow(
            lab.astype(np.float32), np.zeros(len(lab), np.float32), self._candidates[_cell_of(codes)]
        )
        nearest: IntArray = candidates.argmax(axis=1)
        contested = np.flatnonzero(np.count_nonzero(candidates, axis=1) > 1)
        row, colour = np.nonzero(candidates[contested])
        difference = np.full((len(contested), len(self._lab)), np.inf)
        difference[row, colour] = delta_e(lab[contested][row], self._lab[colour])
        nearest[contested] = difference.argmin(axis=1)
        return nearest

    def _narrow(self, centre: FloatArray, radius: FloatArray, candidates: BoolArray) -> BoolArray:
        """Of each cell's candidates, shape (cells, colours), those that may be the nearest somewhere in it."""
        row, colour = np.nonzero(candidates)
        lower = np.full(candidates.shape, np.inf, np.float32)
        upper = np.full(candidates.shape, np.inf, np.float32)
        lower[row, colour], upper[row, colour] = difference_bounds(
            centre[row], radius[row], self._lab.astype(np.float32)[colour]
        )
        narrowed: BoolArray = candidates & (lower <= upper.min(axis=1, keepdims=True))
        return narrowed


@lru_cache(maxsize=4)
def clamp_for(palette: tuple[Colour, ...]) -> Clamp:
    """The clamp of a palette, kept for the next picture; the four last used stay in memory."""
    return Clamp(palette)


def difference_bounds(centre: FloatArray, radius: FloatArray, colour: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper bounds of the difference to a colour over a cell, from its CIELAB centre and radius.

    Shapes (n, 3), (n,) and (n, 3) or (3,). Where the two hues are opposed the mean hue, and the formula with it, jumps
    to the other side of the circle: there the difference has a much lower bound, and no upper one.
    """
    difference = delta_e(centre, colour)
    slack = radius * np.minimum(_SLOPE + _SLOPE_GROWTH * difference, _STEEPEST) + _ROUNDING
    a, b = colour[..., 1], colour[..., 2]
    reach = (_OPPOSED_REACH * radius + _ROUNDING) * np.sqrt(a * a + b * b)
    aside = np.abs(centre[:, 1] * b - centre[:, 2] * a)
    along = centre[:, 1] * a + centre[:, 2] * b
    opposed = (aside <= reach) & (along <= reach)
    lower = np.where(opposed, (1.0 - _OPPOSED_DROP) * difference, difference) - slack
    return lower, np.where(opposed, np.inf, difference + slack)


def _cell_of(codes: IntArray) -> IntArray:
    return codes >> 2 & 0x3F | codes >> 4 & 0xFC0 | codes >> 6 & 0x3F000


def _batches(values: IntArray) -> Iterator[IntArray]:
    """Parts whose arithmetic stays in the processor's cache."""
    return (values[start : start + _BATCH] for start in range(0, values.size, _BATCH))


def _cell_extents() -> tuple[FloatArray, FloatArray]:
    """Centre of every cell in CIELAB, and the distance to its farthest corner."""
    centres, radii = np.empty((_SIDE**3, 3), np.float32), np.empty(_SIDE**3, np.float32)
    for cells in _batches(np.arange(_SIDE**3)):
        blue, green, red = np.unravel_index(cells, (_SIDE, _SIDE, _SIDE))
        lowest = np.stack([red, green, blue], axis=-1).astype(np.uint8) * np.uint8(CELL)
        centre = lab_from_fractional_rgb(lowest + (CELL - 1) / 2.0)
        farthest = np.zeros(len(cells))
        for corner in np.ndindex(2, 2, 2):
            offset = lab_from_rgb(lowest + (CELL - 1) * np.array(corner, np.uint8)) - centre
            np.maximum(farthest, np.einsum("ij,ij->i", offset, offset), out=farthest)
        centres[cells], radii[cells] = centre, np.sqrt(farthest)
    return centres, radii


CENTRES, RADII = _cell_extents()
"""Of all cells, for any palette, in single precision: 4 MB, a tenth of a second at import."""
