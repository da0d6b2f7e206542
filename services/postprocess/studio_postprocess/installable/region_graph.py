"""Pieces merged one by one, the smallest first, so that small ones that look alike become one that is large enough."""

import heapq
import math

import numpy as np

from studio_colour.difference import ByteArray
from studio_postprocess.installable.merging import (
    BORDER,
    GROUND,
    LEAST_SHARE,
    TOUCHES_LITTLE,
    mean_look,
)
from studio_postprocess.installable.regions import Pieces, colours_at
from studio_postprocess.installable.shapes import Shapes


def merge_one_by_one(shapes: Shapes, limit: float, look: ByteArray | None = None, islands: float = math.inf) -> Shapes:
    """The shapes without pieces of fewer than `limit` pixels: two that become one get the larger's colour.

    The choice of the neighbour is that of `merge`. What has at least `islands` pixels and has come to border on nothing
    but the ground stays. Made for some hundreds of pieces.
    """
    pieces = shapes.pieces
    if len(pieces.area) < 2 or not (pieces.area < limit).any():
        return shapes
    graph = _Graph(pieces, look)
    waiting = [(int(pieces.area[piece]), int(piece)) for piece in np.flatnonzero(pieces.area < limit)]
    heapq.heapify(waiting)
    while waiting:
        area, piece = heapq.heappop(waiting)
        if graph.area[piece] != area or not graph.borders[piece]:
            continue  # it is gone or has grown
        if area >= islands and graph.is_island(piece):
            continue
        larger = graph.merge(piece, graph.most_alike(piece))
        if graph.area[larger] < limit:
            heapq.heappush(waiting, (graph.area[larger], larger))
    colour = np.array([pieces.colour[graph.root(piece)] for piece in range(len(pieces.area))], np.uint8)
    return Shapes(colours_at(pieces, colour))


class _Graph:
    """Which pieces share how much border, and what they look like."""

    def __init__(self, pieces: Pieces, look: ByteArray | None) -> None:
        self.area: list[int] = pieces.area.tolist()
        self.borders: list[dict[int, int]] = [{} for _ in self.area]
        for piece, other, edges in zip(*(column.tolist() for column in pieces.neighbours), strict=True):
            self.borders[piece][other] = edges
        self._into = list(range(len(self.area)))
        self._mean: list[tuple[float, ...]] = [tuple(row) for row in mean_look(pieces, look).tolist()]
        self._ground = pieces.ground
        self._handicap = GROUND if look is not None else 0.0

    def is_island(self, piece: int) -> bool:
        """Whether it borders on nothing but the ground."""
        return self.borders[piece].keys() <= {self._ground}

    def root(self, piece: int) -> int:
        """The piece it was merged into in the end."""
        while self._into[piece] != piece:
            piece = self._into[piece]
        return piece

    def most_alike(self, piece: int) -> int:
        """The neighbour that costs least."""
        total = sum(self.borders[piece].values())
        return min(self.borders[piece], key=lambda other: (self._cost(piece, other, total), other))

    def _cost(self, piece: int, other: int, total: int) -> float:
        share = self.borders[piece][other] / total
        unlike = math.dist(self._mean[piece], self._mean[other])
        handicap = (self._handicap if other == self._ground else 0.0) + (TOUCHES_LITTLE if share < LEAST_SHARE else 0.0)
        return unlike + handicap - BORDER * share

    def merge(self, piece: int, other: int) -> int:
        """Make the two one, and return the one that it is now known by, the larger."""
        kept, gone = (piece, other) if self.area[piece] > self.area[other] else (other, piece)
        weights = self.area[kept], self.area[gone]
        pairs = zip(self._mean[kept], self._mean[gone], strict=True)
        self._mean[kept] = tuple((a * weights[0] + b * weights[1]) / sum(weights) for a, b in pairs)
        self.area[kept], self.area[gone] = sum(weights), 0
        self._into[gone] = kept
        for third, edges in self.borders[gone].items():
            del self.borders[third][gone]
            if third != kept:
                self.borders[kept][third] = self.borders[third][kept] = self.borders[kept].get(third, 0) + edges
        self.borders[gone] = {}
        self._ground = kept if gone == self._ground else self._ground
        return kept
