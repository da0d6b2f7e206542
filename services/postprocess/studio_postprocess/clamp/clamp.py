"""The clamp: each pixel gets the palette colour with the smallest CIEDE2000 difference, exactly; ties by palette order.

A table says for each cell of the colour cube, 4 x 4 x 4 values, which colour is the nearest to all of them, where that
is beyond doubt. Another, of bars of four cells, says the same faster, for most pixels of most pictures. In the other
cells the values that a picture shows get the plain formula, in double precision, and are kept. So a new palette costs a
few milliseconds, and a familiar one a table look-up a pixel.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE, Colour
from studio_postprocess.clamp.differences import CELL, SIDE, Integers, possible

_UNKNOWN = 255
_PART = 1 << 20  # pixels: bounds the memory
_BATCH = 1 << 12
_VALUES = CELL**3


class Clamp:
    """Nearest palette colour of any picture; one per palette. About 4 MB, or 18 where colours of it are the same.

    Threads may share it: what one of them writes, the others would write, too.
    """

    def __init__(self, palette: Sequence[Colour]) -> None:
        """Palette of 1 to 254 of the colours that can be bought; `indices` counts in its order."""
        self._lab = lab_from_rgb(palette_rgb(palette))
        self._possible = possible(np.array([PALETTE.index(colour) for colour in palette]))
        self._of_cell = _settled(self._possible)
        self._of_bar = _over_bars(self._of_cell)
        self._contested = np.flatnonzero(self._of_cell == _UNKNOWN)
        self._place = np.zeros(SIDE**3, np.int32)
        self._place[self._contested] = np.arange(len(self._contested))
        self._of_value = np.zeros(len(self._contested) * _VALUES, np.uint8)  # one more than the index; 0: not seen yet

    def indices(self, rgb: ByteArray) -> ByteArray:
        """Palette indices, shape (height, width), of an sRGB picture, shape (height, width, 3)."""
        nearest = np.empty(rgb.shape[:2], np.uint8)
        for part in _parts(nearest):
            self._look_up(np.ascontiguousarray(rgb[part]), nearest[part])
        return nearest

    def _look_up(self, rgb: ByteArray, nearest: ByteArray) -> None:
        cv2.LUT(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR565).view(np.uint16)[..., 0], self._of_bar, dst=nearest)
        unknown = np.flatnonzero(nearest == _UNKNOWN)
        if unknown.size:
            red, green, blue = rgb.reshape(-1, 3).take(unknown, axis=0).T.astype(np.int32)
            cell = red >> 2 | green >> 2 << 6 | blue >> 2 << 12
            found = self._of_cell.take(cell)
            doubtful = np.flatnonzero(found == _UNKNOWN)
            red, green, blue = (channel.take(doubtful) & 3 for channel in (red, green, blue))
            place = self._place.take(cell.take(doubtful))
            found[doubtful] = self._one_by_one(place * _VALUES + (red | green << 2 | blue << 4))
            nearest.reshape(-1)[unknown] = found

    def _one_by_one(self, values: Integers) -> ByteArray:
        """The nearest of values of contested cells, given by their place in the table."""
        known = self._of_value.take(values)
        if not known.all():
            met = np.zeros(len(self._of_value), np.bool_)
            met[values] = True
            new = np.flatnonzero(met & (self._of_value == 0))  # many pixels share one
            for start in range(0, new.size, _BATCH):
                batch = new[start : start + _BATCH]
                self._of_value[batch] = 1 + self._by_the_formula(self._contested[batch // _VALUES], batch % _VALUES)
            known = self._of_value.take(values)
        return known - np.uint8(1)

    def _by_the_formula(self, cell: Integers, value: Integers) -> Integers:
        """The first of the nearest of one of the values of each cell."""
        lowest, offset = (np.stack(np.unravel_index(at, [side] * 3)) for at, side in ((cell, SIDE), (value, CELL)))
        lab = lab_from_rgb((lowest * CELL + offset)[::-1].T.astype(np.uint8))
        candidates = self._possible.take(cell >> 3, axis=1) & (0x80 >> (cell & 7)).astype(np.uint8)
        row, colour = np.divmod(np.flatnonzero(candidates.T), len(self._lab))
        difference = delta_e(lab.take(row, axis=0), self._lab.take(colour, axis=0))
        least = np.minimum.reduceat(difference, np.flatnonzero(np.diff(row, prepend=-1)))
        nearest = np.empty(len(cell), np.intp)
        falling = np.flatnonzero(difference == least[row])[::-1]
        nearest[row[falling]] = colour[falling]  # the last written is the first of equal ones
        return nearest


@lru_cache(maxsize=4)
def clamp_for(palette: tuple[Colour, ...]) -> Clamp:
    """The clamp of a palette, kept for the next picture; the four last used stay in memory."""
    return Clamp(palette)


def _settled(possible: ByteArray) -> ByteArray:
    """The only colour that is possible in each cell, from bits, shape (colours, cells / 8)."""
    once, again = np.zeros_like(possible[0]), np.zeros_like(possible[0])
    for colour in possible:
        again |= once & colour
        once |= colour
    nearest = np.unpackbits(again) * np.uint8(_UNKNOWN)
    for number, colour in enumerate(possible):
        nearest |= np.unpackbits(colour & ~again) * np.uint8(number)
    return nearest


def _over_bars(of_cell: ByteArray) -> ByteArray:
    """The colour of bars of two by two cells along red and blue, where these agree; numbered as OpenCV's BGR565."""
    pairs = of_cell.view(np.uint16).reshape(SIDE // 2, 2, SIDE, SIDE // 2)
    first, second = pairs[:, 0], pairs[:, 1]
    agree = (first == second) & (first & 0xFF == first >> 8)
    return np.where(agree, first & 0xFF, _UNKNOWN).astype(np.uint8).T.ravel()


def _parts(picture: ByteArray) -> Iterator[slice]:
    """The picture's rows in parts of about _PART pixels."""
    rows = max(1, _PART // picture.shape[1])
    return (slice(start, start + rows) for start in range(0, len(picture), rows))
