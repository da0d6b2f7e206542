"""The clamp: each pixel gets the palette colour with the smallest CIEDE2000 difference, exactly; ties by palette order.

A table holds the answer for every sRGB value. It is filled cell by cell when a picture first shows one: from
interpolated differences where these leave no doubt, whatever their error. The few colours in doubt get the
plain formula, in double precision, when a picture shows them. So a new palette costs a few milliseconds, and a familiar
one a single table look-up a pixel.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock

import cv2
import numpy as np

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE, Colour
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

_UNKNOWN = 255
_PART = 1 << 20  # pixels: bounds the memory
_STRIP = 1 << 16  # pixels: stays in the processor's cache
_BATCH = 1 << 12
_FIRST_LOOK = 16  # every sixteenth row shows most of the cells of a picture

_BLUE, _GREEN = np.meshgrid(np.arange(CELL), np.arange(CELL), indexing="ij")
_LINES = ((_BLUE << 16 | _GREEN << 8) // CELL).ravel()
"""A cell's lines of four reds in the table of four-byte lines."""


class Clamp:
    """Nearest palette colour of any picture; one per palette, safe to share between threads. At most 18 MB."""

    def __init__(self, palette: Sequence[Colour]) -> None:
        """Palette of 1 to 254 of the colours that can be bought; `indices` counts in its order."""
        self._lab = lab_from_rgb(palette_rgb(palette))
        self._colours = np.array([PALETTE.index(colour) for colour in palette])
        self._nearest = np.full(1 << 24, _UNKNOWN, np.uint8)
        self._cell_seen = np.zeros(SIDE**3, np.bool_)
        self._learning = Lock()  # each cell is written once: a second time would undo the result of the formula

    def indices(self, rgb: ByteArray) -> ByteArray:
        """Palette indices, shape (height, width), of an sRGB picture, shape (height, width, 3)."""
        nearest = np.empty(rgb.shape[:2], np.uint8)
        for part in _parts(nearest, _PART):
            self._look_up(rgb[part], nearest[part])
        return nearest

    def _look_up(self, rgb: ByteArray, nearest: ByteArray) -> None:
        with self._learning:
            self._learn_cells(_codes(rgb[::_FIRST_LOOK]).ravel())
        for strip in _parts(nearest, _STRIP):
            self._nearest.take(_codes(rgb[strip]), out=nearest[strip], mode="wrap")
        unknown = np.flatnonzero(nearest == _UNKNOWN)
        if unknown.size:
            codes = _codes(rgb.reshape(-1, 3).take(unknown, axis=0)[np.newaxis])[0]
            with self._learning:
                self._learn(codes)
            nearest.reshape(-1)[unknown] = self._nearest.take(codes)

    def _learn(self, codes: Integers) -> None:
        """Fill the table for these colours, shape (n,), repeats allowed."""
        self._learn_cells(codes)
        doubtful = np.unique(codes[self._nearest.take(codes) == _UNKNOWN])
        for start in range(0, doubtful.size, _BATCH):
            batch = doubtful[start : start + _BATCH]
            self._nearest[batch] = self._by_the_formula(batch)

    def _by_the_formula(self, codes: Integers) -> Integers:
        """The first of the nearest among the candidates of each colour's block."""
        lab = lab_from_rgb(np.stack([codes & 0xFF, codes >> 8 & 0xFF, codes >> 16], axis=-1).astype(np.uint8))
        row, colour = np.nonzero(candidates(_cell_of(codes), self._colours).T)
        difference = np.full((len(codes), len(self._lab)), np.inf)
        difference[row, colour] = delta_e(lab[row], self._lab[colour])
        nearest: Integers = difference.argmin(axis=1)
        return nearest

    def _learn_cells(self, codes: Integers) -> None:
        """Fill what is beyond doubt of the cells of these colours."""
        present = np.zeros_like(self._cell_seen)
        present[_cell_of(codes)] = True
        unseen = np.flatnonzero(present & ~self._cell_seen)
        for start in range(0, unseen.size, _BATCH):
            cells = unseen[start : start + _BATCH]
            first = cells & 0x3F | (cells & 0xFC0) << 2 | (cells & 0x3F000) << 4
            self._nearest.view(np.uint32)[first[:, None] + _LINES] = self._fill(cells).view(np.uint32)
            self._cell_seen[cells] = True

    def _fill(self, cells: Integers) -> ByteArray:
        """What to write in the table for the values of each cell, red fastest, shape (n, 64)."""
        # A column for each candidate, cell after cell; of each cell the one that is the nearest at its centre leads.
        cell, colour = np.divmod(np.flatnonzero(candidates(cells, self._colours).T), len(self._colours))
        corners, error = at_corners(cells[cell], self._colours[colour])
        centre = corners.sum(axis=0)
        least = np.minimum.reduceat(centre, _starts(cell))
        leads = np.flatnonzero(centre == least[cell])
        leader = np.empty(len(cells), np.intp)
        leader[cell[leads]] = leads
        nearest = np.repeat(colour[leader].astype(np.uint8)[:, None], CELL**3, axis=1)

        # Rivals come level with it somewhere in the cell, by both kinds of bounds.
        level = (corners - corners.take(leader[cell], axis=1)).min(axis=0) <= error + error[leader[cell]]
        level[leader] = False
        rivals = np.flatnonzero(level)
        least = corners.take(rivals, axis=1).min(axis=0)
        greatest = corners.take(leader[cell[rivals]], axis=1).max(axis=0)
        rivals = rivals[lower_bound(least) <= upper_bound(greatest)]
        if rivals.size:
            self._settle(nearest, cells, colour[leader], cell[rivals], colour[rivals])
        return nearest

    def _settle(self, nearest: ByteArray, cells: Integers, leader: Integers, cell: Integers, rival: Integers) -> None:
        """Let every rival, shape (n,), fight the leader of its cell for each of the cell's 64 values.

        The leader has those it wins against all; a rival has those it wins where nobody else does. The rest is unknown.
        """
        starts = _starts(cell)
        contested = cell[starts]
        place = np.repeat(np.arange(len(contested)), np.diff(starts, append=len(cell)))
        led, led_error = inside(cells[contested], self._colours[leader[contested]])
        behind, error = inside(cells[cell], self._colours[rival])
        behind -= led.take(place, axis=1)
        error += led_error[place]
        first, second = leader[contested].astype(np.uint8), rival.astype(np.uint8)
        unsure = (np.abs(behind) <= error) * np.uint8(_UNKNOWN)
        duels = ((behind > error) * first[place] + (behind < -error) * second + unsure).T.copy()
        first = first[:, None]
        settled = duels[starts]
        nth = np.arange(len(cell)) - starts[place]
        for n in range(1, nth.max() + 1):
            rows = np.flatnonzero(nth == n)
            to = place[rows]
            undecided = np.where(settled[to] == first[to], duels[rows], np.uint8(_UNKNOWN))
            settled[to] = np.where(duels[rows] == first[to], settled[to], undecided)
        nearest[contested] = settled


@lru_cache(maxsize=4)
def clamp_for(palette: tuple[Colour, ...]) -> Clamp:
    """The clamp of a palette, kept for the next picture; the four last used stay in memory."""
    return Clamp(palette)


def _parts(picture: ByteArray, pixels: int) -> Iterator[slice]:
    """The picture's rows in parts of about that many pixels."""
    rows = max(1, pixels // picture.shape[1])
    return (slice(start, start + rows) for start in range(0, len(picture), rows))


def _codes(rgb: ByteArray) -> Integers:
    """One number a pixel: red + 256 green + 65536 blue."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA).view("<u4")[..., 0] & 0xFFFFFF


def _starts(groups: Integers) -> Integers:
    """Where each run of equal numbers starts."""
    return np.flatnonzero(np.diff(groups, prepend=-1))


def _cell_of(codes: Integers) -> Integers:
    return codes >> 2 & 0x3F | codes >> 4 & 0xFC0 | codes >> 6 & 0x3F000
