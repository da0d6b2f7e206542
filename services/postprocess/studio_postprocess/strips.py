"""Thin places: what no circle of a given width reaches."""

import math

import cv2
import numpy as np

from studio_postprocess.colour import ByteArray, FloatArray
from studio_postprocess.pieces import Pieces, pieces_of

_SLENDER = 2.0


def edge_distance(indices: ByteArray) -> FloatArray:
    """Distance in pixels of each pixel, shape (height, width), from the nearest that is last before another colour.

    The surface's edge is an edge too. In the middle of a strip n pixels wide it is (n - 1) // 2. Right to 2 %.
    """
    inside = np.zeros(indices.shape, np.bool_)
    core, rest = indices[1:-1, 1:-1], (slice(1, -1), slice(1, -1))
    inside[rest] = (core == indices[:-2, 1:-1]) & (core == indices[2:, 1:-1])
    inside[rest] &= (core == indices[1:-1, :-2]) & (core == indices[1:-1, 2:])
    return cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)


def strips(indices: ByteArray, distance: FloatArray, width: float) -> Pieces:
    """Strips of an index map in which no circle of `width` pixels fits and that are twice as long, or longer.

    What the circle cannot reach in the corner of a wide piece is too short to be one, down to corners of about 30
    degrees. `distance` is `edge_distance`. Widths are right to a pixel either way.
    """
    reach = max(math.ceil(width / 2 - 1), 0)
    thin = distance < reach
    if not thin.all():
        # Half way between a wide piece's last pixel and the next piece's first, as seen from the wide piece's middle.
        thin = cv2.distanceTransform(thin.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > reach + 0.5
    found = pieces_of(indices, thin)
    return selected(found, np.hypot(found.box[:, 2], found.box[:, 3]) >= _SLENDER * width)


def selected(pieces: Pieces, chosen: np.ndarray) -> Pieces:
    """The chosen pieces alone, a flag for each."""
    number = np.full(len(chosen) + 1, -1, np.int32)
    number[:-1][chosen] = np.arange(int(chosen.sum()))
    return Pieces(number[pieces.labels], pieces.colour[chosen], pieces.area[chosen], pieces.box[chosen])


def largest_circles(distance: FloatArray, pieces: Pieces) -> FloatArray:
    """Radius in pixels of the largest circle that fits into each piece, to half a pixel."""
    largest = np.zeros(len(pieces.area), np.float32)
    np.maximum.at(largest, pieces.labels.ravel(), distance.ravel())
    return largest + np.float32(0.5)
