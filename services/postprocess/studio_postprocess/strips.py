"""Thin places: what no circle of a given width reaches."""

import math

import cv2
import numpy as np

from studio_postprocess.colour import ByteArray, FloatArray
from studio_postprocess.pieces import Pieces, pieces_of, selected

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


def narrows(indices: ByteArray, distance: FloatArray, width: float) -> Pieces:
    """Parts of an index map in which no circle of `width` pixels fits, right to a pixel either way.

    `distance` is `edge_distance`.
    """
    reach = max(math.ceil(width / 2 - 1), 0)
    thin = distance < reach
    if not thin.all():
        # Half way between a wide piece's last pixel and the next piece's first, as seen from the wide piece's middle.
        thin = cv2.distanceTransform(thin.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > reach + 0.5
    return pieces_of(indices, thin)


def slender(pieces: Pieces, width: float) -> Pieces:
    """The pieces that are at least twice as long as `width` in pixels.

    What a circle cannot reach in the corner of a wide piece is shorter, down to corners of about 30 degrees.
    """
    return selected(pieces, np.hypot(pieces.box[:, 2], pieces.box[:, 3]) >= _SLENDER * width)


def strips(indices: ByteArray, distance: FloatArray, width: float) -> Pieces:
    """Strips of an index map in which no circle of `width` pixels fits and that are twice as long, or longer."""
    return slender(narrows(indices, distance, width), width)


def largest_circles(distance: FloatArray, pieces: Pieces) -> FloatArray:
    """Radius in pixels of the largest circle that fits into each piece, to half a pixel."""
    return pieces.largest(distance) + np.float32(0.5)
