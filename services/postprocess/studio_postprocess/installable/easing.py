"""Edges between large pieces that bend too tightly, eased where that takes nothing from a small shape."""

from typing import NamedTuple

import cv2
import numpy as np

from studio_postprocess.clamp.colour import ByteArray, FloatArray
from studio_postprocess.installable.curvature import tight_bends
from studio_postprocess.installable.regions import BoolArray, IntArray
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.smoothing import smoothed
from studio_postprocess.installable.thin_regions import edge_distance, largest_circles

REACH_MM = 200.0
"""How far from such a place, and from a corner, edges move freely or not at all; halved and doubled they do partly."""
LARGE_MM = 450.0
"""Radius of the circle that fits into a large piece. Smaller ones, a fish or a star, are their outline."""
LARGE_M2 = 2.5
"""Area of a large piece, likewise."""

MOST_MOVED_MM = 110.0
"""How far an edge may be moved."""

_LEAST_PX = 2.5
_SIGMAS = 3.0


class Bends(NamedTuple):
    """Points (n, 2), x and y, of each place where an edge between large pieces bends too tightly, and all corners."""

    places: list[IntArray]
    corners: ByteArray


def too_tight(shapes: Shapes, mm_per_pixel: float) -> Bends:
    """The places where an edge between large pieces bends too tightly."""
    room = largest_circles(shapes.distance, shapes.pieces) * np.float32(mm_per_pixel)
    small = (room < LARGE_MM) | (shapes.pieces.area * (mm_per_pixel**2 / 1e6) < LARGE_M2)
    bends = Bends([], np.zeros_like(shapes.indices))
    for bend in tight_bends(shapes.indices, shapes.pieces, room, mm_per_pixel):
        points = bend.points.round().astype(np.int64)
        x, y = points.T
        if bend.kind == "corner":
            bends.corners[y, x] = 1
        elif not small[shapes.pieces.labels[y, x]].any():
            bends.places.append(points)
    return bends


def eased(shapes: Shapes, bends: Bends, sigma_mm: float, mm_per_pixel: float) -> Shapes:
    """The shapes smoothed around the places, but not at corners. Only the ground around them is worked on."""
    sigma, reach = max(sigma_mm / mm_per_pixel, _LEAST_PX), REACH_MM / mm_per_pixel
    margin = round(2 * reach + _SIGMAS * sigma)
    near = np.zeros_like(shapes.indices)
    for points in bends.places:
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        cv2.rectangle(near, (left - margin, top - margin), (right + margin, bottom + margin), (1,), -1)
    _, regions, boxes, _ = cv2.connectedComponentsWithStats(near)
    result = shapes.indices.copy()
    for number in range(1, len(boxes)):
        left, top, across, down, _ = boxes[number].tolist()
        bent = np.zeros((down, across), np.uint8)
        for points in bends.places:
            if regions[points[0, 1], points[0, 0]] == number:
                bent[points[:, 1] - top, points[:, 0] - left] = 1
        window = slice(top, top + down), slice(left, left + across)
        where = _spread(bent, reach) * (1 - _spread(bends.corners[window], reach / 2))
        smoother = smoothed(result[window], sigma, where=where)
        if _moves_little(result[window], smoother, where > 0, MOST_MOVED_MM / mm_per_pixel):
            result[window] = smoother
    return Shapes(result)


def _moves_little(before: ByteArray, after: ByteArray, where: BoolArray, most: float) -> bool:
    """Whether every edge is still there within `most` pixels: easing that takes a limb away is none."""
    border, still = (edge_distance(indices) == 0 for indices in (before, after))
    far = cv2.distanceTransform((~still).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return float(far[border & where].max(initial=0)) <= most


def _spread(mask: ByteArray, reach: float) -> FloatArray:
    """A mask of 0 and 1 grown by `reach` pixels, with edges that fall off over as many."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    far = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_3)
    spread: FloatArray = np.clip(2 - far / max(reach, 1.0), 0, 1).astype(np.float32)
    return spread
