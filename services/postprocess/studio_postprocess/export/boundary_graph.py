"""The edges between colours as a planar graph: chains that two regions share, joined at the points where more meet.

Every chain is smoothed once, and the outlines on both its sides are put together from the same points: neighbours meet
exactly, with neither gap nor overlap, and the areas inside all outlines sum to the whole.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from studio_postprocess.clamp.colour import ByteArray, FloatArray
from studio_postprocess.installable.regions import IntArray

OUTSIDE = -1

_SMOOTHING_PX = 3.0
_TOLERANCE_PX = 0.3

# Directions along the cracks between pixels, clockwise on the screen: east, south, west, north. For each the step
# (x, y), and the pixel on its left and right as seen from the corner it starts at.
_STEP = ((1, 0), (0, 1), (-1, 0), (0, -1))
_LEFT = ((0, -1), (0, 0), (-1, 0), (-1, -1))
_RIGHT = ((0, 0), (-1, 0), (-1, -1), (0, -1))
_NODE = 16
_AS_NODE = np.array([bits | _NODE * (bits.bit_count() > 2) for bits in range(256)], np.uint8)
_STOP = -1
_NO_COLOUR = 255


def _onward(direction: int, links: int) -> int:
    """The direction that goes on where a line comes in `direction` to a corner, unless it ends there."""
    ahead = links & ~(1 << (direction + 2) % 4)
    return ahead.bit_length() - 1 if links < _NODE else _STOP  # no links are left where a closed line began


_ONWARD = [[_onward(direction, links) for links in range(2 * _NODE)] for direction in range(4)]


class Chain(NamedTuple):
    """A line from node to node, or a closed one without a node, with one colour on either side.

    points (n, 2) are x and y in pixels from the top left corner, a closed line's last is its first; left and right are
    colours or OUTSIDE. start and end tell the pixel corner and the direction (0 to 3) of the first step, and of going
    back from the last.
    """

    points: FloatArray
    left: int
    right: int
    start: tuple[int, int]
    end: tuple[int, int]
    closed: bool

    def reversed(self) -> "Chain":
        """The same line walked the other way."""
        return Chain(self.points[::-1], self.right, self.left, self.end, self.start, self.closed)


class Ring(NamedTuple):
    """A closed outline (n, 2), its last point not repeated, with the colour on its left: holes run the other way."""

    colour: int
    points: FloatArray


def trace(indices: ByteArray) -> list[Chain]:
    """All chains of an index map, shape (height, width), along the cracks between its pixels, from the top left.

    Nodes are the points where three or four pixels' edges meet, and the four corners.
    """
    links = _links(indices)
    width = links.shape[1]
    left = bytearray(links.tobytes())
    steps = [x + y * width for x, y in _STEP]
    done: set[tuple[int, int]] = set()
    chains = []
    for is_node in (True, False):  # what no line from a node has touched is closed
        corners = np.flatnonzero(links & _NODE if is_node else (links < _NODE) & (links > 0))
        for corner in corners.tolist():
            for direction in range(4):
                if left[corner] >> direction & 1 and (corner, direction) not in done:
                    walked, last = _walk(left, steps, corner, direction)
                    end = (walked[-1], (last + 2) % 4)
                    done.add(end)
                    chains.append(_chain(indices, walked, (corner, direction), end, closed=not is_node))
    return chains


def _links(indices: ByteArray) -> ByteArray:
    """For each corner of a pixel, (height + 1, width + 1), the directions in which a crack leads on, as bits."""
    padded = np.pad(indices, 1, constant_values=_NO_COLOUR)
    east = (padded[:-1, 1:-1] != padded[1:, 1:-1]).view(np.uint8)
    south = (padded[1:-1, :-1] != padded[1:-1, 1:]).view(np.uint8)
    links = np.zeros((padded.shape[0] - 1, padded.shape[1] - 1), np.uint8)
    links[:, :-1] |= east
    links[:-1] |= south << 1
    links[:, 1:] |= east << 2
    links[1:] |= south << 3
    links = cv2.LUT(links, _AS_NODE).astype(np.uint8, copy=False)
    links[[0, 0, -1, -1], [0, -1, 0, -1]] |= np.uint8(_NODE)
    return links


def _walk(links: bytearray, steps: list[int], start: int, direction: int) -> tuple[list[int], int]:
    """Corners from `start` to the next node, or round to `start`, and the direction of the last step.

    The links of every corner passed are taken away.
    """
    corners, at, last = [start], start, direction
    if links[start] < _NODE:
        links[start] = 0
    while direction != _STOP:
        last = direction
        at += steps[direction]
        corners.append(at)
        direction = _ONWARD[direction][links[at]]
        if direction != _STOP:
            links[at] = 0
    return corners, last


def _chain(indices: ByteArray, walked: list[int], start: tuple[int, int], end: tuple[int, int], closed: bool) -> Chain:
    y, x = np.divmod(np.array(walked), indices.shape[1] + 1)
    left, right = (_pixel(indices, x[0] + dx, y[0] + dy) for dx, dy in (_LEFT[start[1]], _RIGHT[start[1]]))
    return Chain(np.stack([x, y], axis=1).astype(np.float64), left, right, start, end, closed)


def _pixel(indices: ByteArray, x: int, y: int) -> int:
    height, width = indices.shape
    return int(indices[y, x]) if 0 <= x < width and 0 <= y < height else OUTSIDE


def smooth(chain: Chain) -> Chain:
    """The chain without the pixels' steps, its ends where they were; it stays within about a pixel of itself."""
    reach = round(3 * _SMOOTHING_PX)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTHING_PX) ** 2)
    weights /= weights.sum()
    points = chain.points
    if chain.closed:
        margin: IntArray = np.arange(-reach, len(points) - 1 + reach + 1) % (len(points) - 1)
        padded = points[margin]
    else:
        padded = np.pad(points, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    moved = np.stack([np.convolve(padded[:, axis], weights, mode="valid") for axis in (0, 1)], axis=1)
    ends = moved[[0, 0]] if chain.closed else points[[0, -1]]
    moved[[0, -1]] = ends
    fewer = cv2.approxPolyDP(moved.astype(np.float32)[:, np.newaxis], _TOLERANCE_PX, closed=False)
    thinned = np.asarray(fewer, np.float64)[:, 0]
    thinned[[0, -1]] = ends
    return chain._replace(points=thinned if len(thinned) > 3 or not chain.closed else moved)


def rings(chains: list[Chain], place: Callable[[FloatArray], FloatArray]) -> list[Ring]:
    """The outlines of all regions, by colour; `place` turns pixels into the coordinates that are wanted, once."""
    placed = [chain._replace(points=place(chain.points)) for chain in chains]
    ways = [way for chain in placed for way in (chain, chain.reversed()) if way.left != OUTSIDE]
    leaving = {way.start: number for number, way in enumerate(ways)}
    loops = _loops(ways, leaving)
    found = [Ring(ways[loop[0]].left, np.concatenate([ways[i].points[:-1] for i in loop])) for loop in loops]
    return sorted(found, key=lambda ring: ring.colour)


def _loops(ways: list[Chain], leaving: dict[tuple[int, int], int]) -> Iterator[list[int]]:
    used: set[int] = set()
    for first in range(len(ways)):
        loop: list[int] = []
        at = first
        while at not in used:
            used.add(at)
            loop.append(at)
            at = _next(ways[at], leaving)
        if loop:
            yield loop


def _next(way: Chain, leaving: dict[tuple[int, int], int]) -> int:
    """The way that goes on with the same region on the left: the first, counted from the left, that there is."""
    corner, back = way.end
    return next(leaving[corner, (back + turn) % 4] for turn in (1, 2, 3) if (corner, (back + turn) % 4) in leaving)
