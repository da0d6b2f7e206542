"""Edges as an installer cuts them: straight lines and circular arcs, fitted to the steps of the pixels.

Every boundary is fitted once, with its ends fixed, so neighbours share it exactly.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import FloatArray
from studio_postprocess.export.corners import cut_at_corners

TOLERANCE_MM = 5.0
"""How far a fitted line or arc may be from the smoothed edge."""
TOLERANCE_PX = 0.7
"""The same where pixels are so large that this is more: the steps of a straight line are half a pixel from it."""
LINE_PREFERENCE = 0.9
"""A line is taken where it reaches at least this part of the length that an arc would."""
MAX_BULGE = 1.0
"""Tangent of a quarter of an arc's angle: no arc is more than half a circle."""

_SMOOTHING_PX = 2.5
_SMOOTHING_MM = 20.0
_FINE_SHARE = 0.12
_DECIMALS = 1


class Path(NamedTuple):
    """Lines and arcs from node to node, in mm.

    points are (n, 2), x and y downwards; a closed path's last is its first. bulges (n - 1) hold for each step the
    tangent of a quarter of its arc's angle: 0 for a line, positive for an arc to the right of the chord, as in DXF.
    """

    points: FloatArray
    bulges: FloatArray

    def reversed(self) -> "Path":
        """The same path walked the other way."""
        return Path(self.points[::-1], -self.bulges[::-1])


def fit(corners: FloatArray, closed: bool, scale: FloatArray) -> Path:
    """Fit a boundary, given as the pixel corners (n, 2) it passes one by one; `scale` is mm a pixel along x and y.

    Its ends stay where they are. Nodes are rounded to 0.1 mm.
    """
    pixel = float(scale.max())
    tolerance = max(TOLERANCE_MM, TOLERANCE_PX * pixel)
    steps = _steps_a_pixel(corners)
    sigma = max(_SMOOTHING_PX, _SMOOTHING_MM / pixel) * steps
    polyline = corners * scale
    parts = cut_at_corners(polyline, closed, pixel, steps)
    is_loop = closed and len(parts) == 1 and len(parts[0]) == len(polyline)
    nodes, bulges = [complex(*parts[0][0])], []
    for part in parts:
        thinned = _thinned(_smoothed(part, is_loop, sigma), tolerance * _FINE_SHARE)
        fitted, bent = _lines_and_arcs(thinned, tolerance * (1 - _FINE_SHARE))
        nodes = [*nodes[:-1], *fitted]
        bulges += bent
    if len(nodes) < 4 and nodes[0] == nodes[-1] and not any(bulges):  # too small to have a shape but that of its pixels
        return Path(np.round(polyline, _DECIMALS), np.zeros(len(polyline) - 1))
    return Path(np.round(np.array([(node.real, node.imag) for node in nodes]), _DECIMALS), np.array(bulges))


def _steps_a_pixel(corners: FloatArray) -> float:
    """Steps along the pixels' edges for each pixel of true length: 1 on a straight line along them, to 1.41."""
    return max(1.0, (len(corners) - 1) / max(1.0, float(np.hypot(*np.diff(corners[::4], axis=0).T).sum())))


