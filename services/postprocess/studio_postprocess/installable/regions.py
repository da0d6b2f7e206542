"""Pieces: the connected areas of one colour, and what they border on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import cc3d
import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.installable.outside import VOID

BoolArray = NDArray[np.bool_]
IntArray = NDArray[Any]
_Scalar = TypeVar("_Scalar", bound=np.generic)

_OUTSIDE = -1


class Neighbours(NamedTuple):
    """Pairs of pieces that share a border, each pair both ways round, by piece, and the pixel edges they share."""

    piece: IntArray
    other: IntArray
    edges: IntArray


@dataclass(frozen=True, eq=False)
class Pieces:
    """Connected areas of one colour (a shared corner does not connect), from the top.

    labels (height, width) holds each pixel's piece, or -1, as outside the surface's outline; colour, area in pixels,
    and box (left, top, width, height) in pixels have one entry a piece. runs are the positions in the flat labels at
    which another label begins, or a row.
    """

    labels: IntArray
    colour: ByteArray
    area: IntArray
    box: IntArray
    runs: IntArray

    @cached_property
    def rim_contact(self) -> IntArray:
        """How many pixels of each piece lie on the surface's edge: that of the labels, or where there is no piece."""
        labels = self.labels
        rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        if (outside := labels < 0).any():
            beside = np.zeros(labels.shape, np.bool_)
            beside[1:-1, 1:-1] = outside[:-2, 1:-1] | outside[2:, 1:-1] | outside[1:-1, :-2] | outside[1:-1, 2:]
            rim = np.concatenate([rim, labels[beside]])
        return np.bincount(rim[rim >= 0], minlength=len(self.area))

    @property
    def ground(self) -> int:
        """The piece that meets most of the surface's edge."""
        return int(self.rim_contact.argmax())

    @cached_property
    def neighbours(self) -> Neighbours:
        """All pairs of neighbours. What belongs to no piece is nobody's neighbour."""
        flat, count = self.labels.ravel(), len(self.area)
        pairs = []
        for at, beside in edges_of(self.labels):
            a, b = flat[at].astype(np.int64), flat[beside]
            both = (a >= 0) & (b >= 0)
            if not both.all():
                a, b = a[both], b[both]
            pairs.append(np.minimum(a, b) * count + np.maximum(a, b))
        keys, edges = np.unique(np.concatenate(pairs), return_counts=True)
        lower, upper = keys // count, keys % count
        first, second = np.concatenate([lower, upper]), np.concatenate([upper, lower])
        order = np.lexsort((second, first))
        return Neighbours(first[order], second[order], np.concatenate([edges, edges])[order])

    def spread(self, values: NDArray[_Scalar], elsewhere: int) -> NDArray[_Scalar]:
        """Values, one a piece, at each of its pixels, shape (height, width); `elsewhere` where there is no piece."""
        of_run = np.append(values, values.dtype.type(elsewhere))[self.labels.ravel()[self.runs]]
        return np.repeat(of_run, np.diff(self.runs, append=self.labels.size)).reshape(self.labels.shape)

    def sums(self, values: ByteArray) -> FloatArray:
        """The sum of the values, shape (height, width), in each piece."""
        piece = self.labels.ravel()[self.runs] + 1  # 0 where there is no piece
        of_run = np.add.reduceat(values.ravel(), self.runs, dtype=np.uint32)  # no run is so long
        return np.asarray(np.bincount(piece, weights=of_run, minlength=len(self.area) + 1)[1:], np.float64)

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
    most = int(indices.max())
    if most == VOID:
        most = int(np.where(indices == VOID, np.uint8(0), indices).max())
    return [colour for colour in range(most + 1) if (indices == colour).any()]


def pieces_of(indices: ByteArray, where: BoolArray | None = None) -> Pieces:
    """Pieces of an index map, shape (height, width), or of the part of it where `where` holds; VOID has none."""
    shown = indices + np.uint8(1)  # 0 is nothing, and what VOID becomes
    if where is not None:
        shown *= where
    labels = cc3d.connected_components(shown, connectivity=4, out_dtype=np.uint32).view(np.int32)
    labels -= 1
    return _measured(labels, indices.ravel(), shown)


def pieces_from(labels: IntArray, colour: ByteArray) -> Pieces:
    """Pieces from their labels, shape (height, width), -1 for nowhere, and colours."""
    return _measured(labels, np.append(colour, np.uint8(0))[labels.ravel()], labels)


def _measured(labels: IntArray, pixels: ByteArray, shown: IntArray) -> Pieces:
    """Pieces from their labels, and the colour of each pixel from the top left.

    `shown` has the same runs as the labels: what differs along a row in one differs in the other.
    """
    begins = np.ones(labels.shape, np.bool_)
    np.not_equal(shown[:, 1:], shown[:, :-1], out=begins[:, 1:])
    runs = np.flatnonzero(begins)
    piece, length = labels.take(runs), np.diff(runs, append=labels.size)
    start = runs
    if (kept := piece != _OUTSIDE).sum() < len(runs):
        start, length, piece = runs[kept], length[kept], piece[kept]
    count = int(piece.max(initial=-1)) + 1
    row = start // labels.shape[1]
    left = start - row * labels.shape[1]
    colour = np.zeros(count, np.uint8)
    colour[piece] = pixels[start]
    box = np.zeros((4, count), np.int64)  # left, top, and at first right and bottom
    box[0] = labels.shape[1]
    np.minimum.at(box[0], piece, left)
    np.maximum.at(box[2], piece, left + length)
    box[1][piece[::-1]] = row[::-1]  # runs come from the top, and the last written stays
    box[3][piece] = row + 1
    box[2:] -= box[:2]
    area = np.bincount(piece, weights=length, minlength=count).astype(np.int64)
    return Pieces(labels, colour, area, box.T, runs)


def edges_of(labels: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Positions, in the flat array, of all neighbours with different labels: to the right, then below."""
    flat, width = labels.ravel(), labels.shape[1]
    across = flat[:-1] != flat[1:]
    across[width - 1 :: width] = False  # the last of a row and the first of the next
    at = np.flatnonzero(across)
    yield at, at + 1
    at = np.flatnonzero(flat[:-width] != flat[width:])
    yield at, at + width


def borders_of(indices: ByteArray, labels: IntArray, chosen: BoolArray) -> Borders:
    """Borders of the chosen pieces, a flag for each, with pixels that are not of the same piece."""
    lookup = np.append(chosen, np.bool_(False))  # for the label -1
    found: list[tuple[IntArray, IntArray, ByteArray]] = []
    for at, beside in edges_of(labels):
        first, second = labels.ravel()[at], labels.ravel()[beside]
        shown, hidden = indices.ravel()[at], indices.ravel()[beside]
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
    """Index map, shape (height, width), in which each piece has the colour given for it, and VOID elsewhere."""
    return pieces.spread(colour, VOID)
