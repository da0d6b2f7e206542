"""What lies outside the outline of a surface: pixels of its index map that no colour is laid on."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray

VOID = 255
"""The index of such pixels. No palette is so long; `pieces_of` gives them no piece."""

BoolArray = NDArray[np.bool_]


def inside(indices: ByteArray) -> BoolArray:
    """Where a colour is laid."""
    laid: BoolArray = indices != VOID
    return laid


def share_of_others(indices: ByteArray, colour: int) -> float:
    """The part of what is laid that has another colour."""
    laid = np.count_nonzero(inside(indices))
    return (laid - np.count_nonzero(indices == colour)) / laid if laid else math.nan


def with_outside(indices: ByteArray, outside: BoolArray) -> ByteArray:
    """The index map, shape (height, width), with nothing laid where `outside` holds."""
    if not outside.any():
        return indices
    cut: ByteArray = np.where(outside, np.uint8(VOID), indices)
    return cut


def extended(indices: ByteArray) -> ByteArray:
    """The index map with its colours carried on over the outline: each pixel outside gets the nearest one's."""
    laid = inside(indices)
    if laid.all() or not laid.any():
        return indices
    _, nearest = cv2.distanceTransformWithLabels(
        (~laid).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colour_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    colour_of[nearest[laid]] = indices[laid]
    carried: ByteArray = np.where(laid, indices, colour_of[nearest])
    return carried


def rim(indices: ByteArray) -> BoolArray:
    """The pixels inside that lie on the surface's edge: that of the map, or beside what is outside."""
    around = cv2.copyMakeBorder((~inside(indices)).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(1,))
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    beside: BoolArray = cv2.dilate(around, cross)[1:-1, 1:-1].view(np.bool_)
    return beside & inside(indices)


def resized(outside: BoolArray, size: tuple[int, int]) -> BoolArray:
    """A mask, shape (height, width), at another size, (width, height): where more than half of a pixel is outside."""
    if size == outside.shape[::-1]:
        return outside
    shares = cv2.resize(outside.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    more: BoolArray = shares > 127
    return more
