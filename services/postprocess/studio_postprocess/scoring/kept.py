"""How much of what a person sees in a picture is still there on the laid surface."""

from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import ByteArray
from studio_contracts.installer import MIN_AREA_M2, MIN_WIDTH_MM
from studio_postprocess.installable.merging import merge
from studio_postprocess.installable.outside import extended, inside, share_of_others, with_outside
from studio_postprocess.installable.regions import BoolArray, colours_of
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.thin_regions import unreached

TOLERANCE_MM = 60.0
"""How far a line may have moved and still count as the same."""
TEXTURE_M2 = 0.5 * MIN_AREA_M2
"""Patches below this area are texture to a person who stands on the surface, unless they are lines."""
LINE_MM = 500.0
"""Length from which a small patch is a line."""
_SPARE = 2.0
_STEP = 2  # of the pixels that lengths are compared on: lengths are shares, and TOLERANCE_MM is more than that
_LEAST_SUBJECT = 0.005


class Kept(NamedTuple):
    """Shares, 0 to 1, of the lengths that survive; see `kept`."""

    overall: float
    subject: float
    by_colour: dict[int, float]


def kept(seen: Shapes, laid: Shapes, mm_per_pixel: float, drawn: ByteArray | None = None) -> Kept:
    """What survives of the picture `seen` in `laid`, two index maps of the same shape (height, width).

    Counted are the medial axes of all pieces, and the borders of what is wide: where a feature is thinner than
    MIN_WIDTH_MM its axis stands for both its borders. An axis survives where its colour, a border where a border of its
    colour is within TOLERANCE_MM. The subject is what does not belong to the ground, the piece that meets most of the
    surface's edge, whatever its colours. Overall is the mean of all colours together and of the subject. A surface
    without a subject has kept it; but where less than half of what is not ground in `drawn`, the picture before its
    fragments were taken out, can be seen, no more than twice that share is kept of the subject.
    """
    pieces = seen.pieces
    short = np.hypot(pieces.box[:, 2], pieces.box[:, 3]) * mm_per_pixel < LINE_MM
    seen = merge(seen, short & (pieces.area * (mm_per_pixel**2 / 1e6) < TEXTURE_M2))
    shown = 1.0 if drawn is None else _SPARE * _seen_of(drawn, seen)
    seen, laid = (Shapes(np.ascontiguousarray(shapes.indices[::_STEP, ::_STEP])) for shapes in (seen, laid))
    if np.array_equal(seen.indices, laid.indices):  # as most drafts are: what is found in one holds for both
        laid = seen
    mm_per_pixel *= _STEP
    lengths = _surviving(seen, laid, mm_per_pixel)
    by_colour = {colour: there / whole for colour, (there, whole) in lengths.items() if whole}
    figure = _surviving(*_figures(seen, laid), mm_per_pixel)
    subject = _share([figure.get(1, (0.0, 0.0))])
    subject = min(subject, shown)
    return Kept((_share(list(lengths.values())) + subject) / 2, subject, by_colour)


def _seen_of(drawn: ByteArray, seen: Shapes) -> float:
    """How much of the area that has not the ground's colour in `drawn` can be seen, up to more than all."""
    ground = int(seen.pieces.colour[seen.pieces.ground])
    before, still = (share_of_others(indices, ground) for indices in (drawn, seen.indices))
    return still / before if before >= _LEAST_SUBJECT else 1.0


def _share(lengths: list[tuple[float, float]]) -> float:
    there, whole = (sum(column) for column in zip(*lengths, strict=True))
    return there / whole if whole else 1.0


def _surviving(seen: Shapes, laid: Shapes, mm_per_pixel: float) -> dict[int, tuple[float, float]]:
    """For each colour the length that survives and the whole length, in pixels; two colours share a border's."""
    borders = _borders(seen.indices) & ~unreached(seen.distance, MIN_WIDTH_MM / mm_per_pixel)
    borders_now = _borders(laid.indices)
    reach = TOLERANCE_MM / mm_per_pixel
    lengths: dict[int, tuple[float, float]] = {}
    for colour in colours_of(seen.indices):
        own = seen.indices == colour
        axis, border = seen.axes & own, borders & own
        whole = np.count_nonzero(axis) + np.count_nonzero(border) / 2
        there = whole
        if laid is not seen:
            now = laid.indices == colour
            near = np.count_nonzero(axis & _near(now, reach))
            there = near + np.count_nonzero(border & _near(borders_now & now, reach)) / 2
        lengths[colour] = float(there), float(whole)
    return lengths


def _figures(seen: Shapes, laid: Shapes) -> tuple[Shapes, Shapes]:
    """Masks of what is not ground; of `laid`, what is not the piece that covers most of that ground."""
    before, after = seen.pieces, laid.pieces
    ground = before.labels == before.ground
    figures = Shapes(with_outside((~ground).view(np.uint8), ~inside(seen.indices)))
    if laid is seen:
        return figures, figures
    still = after.labels == np.bincount(after.labels[ground & inside(laid.indices)]).argmax()
    return figures, Shapes(with_outside((~still).view(np.uint8), ~inside(laid.indices)))


def _near(mask: BoolArray, reach: float) -> BoolArray:
    if not mask.any():
        return mask
    side = 2 * int(reach) + 1
    point = np.ones((side, side), np.uint8)
    point[side // 2, side // 2] = 0
    disc = (cv2.distanceTransform(point, cv2.DIST_L2, cv2.DIST_MASK_5) <= reach).view(np.uint8)
    near: BoolArray = cv2.dilate(mask.view(np.uint8), disc).view(np.bool_)
    return near


def _borders(indices: ByteArray) -> BoolArray:
    """The pixels on either side of each border between two colours; the surface's own is none."""
    found, laid = np.zeros(indices.shape, np.bool_), inside(indices)
    indices = extended(indices)
    across, down = indices[:, 1:] != indices[:, :-1], indices[1:] != indices[:-1]
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found & laid