def _smoothed(polyline: FloatArray, closed: bool, sigma: float) -> FloatArray:
    """The polyline without the pixels' steps. Its ends stay, or those of a closed one without corners meet."""
    reach = round(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    if closed:
        padded = polyline[np.arange(-reach, len(polyline) - 1 + reach + 1) % (len(polyline) - 1)]
    elif len(polyline) > reach:
        padded = np.concatenate(
            [2 * polyline[0] - polyline[reach:0:-1], polyline, 2 * polyline[-1] - polyline[-2 : -reach - 2 : -1]]
        )
    else:
        padded = np.pad(polyline, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    moved = np.stack([np.convolve(padded[:, axis], weights, mode="valid") for axis in (0, 1)], axis=1)
    moved[[0, -1]] = moved[[0, 0]] if closed else polyline[[0, -1]]
    return moved


def _thinned(polyline: FloatArray, tolerance: float) -> list[complex]:
    """Fewer points, x + iy, whose straight lines are within the tolerance."""
    fewer = cv2.approxPolyDP(polyline.astype(np.float32)[:, np.newaxis], tolerance, closed=False)
    inner = np.asarray(fewer, np.float64)[1:-1, 0]
    return [complex(x, y) for x, y in (polyline[0], *inner.tolist(), polyline[-1])]


def _lines_and_arcs(points: list[complex], tolerance: float) -> tuple[list[complex], list[float]]:
    """Nodes among the points, and the bulges between them: each line or arc reaches as far as it can.

    A polyline that ends where it begins gets two or more, and as few of about equal length as it can.
    """
    samples = [points[0]]
    for one, other in pairwise(points):
        samples += [(one + other) / 2, other]
    last = len(points) - 1
    if points[0] != points[-1]:
        return _greedy(points, samples, tolerance, last)
    nodes, bulges = _greedy(points, samples, tolerance, max(1, last // 2))
    evenly = _greedy(points, samples, tolerance, max(1, -(-last // len(bulges))))
    return evenly if len(evenly[1]) <= len(bulges) else (nodes, bulges)


def _greedy(
    points: list[complex], samples: list[complex], tolerance: float, most: int
) -> tuple[list[complex], list[float]]:
    """Lines and arcs one after the other, each over `most` points at most."""
    nodes, bulges = [points[0]], []
    at, last = 0, len(points) - 1
    while at < last:
        limit = min(last, at + most)
        line = _reach(samples, at, at + 1, limit, tolerance, straight=True)
        arc = _reach(samples, at, line[0], limit, tolerance, straight=False)
        far, near = abs(points[arc[0]] - points[at]), abs(points[line[0]] - points[at])
        end, bulge = line if near >= LINE_PREFERENCE * far else arc
        nodes.append(points[end])
        bulges.append(bulge)
        at = end
    return nodes, bulges


def _reach(
    samples: list[complex], start: int, best: int, last: int, tolerance: float, straight: bool
) -> tuple[int, float]:
    """How far a line or arc from a point can reach, and its bulge; it is known to reach `best`."""
    bulge, step = 0.0, best - start + 1
    while best < last:
        end = min(start + step, last)
        found = _bulge(samples[2 * start : 2 * end + 1], tolerance, straight)
        if found is None:
            break
        best, bulge, step = end, found, step * 2
    low, high = best, min(start + step, last + 1)
    while high - low > 1:
        middle = (low + high) // 2
        found = _bulge(samples[2 * start : 2 * middle + 1], tolerance, straight)
        if found is None:
            high = middle
        else:
            low, bulge = middle, found
    return low, bulge


def _bulge(samples: list[complex], tolerance: float, straight: bool) -> float | None:
    """Bulge of the line or arc from the first to the last sample that keeps within the tolerance of all; None if none.

    Of the circles through both ends it is the one with the least squares of (distance² - radius²).
    """
    start, end = samples[0], samples[-1]
    chord = end - start
    length = abs(chord)
    if not length:
        return None
    turn, middle, half = chord.conjugate() / length, (start + end) / 2, length / 2
    local = [(sample - middle) * turn for sample in samples[1:-1]]
    limit = half + tolerance
    along, heights = [z.real for z in local], [z.imag for z in local]
    low, high = min(heights), max(heights)
    if max(along) > limit or min(along) < -limit:
        return None
    if straight:
        return 0.0 if max(high, -low) <= tolerance else None
    squares = sum([y * y for y in heights])  # lists are faster here than generators
    if not squares:
        return 0.0
    square = half * half
    rise = sum([y * (x * x + y * y - square) for x, y in zip(along, heights, strict=True)]) / (2 * squares)
    radius = math.hypot(half, rise)
    # The arc runs on the side where the samples are; its height there is the sagitta.
    sagitta = rise + radius if high >= -low else rise - radius
    bulge = sagitta / half
    if abs(bulge) > MAX_BULGE:
        return None
    centre = complex(0, rise)
    return bulge if all(abs(abs(z - centre) - radius) <= tolerance for z in local) else None
