"""Thin places that hold a piece together: widened, so that taking them away does not cut the piece in two."""

import cv2
import numpy as np

from studio_colour.difference import ByteArray
from studio_contracts.installer import MIN_AREA_M2
from studio_postprocess.installable.outside import inside
from studio_postprocess.installable.regions import BoolArray, Pieces, pieces_from, pieces_of
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.strokes import OPEN_MM, STROKE_MM
from studio_postprocess.installable.width_check import WidthCheck

LEAST_END_M2 = 0.1 * MIN_AREA_M2
"""Smallest part of a piece that a bridge holds: a hoof or a paw."""


def parts_of(shapes: Shapes, places: WidthCheck) -> tuple[Pieces, BoolArray]:
    """The thin strips and gaps that break a rule, and what is left of the pieces without them; which parts are such."""
    thin = places.strips.spread(places.thin, False)
    gaps = places.narrower.spread(places.gaps, False) & ~thin
    rest = pieces_of(shapes.indices, ~(thin | gaps))
    count = len(rest.area)
    labels = np.where(gaps, places.narrower.labels + count, rest.labels)
    colours, count = [rest.colour, places.narrower.colour], count + len(places.narrower.area)
    labels = np.where(thin, places.strips.labels + count, labels)
    parts = pieces_from(labels, np.concatenate([*colours, places.strips.colour]))
    chosen = np.zeros(len(parts.area), np.bool_)
    chosen[len(rest.area) :] = parts.area[len(rest.area) :] > 0
    return parts, chosen


def with_bridges(shapes: Shapes, places: WidthCheck, mm_per_pixel: float) -> Shapes:
    """The shapes with each thin strip as wide as a limb, and each gap as wide as one between limbs, where without it a
    part of its piece would be cut off that is too small to lay alone. The same object where there is none.
    """
    parts, chosen = parts_of(shapes, places)
    near = parts.neighbours
    held = chosen[near.piece] & ~chosen[near.other] & (parts.colour[near.piece] == parts.colour[near.other])
    pixel_m2 = mm_per_pixel**2 / 1e6
    held &= parts.area[near.other] * pixel_m2 >= LEAST_END_M2
    small = parts.area[near.other] * pixel_m2 < MIN_AREA_M2
    ends, small_ends = (np.bincount(near.piece[which], minlength=len(chosen)) for which in (held, held & small))
    bridges = np.flatnonzero((ends >= 2) & (small_ends >= 1))
    if not len(bridges):
        return shapes
    widened = shapes.indices.copy()
    first_strip = len(chosen) - len(places.strips.area)
    for part in bridges.tolist():  # gaps first: limbs matter more
        width = STROKE_MM if part >= first_strip else OPEN_MM
        _paint(widened, shapes, parts, part, width / 2 / mm_per_pixel)
    return Shapes(widened)


def _paint(widened: ByteArray, shapes: Shapes, parts: Pieces, part: int, radius: float) -> None:
    """Paint what is within `radius` pixels of a part's medial axis in its colour."""
    left, top, across, down = parts.box[part].tolist()
    margin = int(radius) + 2
    window = (slice(max(top - margin, 0), top + down + margin), slice(max(left - margin, 0), left + across + margin))
    axis = shapes.axes[window] & (parts.labels[window] == part)
    if axis.any():
        far = cv2.distanceTransform((~axis).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        widened[window][(far <= radius) & inside(widened[window])] = parts.colour[part]
