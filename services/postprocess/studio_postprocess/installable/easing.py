"""Edges that bend too tightly: eased, or their acute tips cut blunt, where that takes little from a shape."""

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_contracts.installer import FRAGMENT_M2, MIN_WIDTH_MM
from studio_postprocess.installable.curvature import tight_bends
from studio_postprocess.installable.outside import inside
from studio_postprocess.installable.regions import BoolArray, IntArray, edges_of
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.smoothing import smoothed
from studio_postprocess.installable.thin_regions import edge_distance, largest_circles

REACH_MM = 160.0
"""How far from such a place, and from a corner, edges move freely or not at all; halved and doubled they do partly."""
LARGE_MM = 450.0
"""Radius of the circle that fits into a large piece. Smaller ones, a fish or a star, are their outline."""
LARGE_M2 = 2.5
"""Area of a large piece, likewise."""
MOST_MOVED_MM = {True: 110.0, False: 60.0}
"""How far an edge may be moved: of large pieces, and where a small one is beside it."""
BLUNT_MM = MIN_WIDTH_MM + 20
"""Width of the end that an acute tip gets."""
MOST_TAKEN_M2 = 0.04
"""Area that may change its colour for each place."""
MOST_CUT_MM = 260.0
"""No tip is cut off that is longer."""
STEP_MM = 30.0
"""Length from which a step in an edge is seen."""

_LEAST_PX = 2.5
_SMALLER = 0.6
_TRIES = 3
_AROUND = np.ones((3, 3), np.uint8)


class Place(NamedTuple):
    """Where an edge bends too tightly: a tip or not, between large pieces or not, and its points (n, 2), x and y."""

    is_tip: bool
    is_large: bool
    points: IntArray


class Bends(NamedTuple):
    """Each place where an edge bends too tightly, and all corners."""

    places: list[Place]
    corners: ByteArray


def too_tight(shapes: Shapes, mm_per_pixel: float) -> Bends:
    """The places where an edge bends too tightly."""
    room = largest_circles(shapes.distance, shapes.pieces) * np.float32(mm_per_pixel)
    small = (room < LARGE_MM) | (shapes.pieces.area * (mm_per_pixel**2 / 1e6) < LARGE_M2)
    bends = Bends([], np.zeros_like(shapes.indices))
    for bend in tight_bends(shapes.indices, shapes.pieces, room, mm_per_pixel):
        points = bend.points.round().astype(np.int64)
        x, y = points.T
        if bend.kind == "corner":
            bends.corners[y, x] = 1
        else:
            is_large = not small[shapes.pieces.labels[y, x]].any()
            bends.places.append(Place(bend.kind == "angle", is_large, points))
    return bends


def eased(
    shapes: Shapes, bends: Bends, sigma_mm: float, mm_per_pixel: float, settle: Callable[[Shapes], Shapes]
) -> tuple[Shapes, Bends]:
    """The shapes smoothed around the places, but not at corners, and without tips, settled; and what bends still.

    Only the ground around the places is worked on, each pixel for the place nearest to it. Where that leaves the place
    as it was, takes more from a shape than MOST_TAKEN_M2, or cuts a piece in two, everything stays as it is.
    """
    count = len(bends.places)
    regions = _regions(shapes.indices.shape, bends.places, round(2 * REACH_MM / mm_per_pixel))
    result = shapes.indices.copy()
    for place in bends.places:
        if place.is_tip:
            _cut(result, place.points.astype(np.float64), mm_per_pixel)
        else:
            _ease(result, place, bends.corners, sigma_mm, mm_per_pixel)
    allowed = MOST_TAKEN_M2 / (mm_per_pixel**2 / 1e6)
    for _ in range(_TRIES):
        gentler = settle(Shapes(result))
        still = too_tight(gentler, mm_per_pixel)
        at = [regions[place.points[0, 1], place.points[0, 0]] for place in still.places]
        there = np.bincount(np.array(at, np.int64), minlength=count + 1)
        taken = np.bincount(regions[gentler.indices != shapes.indices], minlength=count + 1)
        failed = (there > 0) | (taken > allowed)
        failed[regions[_torn(shapes, gentler, FRAGMENT_M2 / (mm_per_pixel**2 / 1e6))]] = True
        failed[0] = False
        changed = result != shapes.indices
        failed &= np.bincount(regions[changed], minlength=count + 1) > 0
        failed = with_adjoining(failed, regions, changed, STEP_MM / mm_per_pixel)
        if not failed.any():
            break
        result = np.where(failed[regions], shapes.indices, result)
    return (gentler, still) if len(still.places) < count and not failed.any() else (shapes, bends)


def with_adjoining(failed: BoolArray, regions: IntArray, changed: BoolArray, least: float) -> BoolArray:
    """The places that failed, a flag for each, and those whose change goes on in theirs along at least `least` pixels:
    half of a change would leave a step.
    """
    found = []
    for at, beside in edges_of(regions):
        both = changed.ravel()[at] & changed.ravel()[beside]
        found.append(np.sort([regions.ravel()[at][both], regions.ravel()[beside][both]], axis=0))
    (one, other), length = np.unique(np.concatenate(found, axis=1), axis=1, return_counts=True)
    met = (length >= least) & (one > 0)
    while (spreads := met & (failed[one] != failed[other])).any():
        failed = failed.copy()
        failed[one[spreads]] = failed[other[spreads]] = True
    return failed


