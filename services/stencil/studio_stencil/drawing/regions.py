"""Colours for cells: neighbouring cells of one colour join into regions, in the number and share that are planned.

The cells are a graph. Simulated annealing flips one cell's colour at a time; sets of cells are bit masks.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.drawing.raster import border_lengths, count_regions

STEPS_PER_CELL = 28
_HEAT_FIRST, _HEAT_LAST = 1.2, 0.05


class Cells(NamedTuple):
    """Cells that divide the picture.

    areas      each one's share of the picture
    links      for each cell, a bit mask of the neighbours it shares a wide enough edge with
    pinches    pairs that meet in a corner or a short edge, with the mask of the cells that are linked to both; two of
               one colour would hang together by less than can be laid
    """

    areas: Sequence[float]
    links: Sequence[int]
    pinches: Sequence[tuple[int, int, int]]


class Target(NamedTuple):
    """What the colouring aims at: colour codes, their shares of the picture, and the number of regions."""

    codes: Sequence[str]
    coverage: Sequence[float]
    regions: int


def _bits(mask: int) -> list[int]:
    """Positions of the bits that are set."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def _components(mask: int, links: Sequence[int]) -> int:
    """Number of connected parts of a set of cells."""
    count = 0
    while mask:
        count += 1
        frontier = mask & -mask
        mask ^= frontier
        while frontier:
            low = frontier & -frontier
            frontier ^= low
            new = links[low.bit_length() - 1] & mask
            frontier |= new
            mask ^= new
    return count


def closeness(code: str, other: str) -> float:
    """Cost of two colours side by side: 0 when they differ strongly, 3 and above when they read as one."""
    delta = difference(code, other)
    return 3.0 + (CLOSE - delta) / CLOSE if delta < CLOSE else max(0.0, (2 * CLOSE - delta) / (4 * CLOSE))


class _Colouring:
    """A colouring under way, with the sums its energy needs."""

    def __init__(self, cells: Cells, target: Target) -> None:
        self.cells, self.target = cells, target
        self.colours = [0] * len(cells.areas)
        self.masks = [0] * len(target.codes)
        self.masks[0] = (1 << len(cells.areas)) - 1
        self.parts = [_components(mask, cells.links) for mask in self.masks]
        self.shares = [sum(cells.areas), *[0.0] * (len(target.codes) - 1)]
        self.cost = [[0.0 if a == b else closeness(a, b) for b in target.codes] for a in target.codes]
        self.neighbours = [_bits(mask) for mask in cells.links]
        self.pinches_at: list[list[tuple[int, int, int]]] = [
            [pinch for pinch in cells.pinches if cell in pinch[:2] or pinch[2] >> cell & 1]
            for cell in range(len(cells.areas))
        ]

    def _local(self, cell: int) -> float:
        """Energy of what one cell takes part in: its contacts and pinches, and all regions and shares."""
        colours, masks = self.colours, self.masks
        row = self.cost[colours[cell]]
        contact = sum([row[colours[other]] for other in self.neighbours[cell]])
        pinched = sum(
            [colours[a] == colours[b] and not masks[colours[a]] & both for a, b, both in self.pinches_at[cell]]
        )
        return 0.6 * contact + 1.5 * pinched + self._overall()

    def _overall(self) -> float:
        """Distance from the planned number of regions and shares; a missing colour weighs most."""
        off = sum([abs(share - goal) for share, goal in zip(self.shares, self.target.coverage, strict=True)])
        return 2 * abs(sum(self.parts) - self.target.regions) + 25 * off + 4 * self.parts.count(0)

    def _flip(self, cell: int, colour: int) -> None:
        """Give a cell another colour."""
        links, bit, old = self.cells.links, 1 << cell, self.colours[cell]
        self.colours[cell] = colour
        for each, sign in ((old, -1), (colour, 1)):
            self.masks[each] ^= bit
            self.shares[each] += sign * self.cells.areas[cell]
            self.parts[each] = _components(self.masks[each], links)

    def try_flip(self, cell: int, colour: int, heat: float, luck: float) -> None:
        """Flip and keep it if the energy falls, or by chance while it is hot (Metropolis)."""
        old, before = self.colours[cell], self._local(cell)
        self._flip(cell, colour)
        rise = self._local(cell) - before
        if rise > 0 and luck >= math.exp(-rise / heat):
            self._flip(cell, old)


def colour_cells(cells: Cells, target: Target, rng: np.random.Generator) -> np.ndarray:
    """Colour of each cell as an index into target.codes, uint8.

    Starts from a surface all in the base colour and cools down. The last state is returned: the caller judges it.
    """
    state = _Colouring(cells, target)
    count, colours = len(cells.areas), len(target.codes)
    steps = STEPS_PER_CELL * count
    picks = rng.integers(count, size=steps).tolist()
    tints = rng.integers(colours, size=steps).tolist()
    sides = rng.integers(1 << 16, size=steps).tolist()
    lucks = rng.random(steps).tolist()
    heats = np.geomspace(_HEAT_FIRST, _HEAT_LAST, steps).tolist()
    for cell, tint, side, luck, heat in zip(picks, tints, sides, lucks, heats, strict=True):
        near = state.neighbours[cell]
        wanted = state.colours[near[side % len(near)]] if near and side & 0x8000 else tint
        if wanted != state.colours[cell]:
            state.try_flip(cell, wanted, heat, luck)
    return np.array(state.colours, dtype=np.uint8)


def fault_of(indices: np.ndarray, target: Target) -> float:
    """How far the regions of an index map are from the target; 0 for as planned.

    Counts regions too many or too few, and close colours side by side unless one of them is the base, which touches
    nearly everything.
    """
    codes = target.codes
    touching = np.argwhere(np.triu(border_lengths(indices, len(codes))))
    close = sum(difference(codes[a], codes[b]) < CLOSE for a, b in touching if a)
    return abs(count_regions(indices) - target.regions) + 0.5 * close
