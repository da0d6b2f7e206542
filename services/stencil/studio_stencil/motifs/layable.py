"""An area as an installer can lay it."""

import math
from collections.abc import Iterable

import numpy as np
import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.corners import INNER_RADIUS_MM, outer_radius, squared
from studio_stencil.motifs.thickness import (
    LIMB_MM,
    closed,
    extent,
    largest_piece,
    opened,
    pieces,
    widened,
    with_gaps,
    without_holes,
    without_tips,
)
from studio_stencil.motifs.tightness import too_tight

ISLAND_MM2 = 0.33e6
"""Smallest piece of a motif: the rule's 0.30 m² and what pixels may take of it."""
BRIDGE_MM = 260.0
"""A small piece this near to a larger one is joined to it."""
KEPT_PART = 0.9
LOST_PART, LOST_COUNTS = 0.01, 1000
"""An outline that lacks more than this part of what was asked for is worse by this number of faults."""
SIZE_STEP = 1.15
"""Motifs are made layable at sizes this far apart and enlarged from there, so that few have to be made."""
FACTORS = ((1.0, 1.03, 0.975), (1.06, 0.95, 1.09))
"""An outline that cannot be laid at its size is made at one of these and scaled back."""
TRIES = tuple((arcs, factor) for factors in FACTORS for arcs in (True, False) for factor in factors)
"""With arcs between corners or not, and a factor, in the order in which they are tried."""
FINE_MM = 14.0
THIN_MM, SLENDER_MM = 121.0, 225.0
"""A strip narrower than this and longer than this breaks the rule for widths."""


class Attempts:
    """What TRIES, by their numbers, make of an area in millimetres so that it can be laid; each is made once."""

    def __init__(self, plain: BaseGeometry) -> None:
        self.plain = plain
        self._blunt: dict[float, tuple[BaseGeometry, BaseGeometry]] = {}
        self._made: dict[int, BaseGeometry] = {}
        self._faulty: dict[int, float] = {}

    def outline(self, number: int) -> BaseGeometry:
        """What a try makes, whether or not it can be laid."""
        factor = TRIES[number][1]
        return scale(self._before_scaling(number), 1 / factor, 1 / factor, origin=(0, 0))

    def best(self, numbers: Iterable[int], other: int = 0) -> tuple[int, float]:
        """The first of these tries that leaves no fault, but for `other` of them, or the one with the fewest; and its
        faultiness.
        """
        best, fewest = 0, math.inf
        for number in numbers:
            count = self._faultiness(number)
            if not count and other:
                other -= 1
                continue
            if count < fewest:
                best, fewest = number, count
            if not count:
                break
        return best, fewest

    def _faultiness(self, number: int) -> float:
        if number not in self._faulty:
            made = self._before_scaling(number)
            self._faulty[number] = faultiness(self._blunt[TRIES[number][1]][0], made)
        return self._faulty[number]

    def _before_scaling(self, number: int) -> BaseGeometry:
        arcs, factor = TRIES[number]
        if factor not in self._blunt:
            asked = scale(self.plain, factor, factor, origin=(0, 0))
            self._blunt[factor] = asked, _blunt(asked)
        if number not in self._made:
            self._made[number] = _cut(self._blunt[factor][1], arcs)
        return self._made[number]


def layable(plain: BaseGeometry) -> BaseGeometry:
    """An area in millimetres made so that it can be laid.

    Where that does not succeed, it is made a little larger or smaller and scaled back.
    """
    attempts = Attempts(plain)
    return attempts.outline(attempts.best(range(len(TRIES)))[0])


def faultiness(asked: BaseGeometry, made: BaseGeometry) -> float:
    """How much cannot be laid of an outline, at its size and enlarged, and whether it lacks too much of what was asked
    for.
    """
    count = sum(
        len(shapely.get_parts(faults(pieces(scale(made, by, by, origin=(0, 0))), INNER_RADIUS_MM)))
        for by in (1.0, SIZE_STEP)
    )
    lost = asked.difference(made.buffer(LIMB_MM / 2)).area > LOST_PART * asked.area
    return count + (LOST_COUNTS if lost else 0)


def _blunt(plain: BaseGeometry) -> BaseGeometry:
    """The area with limbs and gaps wide enough and without acute tips."""
    return _islands(without_holes(without_tips(roughly_layable(plain)), ISLAND_MM2))


def _cut(blunt: BaseGeometry, arcs: bool) -> BaseGeometry:
    """Such an area with edges that can be cut."""
    smooth = closed(opened(squared(blunt, arcs), FINE_MM), FINE_MM)
    return _islands(without_holes(smooth, ISLAND_MM2))


def roughly_layable(plain: BaseGeometry) -> BaseGeometry:
    """The area with limbs and gaps wide enough, before its edges are cut."""
    return without_holes(with_gaps(widened(_joined(plain)), plain), ISLAND_MM2)


def faults(found: list[shapely.Polygon], inner: float = 0.0) -> BaseGeometry:
    """Places that are too thin or cut too tightly; edges that bulge in are looked at where `inner`, their least radius,
    is not 0.
    """
    places: list[BaseGeometry] = []
    for piece in found:
        thin = piece.difference(opened(piece, THIN_MM / 2).buffer(2.0))
        places += [strip for strip in pieces(thin) if extent(strip) > SLENDER_MM]
        outer = outer_radius(piece)
        bends = [too_tight(np.asarray(piece.exterior.coords)[:-1], outer, inner)]
        bends += [too_tight(np.asarray(ring.coords)[:-1], 0.0, outer) for ring in piece.interiors]
        places += [shapely.MultiPoint(points) for points in bends if len(points)]
    return shapely.union_all(places)


def _islands(area: BaseGeometry) -> BaseGeometry:
    """The pieces large enough to lay; where none is, the largest."""
    found = pieces(area)
    large = [piece for piece in found if piece.area >= ISLAND_MM2]
    return shapely.union_all(large or [largest_piece(area)])


def _joined(area: BaseGeometry) -> BaseGeometry:
    """The area with small pieces joined to the nearest larger one by a bar, where that is near."""
    found = sorted(pieces(area), key=lambda piece: -piece.area)
    if not found:
        return area
    whole = found[0]
    for piece in found[1:]:
        if piece.area < ISLAND_MM2:
            bar = shapely.shortest_line(piece.centroid, whole)
            if shapely.distance(piece, whole) <= BRIDGE_MM:
                piece = piece.union(bar.buffer(LIMB_MM / 2))
            elif piece.area < KEPT_PART * ISLAND_MM2:
                continue
        whole = whole.union(piece)
    return whole
