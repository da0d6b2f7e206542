"""Thin places: what no circle of a given width reaches."""

import math

import cv2
import numpy as np

from studio_postprocess.colour import ByteArray, FloatArray
from studio_postprocess.pieces import BoolArray, Pieces, pieces_of, selected

_SLENDER = 2.0
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def edge_distance(indices: ByteArray) -> FloatArray:
    """Distance in pixels of each pixel, shape (height, width), from the nearest that is last before another colour.

    The surface's edge is an edge too. In the middle of a strip n pixels wide it is (n - 1) // 2. Right to 2 %.
    """
    inside = cv2.compare(cv2.dilate(indices, _CROSS), cv2.erode(indices, _CROSS), cv2.CMP_EQ)
    inside[[0, -1]] = 0
    inside[:, [0, -1]] = 0
    return cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)


def strips(indices: ByteArray, distance: FloatArray, width: float) -> Pieces:
    """Strips of an index map in which no circle of `width` pixels fits and that are twice as long, or longer.

    What the circle cannot reach in the corner of a wide piece is too short to be one, down to corners of about 30
    degrees. `distance` is `edge_distance`. Widths are right to a pixel either way.
    """
    return slender(pieces_of(indices, unreached(distance, width)), width)


def strips_within(indices: ByteArray, distance: FloatArray, width: float, places: Pieces) -> Pieces:
    """The same where they can only be in certain places of the map, such as those too narrow for a wider circle."""
    where = np.zeros(indices.shape, np.bool_)
    margin = math.ceil(width / 2) + 2
    for left, top, across, down in places.box.tolist():
        x, y = max(left - margin, 0), max(top - margin, 0)
        found = unreached(distance[y : top + down + margin, x : left + across + margin], width)
        where[top : top + down, left : left + across] |= found[top - y :, left - x :][:down, :across]
    return slender(pieces_of(indices, where), width)


def unreached(distance: FloatArray, width: float) -> BoolArray:
    """Where no circle of `width` pixels that fits into a piece reaches."""
    reach = max(math.ceil(width / 2 - 1), 0)
    thin = distance < reach
    if thin.all():
        return thin
    # Half way between a wide piece's last pixel and the next piece's first, as seen from the wide piece's middle.
    far: BoolArray = cv2.distanceTransform(thin.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > reach + 0.5
    return far


def slender(pieces: Pieces, width: float) -> Pieces:
    """The pieces that are at least twice as long as `width` pixels."""
    return selected(pieces, np.hypot(pieces.box[:, 2], pieces.box[:, 3]) >= _SLENDER * width)


def largest_circles(distance: FloatArray, pieces: Pieces) -> FloatArray:
    """Radius in pixels of the largest circle that fits into each piece, to half a pixel."""
    return pieces.largest(distance) + np.float32(0.5)


def holds_circle(pieces: Pieces, piece: int, width: float) -> bool:
    """Whether a circle of `width` pixels fits into one piece."""
    left, top, across, down = pieces.box[piece]
    own = pieces.labels[top : top + down, left : left + across] == piece
    return float(edge_distance(own.view(np.uint8))[own].max() + 0.5) * 2 >= width
