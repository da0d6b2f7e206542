"""Pieces: the connected areas of one colour, and what they border on."""

from typing import Any, NamedTuple, TypeVar

import cc3d
import numpy as np
from numpy.typing import NDArray

from studio_postprocess.clamp.colour import ByteArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[Any]
_Scalar = TypeVar("_Scalar", bound=np.generic)

_OUTSIDE = -1


class Pieces(NamedTuple):
    """Connected areas of one colour (a shared corner does not connect), from the top.

    labels (height, width) holds each pixel's piece, or -1; colour, area in pixels, and box (left, top, width, height)
    in pixels have one entry a piece. runs are the positions in the flat labels at which another label begins, or a row.
    """

    labels: IntArray
    colour: ByteArray
    area: IntArray
    box: IntArray
    runs: IntArray

    def spread(self, values: NDArray[_Scalar], elsewhere: int) -> NDArray[_Scalar]:
        """Values, one a piece, at each of its pixels, shape (height, width); `elsewhere` where there is no piece."""
        of_run = np.append(values, values.dtype.type(elsewhere))[self.labels.ravel()[self.runs]]
        return np.repeat(of_run, np.diff(self.runs, append=self.labels.size)).reshape(self.labels.shape)

    def largest(self, values: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """The largest of the values, shape (height, width) and not negative, in each piece."""
        found = np.zeros(len(self.area) + 1, values.dtype)
        np.maximum.at(found, self.labels.ravel()[self.runs], np.maximum.reduceat(values.ravel(), self.runs))
        return found[:-1]


class Borders(NamedTuple):
    """Every pixel edge on the outline of a piece: the piece, and the piece (or -1) and colour across the edge."""

    piece: IntArray
    across: IntArray
    colour: ByteArray


def colours_of(indices: ByteArray) -> list[int]:
    """The colours an index map holds, in palette order."""
    return [colour for colour in range(int(indices.max()) + 1) if (indices == colour).any()]


def pieces_of(indices: ByteArray, where: BoolArray | None = None) -> Pieces:
    """Pieces of an index map, shape (height, width), or of the part of it where `where` holds."""
    shown = indices + np.uint8(1)  # 0 is nothing
    if where is not None:
        shown *= where
    labels = cc3d.connected_components(shown, connectivity=4, out_dtype=np.uint32).view(np.int32)
    labels -= 1
    return _measured(labels, indices.ravel())


def pieces_from(labels: IntArray, colour: ByteArray) -> Pieces:
    """Pieces from their labels, shape (height, width), -1 for nowhere, and colours."""
    return _measured(labels, np.append(colour, np.uint8(0))[labels.ravel()])


def _measured(labels: IntArray, pixels: ByteArray) -> Pieces:
    """Pieces from their labels, and the colour of each pixel from the top left."""
    begins = np.ones(labels.shape, np.bool_)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    runs = np.flatnonzero(begins)
    kept = labels.ravel()[runs] != _OUTSIDE
    start, length = runs[kept], np.diff(runs, append=labels.size)[kept]
    piece, row, left = labels.ravel()[start], start // labels.shape[1], start % labels.shape[1]
    count = int(piece.max(initial=-1)) + 1
    colour = np.zeros(count, np.uint8)
    colour[piece] = pixels[start]
    low, high = np.full((count, 2), labels.size), np.zeros((count, 2), np.int64)
    for axis, begin, end in ((0, left, left + length), (1, row, row + 1)):
        np.minimum.at(low[:, axis], piece, begin)
        np.maximum.at(high[:, axis], piece, end)
    area = np.bincount(piece, weights=length, minlength=count).astype(np.int64)
    return Pieces(labels, colour, area, np.concatenate([low, high - low], axis=1), runs)


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


def colours_at(pieces: Pieces, colour: ByteArray) -> ByteArray:
    """Index map, shape (height, width), in which each piece has the colour given for it."""
    return pieces.spread(colour, 0)


def rim_contact(pieces: Pieces) -> IntArray:
    """How many pixels of each piece lie on the surface's edge."""
    labels = pieces.labels
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.bincount(rim[rim >= 0], minlength=len(pieces.area))
