"""The edges between colours as a planar graph: chains that two regions share, joined at the points where more meet.

Lines and arcs are fitted to every chain once, and the outlines on both its sides are put together from them: neighbours
meet exactly, with neither gap nor overlap, and the areas inside all outlines sum to the whole.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.export.curve_fit import Path
from studio_postprocess.installable.outside import VOID

OUTSIDE = -1

# Directions along the cracks between pixels, clockwise on the screen: east, south, west, north. For each the step
# (x, y), and the pixel on its left and right as seen from the corner it starts at.
_STEP = ((1, 0), (0, 1), (-1, 0), (0, -1))
_LEFT = ((0, -1), (0, 0), (-1, 0), (-1, -1))
_RIGHT = ((0, 0), (-1, 0), (-1, -1), (0, -1))
_NODE = 16
_AS_NODE = np.array([bits | _NODE * (bits.bit_count() > 2) for bits in range(256)], np.uint8)
_STOP = -1


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


class Ring(NamedTuple):
    """A closed outline of lines and arcs with the colour on its left: holes run the other way.

    points are (n, 2), the last not repeated; bulges (n), see `Path`, lead from each to the next.
    """

    colour: int
    points: FloatArray
    bulges: FloatArray


class HalfEdge(NamedTuple):
    """One direction along a chain: the colour on its left, its ends as in Chain, and its path."""

    left: int
    start: tuple[int, int]
    end: tuple[int, int]
    path: Path


def trace(indices: ByteArray) -> list[Chain]:
    """All chains of an index map, shape (height, width), along the cracks between its pixels, from the top left.

    Nodes are the points where three or four pixels' edges meet, and the four corners. VOID is outside.
    """
    links = _links(indices)
    width = links.shape[1]
    left = bytearray(links.tobytes())
    steps = [x + y * width for x, y in _STEP]
    done: set[tuple[int, int]] = set()
    chains = []
    for is_node in (True, False):  # what no line from a node has touched is closed
        now = np.frombuffer(left, np.uint8)
        for corner in np.flatnonzero(now >= _NODE if is_node else (now < _NODE) & (now > 0)).tolist():
            for direction in range(4) if left[corner] else ():
                if left[corner] >> direction & 1 and (corner, direction) not in done:
                    walked, last = _walk(left, steps, corner, direction)
                    end = (walked[-1], (last + 2) % 4)
                    done.add(end)
                    chains.append(_chain(indices, walked, (corner, direction), end, closed=not is_node))
    return chains


def _links(indices: ByteArray) -> ByteArray:
    """For each corner of a pixel, (height + 1, width + 1), the directions in which a crack leads on, as bits."""
    padded = np.pad(indices, 1, constant_values=VOID)
    east = (padded[:-1, 1:-1] != padded[1:, 1:-1]).view(np.uint8)
    south = (padded[1:-1, :-1] != padded[1:-1, 1:]).view(np.uint8)
    links = np.zeros((padded.shape[0] - 1, padded.shape[1] - 1), np.uint8)
    links[:, :-1] = east
    links[:, 1:] |= np.left_shift(east, 2, out=east)
    links[:-1] |= np.left_shift(south, 1, out=south)
    links[1:] |= np.left_shift(south, 2, out=south)
    links = cv2.LUT(links, _AS_NODE).astype(np.uint8, copy=False)
    links[[0, 0, -1, -1], [0, -1, 0, -1]] |= np.uint8(_NODE)
    return links


def _walk(links: bytearray, steps: list[int], start: int, direction: int) -> tuple[list[int], int]:
    """Corners from `start` to the next node, or round to `start`, and the direction of the last step.

    The links of every corner passed are taken away.
    """
    corners, at = [start], start
    if links[start] < _NODE:
        links[start] = 0
    while True:
        at += steps[direction]
        corners.append(at)
        onward = _ONWARD[direction][links[at]]
        if onward == _STOP:
            return corners, direction
        links[at] = 0
        direction = onward


def _chain(indices: ByteArray, walked: list[int], start: tuple[int, int], end: tuple[int, int], closed: bool) -> Chain:
    y, x = np.divmod(np.array(walked), indices.shape[1] + 1)
    left, right = (_pixel(indices, x[0] + dx, y[0] + dy) for dx, dy in (_LEFT[start[1]], _RIGHT[start[1]]))
    return Chain(np.stack([x, y], axis=1).astype(np.float64), left, right, start, end, closed)


def _pixel(indices: ByteArray, x: int, y: int) -> int:
    height, width = indices.shape
    colour = int(indices[y, x]) if 0 <= x < width and 0 <= y < height else VOID
    return OUTSIDE if colour == VOID else colour


def rings(chains: Sequence[Chain], paths: Sequence[Path]) -> list[Ring]:
    """The outlines of all regions, by colour, put together from the path that was fitted to each chain."""
    half_edges = []
    for chain, path in zip(chains, paths, strict=True):
        half_edges.append(HalfEdge(chain.left, chain.start, chain.end, path))
        half_edges.append(HalfEdge(chain.right, chain.end, chain.start, path.reversed()))
    half_edges = [half_edge for half_edge in half_edges if half_edge.left != OUTSIDE]
    leaving = {half_edge.start: number for number, half_edge in enumerate(half_edges)}
    found = []
    for loop in loops(half_edges, leaving):
        points = np.concatenate([half_edges[i].path.points[:-1] for i in loop])
        found.append(Ring(half_edges[loop[0]].left, points, np.concatenate([half_edges[i].path.bulges for i in loop])))
    return sorted(found, key=lambda ring: ring.colour)


def loops(half_edges: Sequence[HalfEdge], leaving: dict[tuple[int, int], int]) -> Iterator[list[int]]:
    """The numbers of the half-edges around each region, in their order; `leaving` finds one by its start."""
    used: set[int] = set()
    for first in range(len(half_edges)):
        loop: list[int] = []
        at = first
        while at not in used:
            used.add(at)
            loop.append(at)
            at = _next(half_edges[at], leaving)
        if loop:
            yield loop


def _next(half_edge: HalfEdge, leaving: dict[tuple[int, int], int]) -> int:
    """The half-edge that goes on with the same region on the left: the first, counted from the left, that there is."""
    corner, back = half_edge.end
    return next(leaving[corner, (back + turn) % 4] for turn in (1, 2, 3) if (corner, (back + turn) % 4) in leaving)
