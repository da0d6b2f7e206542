"""The surface's own outline in a drawing: exactly the polygon that was given, in place of the steps of its pixels.

Where an edge between two colours ends at the outline, its end moves there, by less than a pixel. So neighbours still
share every node, and what is inside all rings still sums to the surface.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from studio_colour.difference import FloatArray
from studio_contracts.outline import Outline
from studio_postprocess.export.boundary_graph import OUTSIDE, Chain, HalfEdge, loops
from studio_postprocess.export.curve_fit import Path

_LEAST_STEP_MM = 0.1
"""Two nodes on the outline lie no nearer to each other along it."""


class _Line(NamedTuple):
    """A closed line through points (n + 1, 2) in mm, the last of which is the first, and how far along it they are."""

    points: FloatArray
    along: FloatArray

    @property
    def length(self) -> float:
        return float(self.along[-1])

    def at(self, along: float) -> FloatArray:
        """The point that far along it, for less than twice its length."""
        along %= self.length
        return np.array([np.interp(along, self.along, self.points[:, axis]) for axis in (0, 1)])

    def nearest(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How far along it the nearest point to each of some is, and how far that is away, both (n,)."""
        start, step = self.points[:-1], np.diff(self.points, axis=0)
        from_start = points[:, np.newaxis] - start
        part = ((from_start * step).sum(axis=2) / (step**2).sum(axis=1)).clip(0, 1)
        away = np.hypot(*np.moveaxis(from_start - part[..., np.newaxis] * step, 2, 0))
        side, every = away.argmin(axis=1), np.arange(len(points))
        return self.along[side] + part[every, side] * np.hypot(*step.T)[side], away[every, side]

    def between(self, start: float, end: float) -> FloatArray:
        """Its points from one place along it to another, which is farther, and those two."""
        twice = np.concatenate([self.along[:-1], self.along[:-1] + self.length])
        corners = np.concatenate([self.points[:-1]] * 2)
        passed = corners[(twice > start) & (twice < end)]
        return np.concatenate([[self.at(start)], passed, [self.at(end)]])


def lines_of(outline: Outline) -> list[FloatArray]:
    """The rings of an outline in mm, points (n, 2), none of which repeats the first."""
    rings = [np.round(np.array(ring) * 1000, 1) for ring in outline.rings]
    return [ring[:-1] if (ring[0] == ring[-1]).all() else ring for ring in rings]


def on_outline(chains: Sequence[Chain], paths: Sequence[Path], outline: Outline, scale: FloatArray) -> list[Path]:
    """The paths of the chains, with those that have the outside at one side on the outline, and the others up to it.

    `scale` is mm a pixel along x and y. A part of the outline that the pixels do not show as one line, as where it is
    narrower than they are, keeps its steps.
    """
    found = list(paths)
    moved: dict[int, FloatArray] = {}
    half_edges = list(_outer_half_edges(chains, paths))
    of_chain = [number for number, chain in enumerate(chains) if OUTSIDE in (chain.left, chain.right)]
    free = lines_of(outline)
    for loop in loops(half_edges, {half_edge.start: number for number, half_edge in enumerate(half_edges)}):
        walks = [_walk(chains[of_chain[edge]]) * scale for edge in loop]
        whole = np.concatenate([walk[:-1] for walk in walks])
        if not free:
            break
        away = [float(_line(ring).nearest(whole)[1].max()) for ring in free]
        best = int(np.argmin(away))
        if away[best] > 2 * float(scale.max()):
            continue
        ring = free.pop(best)
        line = _line(ring if (_signed_area(ring) > 0) == (_signed_area(whole) > 0) else ring[::-1])
        for edge, path in zip(loop, _paths_along(line, walks), strict=True):
            chain = chains[of_chain[edge]]
            found[of_chain[edge]] = path if chain.right == OUTSIDE else path.reversed()
            if not chain.closed:
                moved[half_edges[edge].start[0]] = path.points[0]
                moved[half_edges[edge].end[0]] = path.points[-1]
    return [
        path if OUTSIDE in (chain.left, chain.right) else _ends_at(chain, path, moved)
        for chain, path in zip(chains, found, strict=True)
    ]


def _outer_half_edges(chains: Sequence[Chain], paths: Sequence[Path]) -> Iterator[HalfEdge]:
    """Of each chain along the outline the direction that has the surface on its left."""
    for chain, path in zip(chains, paths, strict=True):
        if chain.right == OUTSIDE:
            yield HalfEdge(0, chain.start, chain.end, path)
        elif chain.left == OUTSIDE:
            yield HalfEdge(0, chain.end, chain.start, path.reversed())


def _walk(chain: Chain) -> FloatArray:
    """The chain's points with the surface on the left."""
    return chain.points if chain.right == OUTSIDE else chain.points[::-1]


def _line(ring: FloatArray) -> _Line:
    points = np.concatenate([ring, ring[:1]])
    return _Line(points, np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()]))


def _paths_along(line: _Line, walks: Sequence[FloatArray]) -> list[Path]:
    """What each of the walks, which make one round, is on the line."""
    if len(walks) == 1:
        start = float(line.nearest(walks[0][:1])[0][0])
        return [_path(line.between(start, start + line.length))]
    longest = max(range(len(walks)), key=lambda number: len(walks[number]))  # whose ends are in no doubt
    order = [*range(longest, len(walks)), *range(longest)]
    nodes, _ = line.nearest(np.array([walks[number][0] for number in order]))
    first = float(nodes[0])
    steps = np.maximum.accumulate((nodes - first) % line.length)
    steps = np.minimum(steps, line.length - _LEAST_STEP_MM * np.arange(len(order), 0, -1))
    for number in range(1, len(steps)):
        steps[number] = max(steps[number], steps[number - 1] + _LEAST_STEP_MM)
    ends = [*steps[1:], line.length]
    paths = [_path(line.between(first + start, first + end)) for start, end in zip(steps, ends, strict=True)]
    return [paths[order.index(number)] for number in range(len(walks))]


def _path(points: FloatArray) -> Path:
    return Path(points, np.zeros(len(points) - 1))


def _ends_at(chain: Chain, path: Path, moved: dict[int, FloatArray]) -> Path:
    points = path.points.copy()
    points[0] = moved.get(chain.start[0], points[0])
    points[-1] = moved.get(chain.end[0], points[-1])
    return path._replace(points=points)


def _signed_area(ring: FloatArray) -> float:
    x, y = ring.T
    return float((np.roll(x, -1) * y - x * np.roll(y, -1)).sum() / 2)
