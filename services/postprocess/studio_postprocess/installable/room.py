"""Small pieces that are worth keeping grown to the least area of an island, where the pieces around them leave room."""

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_contracts.installer import MIN_AREA_M2
from studio_postprocess.installable.merging import mean_look
from studio_postprocess.installable.outside import VOID
from studio_postprocess.installable.regions import BoolArray, IntArray, Pieces
from studio_postprocess.installable.shapes import Shapes

SMALLEST_M2 = 0.22 * MIN_AREA_M2
"""Area from which a piece is grown."""
MOST_GROWN_MM = 180.0
"""No edge moves farther outwards."""
STANDS_OUT = 0.15
"""OKLab distance from every neighbour from which a piece is worth room."""
MOST_GROWN = 24
"""How many pieces are grown at most, the largest first."""

_TOO_SMALL, _GROWN_TO = 1.02, 1.05
_SPARE_MM = 20.0
"""Smoothing takes a little of what is left of the pieces around."""
_BESIDE = np.ones((3, 3), np.uint8)


def grow_where_room(shapes: Shapes, mm_per_pixel: float, narrowest_mm: float, look: ByteArray) -> Shapes:
    """The shapes with pieces that are nearly large enough grown into neighbours that stay wider than `narrowest_mm`.

    As in the generalisation of maps, what matters is exaggerated before it would be dropped: the ground seen through a
    castle's gate, or a band between two others. `look` is the original, sRGB, shape (height, width, 3), in which the
    piece must stand out. A piece that cannot be grown enough stays as it is.
    """
    pieces = shapes.pieces
    area = pieces.area * (mm_per_pixel**2 / 1e6)
    chosen = (area >= SMALLEST_M2) & (area < MIN_AREA_M2 * _TOO_SMALL)
    if chosen.any():
        chosen &= _contrast(pieces, look) >= STANDS_OUT
    if not chosen.any():
        return shapes
    labels = pieces.labels.copy()
    for piece in np.flatnonzero(chosen)[np.argsort(-area[chosen], kind="stable")][:MOST_GROWN].tolist():
        _grow(labels, pieces.box[piece], piece, mm_per_pixel, narrowest_mm + _SPARE_MM)
    return Shapes(np.append(pieces.colour, np.uint8(VOID))[labels])


def _contrast(pieces: Pieces, look: ByteArray) -> FloatArray:
    """The least OKLab distance of each piece to one of its neighbours."""
    mean, near = mean_look(pieces, look), pieces.neighbours
    least = np.full(len(mean), np.inf)
    np.minimum.at(least, near.piece, np.sqrt(((mean[near.piece] - mean[near.other]) ** 2).sum(axis=1)))
    return least


def _grow(labels: IntArray, box: IntArray, piece: int, mm_per_pixel: float, spared_mm: float) -> None:
    """Grow one piece in place, if that makes it an island and leaves spared_mm of each neighbour."""
    left, top, across, down = box.tolist()
    margin = int((MOST_GROWN_MM + spared_mm) / mm_per_pixel) + 3
    rows, columns = (
        slice(max(top - margin, 0), top + down + margin),
        slice(max(left - margin, 0), left + across + margin),
    )
    window = np.pad(labels[rows, columns], 1, constant_values=-1)  # what lies beyond is another piece
    own = window == piece
    room = np.zeros(own.shape, np.bool_)
    beside = cv2.dilate(own.view(np.uint8), _BESIDE).view(np.bool_) & ~own
    for other in np.unique(window[beside]).tolist():
        if other >= 0:
            neighbour = window == other
            room |= neighbour & (_distance(own | neighbour) * mm_per_pixel > spared_mm)
    far = _distance(~own)
    room &= far * mm_per_pixel <= MOST_GROWN_MM
    needed = int(MIN_AREA_M2 * _GROWN_TO / (mm_per_pixel**2 / 1e6)) - np.count_nonzero(own)
    reach = far[room]
    if not 0 <= needed < reach.size:
        return
    grown = own | room & (far <= np.partition(reach, needed)[needed])
    _, parts = cv2.connectedComponents(grown.view(np.uint8), connectivity=4)
    grown = np.isin(parts, np.unique(parts[own]))
    labels[rows, columns][grown[1:-1, 1:-1]] = piece


def _distance(inside: BoolArray) -> FloatArray:
    return cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)
