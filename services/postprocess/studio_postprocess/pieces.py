"""Pieces: the connected areas of one colour, what they border on, and the absorption of those that cannot be laid."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_postprocess.colour import ByteArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[Any]

_ROUNDS = 16
_OUTSIDE = -1


class Pieces(NamedTuple):
    """Connected areas of one colour (a shared corner does not connect), by colour and then from the top.

    labels (height, width) holds each pixel's piece, or -1; colour, area in pixels, and box (left, top, width, height)
    in pixels have one entry a piece.
    """

    labels: IntArray
    colour: ByteArray
    area: IntArray
    box: IntArray


class Borders(NamedTuple):
    """Every pixel edge on the outline of a piece: the piece, and the piece (or -1) and colour across the edge."""

    piece: IntArray
    across: IntArray
    colour: ByteArray


def colours_of(indices: ByteArray) -> list[int]:
    """The colours an index map holds, in palette order."""
    counts = cv2.calcHist([indices], [0], None, [256], [0, 256]).ravel()
    return [int(colour) for colour in np.flatnonzero(counts)]


def pieces_of(indices: ByteArray, where: BoolArray | None = None) -> Pieces:
    """Pieces of an index map, shape (height, width), or of the part of it where `where` holds."""
    labels = np.full(indices.shape, _OUTSIDE, np.int32)
    colours, count = [np.zeros(0, np.uint8)], 0
    for colour in colours_of(indices):
        mask = cv2.inRange(indices, (colour,), (colour,))
        if where is not None:
            mask = cv2.bitwise_and(mask, mask, mask=where.view(np.uint8))
        found, numbers = cv2.connectedComponents(mask, connectivity=4)
        cv2.add(numbers, np.array(count - 1.0), dst=labels, mask=mask)
        count += found - 1
        colours.append(np.full(found - 1, colour, np.uint8))
    area, box = _extents(labels, count)
    return Pieces(labels, np.concatenate(colours), area, box)


def _extents(labels: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Area and bounding box of each label, from the runs of equal labels in each row."""
    width = labels.shape[1]
    first = np.ones(labels.shape, np.bool_)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=first[:, 1:])
    start = np.flatnonzero(first)
    length = np.diff(start, append=labels.size)
    run, row, left = labels.ravel()[start], start // width, start % width
    kept = run != _OUTSIDE
    run, row, left, length = run[kept], row[kept], left[kept], length[kept]
    low, high = np.full((count, 2), labels.size), np.zeros((count, 2), np.int64)
    for axis, begin, end in ((0, left, left + length), (1, row, row + 1)):
        np.minimum.at(low[:, axis], run, begin)
        np.maximum.at(high[:, axis], run, end)
    area = np.bincount(run, weights=length, minlength=count).astype(np.int64)
    return area, np.concatenate([low, high - low], axis=1)


def borders_of(indices: ByteArray, labels: IntArray, chosen: BoolArray) -> Borders:
    """Borders of the chosen pieces, a flag for each, with pixels that are not of the same piece."""
    lookup = np.append(chosen, np.bool_(False))  # for the label -1
    found: list[tuple[IntArray, IntArray, ByteArray]] = []
    down, right = (slice(1, None), slice(None)), (slice(None), slice(1, None))
    up, left = (slice(None, -1), slice(None)), (slice(None), slice(None, -1))
    for one, other in ((up, down), (left, right)):
        differs = np.flatnonzero(labels[one] != labels[other])
        first, second = labels[one].ravel()[differs], labels[other].ravel()[differs]
        shown, hidden = indices[one].ravel()[differs], indices[other].ravel()[differs]
        for a, b, colour in ((first, second, hidden), (second, first, shown)):
            outline = lookup[a]
            found.append((a[outline], b[outline], colour[outline]))
    piece, across, colour = (np.concatenate(column) for column in zip(*found, strict=True))
    return Borders(piece, across, colour)


def votes(piece: IntArray, colour: ByteArray, count: int) -> IntArray:
    """How many pixel edges each of `count` pieces shares with each colour, shape (count, colours)."""
    colours = int(colour.max(initial=0)) + 1
    return np.bincount(piece * colours + colour, minlength=count * colours).reshape(count, colours)


def absorb(indices: ByteArray, pieces: Pieces, doomed: BoolArray) -> ByteArray:
    """Index map in which each doomed piece has the colour, other than its own, that it borders on most.

    Pieces that touch only doomed ones wait until those are settled. Where nothing may stay, the largest piece does.
    """
    if not doomed.any():
        return indices
    colour, waiting = pieces.colour.copy(), doomed.copy()
    if int(pieces.area[doomed].sum()) == indices.size:
        waiting[pieces.area.argmax()] = False
    borders = borders_of(indices, pieces.labels, waiting)
    for _ in range(_ROUNDS):
        still = waiting[borders.piece]
        borders = Borders(*(column[still] for column in borders))
        outside = borders.across == _OUTSIDE
        seen = np.where(outside, borders.colour, colour[borders.across])
        told = (outside | ~waiting[borders.across]) & (seen != pieces.colour[borders.piece])
        if not told.any():
            break
        voters, row = np.unique(borders.piece[told], return_inverse=True)
        colour[voters] = votes(row, seen[told], voters.size).argmax(axis=1)
        waiting[voters] = False
    painted: ByteArray = np.append(colour, np.uint8(0))[pieces.labels]
    return np.where(pieces.labels == _OUTSIDE, indices, painted)