def _torn(before: Shapes, after: Shapes, least: float) -> BoolArray:
    """What pieces lost between parts of at least `least` pixels that were one."""
    was, now = before.pieces, after.pieces
    same = (before.indices == after.indices) & inside(before.indices)
    count = len(now.area)
    shared = np.bincount(was.labels[same] * np.int64(count) + now.labels[same], minlength=len(was.area) * count)
    parts = shared.reshape(-1, count) >= least
    torn = np.zeros(same.shape, np.bool_)
    for piece in np.flatnonzero(parts.sum(axis=1) > 1).tolist():
        lost = ~same & (was.labels == piece)
        left = np.where(same & (was.labels == piece) & parts[piece][now.labels], now.labels, -1)
        number, places = cv2.connectedComponents(lost.view(np.uint8), connectivity=8)
        for place in range(1, number):
            around = cv2.dilate((places == place).view(np.uint8), _AROUND).view(np.bool_)
            if len(np.unique(left[around & (left >= 0)])) > 1:
                torn |= places == place
    return torn


def _regions(shape: tuple[int, ...], places: list[Place], reach: int) -> IntArray:
    """For each pixel the number of the nearest place, from 1, or 0 where none is within `reach` pixels."""
    regions: IntArray = np.zeros(shape, np.int32)
    if not places:
        return regions
    every = np.concatenate([place.points for place in places])
    (left, top), (right, bottom) = np.maximum(every.min(axis=0) - reach, 0), every.max(axis=0) + reach
    window = regions[top : bottom + 1, left : right + 1]
    elsewhere, number = np.ones(window.shape, np.uint8), np.zeros(window.shape, np.int32)
    for count, place in enumerate(places, start=1):
        x, y = place.points.T
        elsewhere[y - top, x - left], number[y - top, x - left] = 0, count
    far, nearest = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number_of = np.zeros(int(nearest.max()) + 1, np.int32)
    number_of[nearest[elsewhere == 0]] = number[elsewhere == 0]
    window[:] = np.where(far <= reach, number_of[nearest], 0)
    return regions


def _ease(indices: ByteArray, place: Place, corners: ByteArray, sigma_mm: float, mm_per_pixel: float) -> None:
    """Smooth the edge around a place, unless that moves it too far."""
    part = 1.0 if place.is_large else _SMALLER
    sigma, reach = max(part * sigma_mm / mm_per_pixel, _LEAST_PX), part * REACH_MM / mm_per_pixel
    margin = round(2 * reach + sigma)
    (left, top), (right, bottom) = (np.maximum(place.points.min(axis=0) - margin, 0), place.points.max(axis=0) + margin)
    window = slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
    bent = np.zeros_like(indices[window])
    bent[place.points[:, 1] - top, place.points[:, 0] - left] = 1
    where = _spread(bent, reach) * (1 - _spread(corners[window], reach / 2))
    smoother = smoothed(indices[window], sigma, where=where)
    if _moves_little(indices[window], smoother, where > 0, MOST_MOVED_MM[place.is_large] / mm_per_pixel):
        indices[window] = smoother


def _cut(indices: ByteArray, points: FloatArray, mm_per_pixel: float) -> None:
    """Take off a tip, where it is narrower than BLUNT_MM, in the colours beside it."""
    apex = points[len(points) // 2]
    sides = np.stack([points[0] - apex, points[-1] - apex])
    length = np.hypot(*sides.T)
    if not length.all():
        return
    sides /= length[:, np.newaxis]
    inwards = sides.sum(axis=0)
    half = math.acos(float(np.clip(sides[0] @ sides[1], -1, 1))) / 2
    far = float(np.hypot(*inwards))
    if not far or half < 1e-3:
        return
    depth = BLUNT_MM / mm_per_pixel / 2 / math.tan(half)
    if depth * mm_per_pixel > MOST_CUT_MM:
        return
    reach = math.ceil(depth + BLUNT_MM / mm_per_pixel)
    x, y = apex.round().astype(int).tolist()
    left, top = max(x - reach, 0), max(y - reach, 0)
    part = indices[top : y + reach + 1, left : x + reach + 1]
    colour = indices[y, x]
    own = part == colour
    rows, columns = np.indices(part.shape)
    along = ((columns + left - apex[0]) * inwards[0] + (rows + top - apex[1]) * inwards[1]) / far
    tip = (own & (along < depth)).view(np.uint8)
    _, parts = cv2.connectedComponents(tip, connectivity=4)
    tip = parts == parts[y - top, x - left]
    others = ~own & inside(part)
    if not others.any() or not tip.any():
        return
    _, nearest = cv2.distanceTransformWithLabels(
        (~others).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colour_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    colour_of[nearest[others]] = part[others]
    part[tip] = colour_of[nearest[tip]]


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
