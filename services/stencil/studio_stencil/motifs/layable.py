"""A motif at its real size as an installer can lay it: its outline."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.corners import INNER_RADIUS_MM, outer_radius, squared
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.thickness import (
    LIMB_MM,
    closed,
    extent,
    largest_piece,
    opened,
    pieces,
    widened,
    with_gaps,
    with_slits,
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
"""An outline that lacks more than this part of what was asked for is worse by so many faults."""
SIZE_STEP = 1.15
"""Motifs are made layable at sizes this far apart and enlarged from there, so that few have to be made."""
FACTORS = ((1.0, 1.03, 0.975), (1.06, 0.95, 1.09))
"""An outline that cannot be laid at its size is made at one of these and scaled back."""
TRIES = tuple((arcs, factor) for factors in FACTORS for arcs in (True, False) for factor in factors)
"""With arcs between corners or not, and a factor, in the order in which they are tried."""
FIRST_TRIES = 6
"""After so many an outline of another size is tried."""
FINE_MM = 14.0
THIN_MM, SLENDER_MM = 121.0, 225.0
"""A strip narrower than this and longer than this breaks the rule for widths."""
SLITS_MM, MORE_AREA = (112.0, 128.0, 144.0), 1.12
"""Widths of the slits that open the counters of letters, and how much the area may grow while they stay open."""


@lru_cache(maxsize=1024)
def outline(emoji: str, size_m: float, other: int = 0) -> BaseGeometry:
    """The silhouette in millimetres, centred on the origin, its longer side about `size_m`.

    `other` is how many outlines that could be laid are passed over, where pixels show those badly.
    """
    motif = find_motif(emoji)
    if motif is None:
        return shapely.Polygon()
    plain = _plain(motif.silhouette, size_m)
    if not emoji.isalnum():
        return _at_size_or_smaller(motif.silhouette, size_m, other)
    made: BaseGeometry = shapely.Polygon()
    for width in SLITS_MM:
        slit = with_slits(plain, ISLAND_MM2, width)
        made = layable(slit)
        if made.area <= MORE_AREA * slit.area:  # its counters are still open
            break
    return made


def _plain(silhouette: BaseGeometry, size_m: float) -> BaseGeometry:
    return scale(silhouette, size_m * 1000, size_m * 1000, origin=(0, 0)).simplify(5.0)


def _at_size_or_smaller(silhouette: BaseGeometry, size_m: float, other: int) -> BaseGeometry:
    """A silhouette made layable; where the first tries at its size fail, one that is made smaller and enlarged."""
    plain = without_holes(_plain(silhouette, size_m), ISLAND_MM2)
    made, faulty = _best(plain, TRIES[:FIRST_TRIES], other)
    if not faulty:
        return made
    smaller, _ = _best(without_holes(_plain(silhouette, size_m / SIZE_STEP), ISLAND_MM2), TRIES[:FIRST_TRIES])
    enlarged = scale(smaller, SIZE_STEP, SIZE_STEP, origin=(0, 0))
    still = _faultiness(plain, enlarged)
    if not still:
        return enlarged
    other, left = _best(plain, TRIES[FIRST_TRIES:])
    return min(((faulty, made), (left, other), (still, enlarged)), key=lambda pair: pair[0])[1]


def layable(plain: BaseGeometry) -> BaseGeometry:
    """An area in millimetres made so that it can be laid.

    Where that does not succeed, it is made a little larger or smaller and scaled back.
    """
    return _best(plain, TRIES)[0]


def _best(plain: BaseGeometry, tries: Sequence[tuple[bool, float]], other: int = 0) -> tuple[BaseGeometry, float]:
    """What the first try makes of an area that leaves no fault, but for `other` of them, or that with the fewest; and
    its faultiness.
    """
    best, fewest = shapely.Polygon(), math.inf
    blunt: dict[float, tuple[BaseGeometry, BaseGeometry]] = {}
    for arcs, factor in tries:
        if factor not in blunt:
            asked = scale(plain, factor, factor, origin=(0, 0))
            blunt[factor] = asked, _blunt(asked)
        asked = blunt[factor][0]
        made = _cut(blunt[factor][1], arcs)
        count = _faultiness(asked, made)
        if not count and other:
            other -= 1
            continue
        if count < fewest:
            best, fewest = scale(made, 1 / factor, 1 / factor, origin=(0, 0)), count
        if not count:
            break
    return best, fewest


def _faultiness(asked: BaseGeometry, made: BaseGeometry) -> float:
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
