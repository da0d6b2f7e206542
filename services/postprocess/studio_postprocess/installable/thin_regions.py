"""Thin regions: the parts of a surface that no circle of a given width reaches."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.installable.regions import BoolArray, IntArray, Pieces, edges_of

_SLENDER = 2.0
_ONE_PIECE = 0.7
_FALL = 1.2
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def edge_distance(indices: ByteArray) -> FloatArray:
    """Distance in pixels of each pixel, shape (height, width), from the nearest that is last before another colour.

    The surface's edge is an edge too. In the middle of a strip n pixels wide it is (n - 1) // 2. Right to 2 %.
    """
    inside = cv2.compare(cv2.dilate(indices, _CROSS), cv2.erode(indices, _CROSS), cv2.CMP_EQ)
    inside[[0, -1]] = 0
    inside[:, [0, -1]] = 0
    return cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)


def slender(pieces: Pieces, width: float, times: float = _SLENDER) -> BoolArray:
    """Which pieces are at least `factor` times as long as `width` pixels.

    What a circle of that width cannot reach in the corner of a wide piece is shorter, down to corners of about 30
    degrees.
    """
    long: BoolArray = np.hypot(pieces.box[:, 2], pieces.box[:, 3]) >= times * width
    return long


def reach_of(width: float) -> int:
    """`edge_distance` in the middle of what is as wide as that, in pixels."""
    return max(math.ceil(width / 2 - 1), 0)


def unreached(distance: FloatArray, width: float) -> BoolArray:
    """Where no circle of `width` pixels that fits into a piece reaches."""
    reach = reach_of(width)
    thin = distance < reach
    if thin.all():
        return thin
    # Half way between a wide piece's last pixel and the next piece's first, as seen from the wide piece's middle.
    far: BoolArray = cv2.distanceTransform(thin.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > reach + 0.5
    return far


def unreached_within(distance: FloatArray, width: float, boxes: IntArray) -> BoolArray:
    """The same inside boxes (n, 4) alone: left, top, width and height."""
    where = np.zeros(distance.shape, np.bool_)
    margin = math.ceil(width / 2) + 2
    for left, top, across, down in boxes.tolist():
        x, y = max(left - margin, 0), max(top - margin, 0)
        found = unreached(distance[y : top + down + margin, x : left + across + margin], width)
        where[top : top + down, left : left + across] |= found[top - y :, left - x :][:down, :across]
    return where


def ridges(pieces: Pieces, distance: FloatArray) -> BoolArray:
    """The medial axes of the pieces, about a pixel wide: where `edge_distance` falls off to both sides.

    Looked at along rows and along columns; of two equal neighbours the second counts. A corner blunter than 120
    degrees has no axis.
    """
    found = np.zeros(distance.shape, np.bool_)
    for axis in (0, 1):
        labels, own = np.moveaxis(pieces.labels, axis, 0), np.moveaxis(distance, axis, 0)
        before, after, far_before, far_after = (_beside(labels, own, step) for step in (-1, 1, -2, 2))
        ridge = np.moveaxis(found, axis, 0)
        ridge |= (own >= before) & (own > after) & (2 * own - far_before - far_after >= _FALL)
    return found


def _beside(labels: IntArray, distance: FloatArray, step: int) -> FloatArray:
    """The distance that many rows further on, or -1 where that is another piece."""
    beside = np.full_like(distance, -1)  # in memory as the distance, also where that is looked at along its columns
    here, there = (slice(None, -step), slice(step, None)) if step > 0 else (slice(-step, None), slice(None, step))
    np.copyto(beside[here], distance[there], where=labels[here] == labels[there])
    return beside


class Sides(NamedTuple):
    """What lies beside each strip: the piece it is part of, the piece it borders on most, and that one's share."""

    host: IntArray
    other: IntArray
    share: FloatArray


def sides(pieces: Pieces, narrow: Pieces) -> Sides:
    """What lies beside the strips `narrow` of an index map with `pieces`; other is -1 where nothing does."""
    count, whole = len(narrow.area), len(pieces.area)
    host = np.zeros(count, np.int64)
    inside = narrow.labels.ravel()[narrow.runs]
    host[inside[inside >= 0]] = pieces.labels.ravel()[narrow.runs][inside >= 0]
    found = []
    labels, narrow_labels = pieces.labels.ravel(), narrow.labels.ravel()
    for one, other in edges_of(pieces.labels):
        first, second = labels[one], labels[other]
        here, there = narrow_labels[one].astype(np.int64), narrow_labels[other].astype(np.int64)
        found.append((here * whole + second)[(here >= 0) & (second >= 0)])
        found.append((there * whole + first)[(there >= 0) & (first >= 0)])
    pair, edges = np.unique(np.concatenate(found), return_counts=True)
    strip, beside = np.divmod(pair, whole)
    rising = np.argsort(edges, kind="stable")
    most, opposite = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    most[strip[rising]], opposite[strip[rising]] = edges[rising], beside[rising]  # the last written is the most
    total = np.bincount(strip, weights=edges, minlength=count)
    return Sides(host, opposite, most / np.maximum(total, 1))


def between_parts(pieces: Pieces, narrow: Pieces) -> BoolArray:
    """Which strips are ground between two parts of one piece, as between the legs of a camel.

    Ground is what meets more of the surface's edge than the piece does, or where neither meets it, reaches farther.
    What has the colour of the ground around all is no such piece: a line that runs through it is thin.
    """
    beside = sides(pieces, narrow)
    met = pieces.rim_contact
    extent = pieces.box[:, 2] * pieces.box[:, 3]
    host, other = beside.host, beside.other
    farther = (met[host] == met[other]) & (extent[host] > extent[other])
    figure = pieces.colour[other] != pieces.colour[pieces.ground]
    between: BoolArray = figure & (beside.share >= _ONE_PIECE) & ((met[host] > met[other]) | farther)
    return between


def largest_circles(distance: FloatArray, pieces: Pieces) -> FloatArray:
    """Radius in pixels of the largest circle that fits into each piece, to half a pixel."""
    return pieces.largest(distance) + np.float32(0.5)


def holds_circle(pieces: Pieces, piece: int, width: float) -> bool:
    """Whether a circle of `width` pixels fits into one piece."""
    left, top, across, down = pieces.box[piece]
    own = pieces.labels[top : top + down, left : left + across] == piece
    return float(edge_distance(own.view(np.uint8))[own].max() + 0.5) * 2 >= width
