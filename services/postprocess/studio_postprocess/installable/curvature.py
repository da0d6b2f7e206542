"""How tightly the edges of a surface bend: the outline of every colour."""

from collections.abc import Iterator

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_pictures.bends import Bend, bends_of
from studio_postprocess.installable.outside import VOID, inside
from studio_postprocess.installable.regions import BoolArray, IntArray, Pieces

_NEAR_THE_EDGE = np.ones((5, 5), np.uint8)


def tight_bends(indices: ByteArray, pieces: Pieces, room_mm: FloatArray, mm_per_pixel: float) -> Iterator[Bend]:
    """Every place where an edge turns more tightly than the radius allows; see `bends_of`.

    indices is (height, width) and pieces are its pieces; room_mm is the radius of the largest circle that fits into
    each. Where a surface is no rectangle, what its own outline bends counts for nothing.
    """
    # A rim of no colour, so that the outline along the surface's edge is walked like any other.
    rimmed = cv2.copyMakeBorder(indices, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(VOID,))
    at_edge: BoolArray | None = None
    if not inside(indices).all():
        at_edge = cv2.dilate((rimmed == VOID).view(np.uint8), _NEAR_THE_EDGE)[1:-1, 1:-1].view(np.bool_)
    for colour in np.unique(pieces.colour).tolist():
        (left, top), (right, bottom) = _extent(pieces.box[pieces.colour == colour])
        mask = cv2.inRange(rimmed[top : bottom + 2, left : right + 2], (colour,), (colour,))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(left - 1, top - 1))
        for contour in contours:
            points = contour[:, 0, :]
            room = float(room_mm[pieces.labels[points[0, 1], points[0, 0]]])
            yield from bends_of(points, colour, room, mm_per_pixel, at_edge)


def _extent(boxes: IntArray) -> tuple[list[int], list[int]]:
    """The first and the last corner, x and y, of what holds all boxes (n, 4)."""
    first, size = boxes[:, :2], boxes[:, 2:]
    return first.min(axis=0).tolist(), (first + size).max(axis=0).tolist()
