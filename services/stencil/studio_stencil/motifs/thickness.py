"""Widths and gaps of an area in millimetres: limbs widened, gaps kept open, crevices and holes filled.

An area opened by r (eroded, then dilated) is what a circle of radius r reaches inside it; closed by r, what such a
circle does not reach outside it.
"""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

LIMB_MM = 136.0
"""Width that limbs are given: the rule's 120 mm and what a coarse pixel may take of it."""
GAP_MM = 104.0
"""Width of ground between two limbs: the rule's 80 mm and a pixel."""
LONG_MM = 170.0
"""A thin place shorter than this is the tip of a corner, not a limb; a narrow gap shorter than this is a crevice."""
LEVELS = 5
"""Steps of half-width at which limbs are widened by what each lacks."""
FINE_MM = 4.0
TIP_DEPTH = 0.85
"""Of a circle's radius: how far the point of an angle of 65 degrees lies from a circle that fits into it."""
_SEGMENTS = 4


def opened(area: BaseGeometry, radius: float) -> BaseGeometry:
    """What a circle of this radius reaches inside the area."""
    return _grown(_grown(area, -radius), radius)


def closed(area: BaseGeometry, radius: float) -> BaseGeometry:
    """The area and what a circle of this radius does not reach outside it."""
    return _grown(_grown(area, radius), -radius)


def _grown(area: BaseGeometry, by: float) -> BaseGeometry:
    """The area dilated, or eroded. Points that are nearly in line go first: GEOS can lose whole parts over them."""
    return area.simplify(FINE_MM).buffer(by, quad_segs=_SEGMENTS)


def pieces(area: BaseGeometry) -> list[shapely.Polygon]:
    """The polygons an area consists of."""
    return [piece for piece in shapely.get_parts(area) if piece.geom_type == "Polygon" and piece.area > 1.0]


def largest_piece(area: BaseGeometry) -> BaseGeometry:
    """The largest polygon of an area; an empty one where there is none."""
    return max(pieces(area), key=lambda piece: piece.area, default=shapely.Polygon())


def extent(area: BaseGeometry) -> float:
    """Diagonal of the box around an area."""
    left, top, right, bottom = area.bounds
    return float(np.hypot(right - left, bottom - top))


def widened(area: BaseGeometry, width: float = LIMB_MM) -> BaseGeometry:
    """The area with every limb at least `width` wide; each is dilated by what its own half-width lacks."""
    half = width / 2
    wider = opened(area, half)
    thin = shapely.union_all([p for p in pieces(area.difference(wider.buffer(1.0))) if extent(p) > LONG_MM])
    if thin.is_empty:
        return area
    added = [area]
    for level in range(1, LEVELS + 1):
        radius = half * (1 - level / LEVELS)
        reached = opened(area, radius) if radius > 1 else area
        layer = reached.difference(wider).intersection(thin)
        added.append(layer.buffer(half - radius - half / LEVELS / 2, quad_segs=_SEGMENTS))
        wider = reached
    return shapely.union_all(added)


def crevices(area: BaseGeometry, width: float = GAP_MM) -> list[shapely.Polygon]:
    """Places outside the area, between parts of it, narrower than `width`."""
    return pieces(closed(area, width / 2).difference(area.buffer(0.5)))


def with_gaps(area: BaseGeometry, before: BaseGeometry, gap: float = GAP_MM, limb: float = LIMB_MM) -> BaseGeometry:
    """The area without crevices: a long one is opened to `gap` where the limbs beside it stay `limb` wide, others are
    filled. `before` is the area whose gaps matter, before its limbs were widened.
    """
    uncut, found = area, crevices(area, gap)
    for crevice in found:
        if extent(crevice) > LONG_MM:
            cut = area.difference(crevice.buffer(0.25 * gap))
            if opened(cut, limb / 2 - 4).buffer(8).contains(cut.intersection(crevice.buffer(2 * gap)).buffer(-4)):
                area = cut
    left = found if area is uncut else crevices(area, gap)
    return area.union(shapely.union_all([crevice.buffer(1.5) for crevice in left]))


def without_holes(area: BaseGeometry, least_mm2: float) -> BaseGeometry:
    """The area with every hole filled that is smaller than an island or too narrow to lay."""
    filled = []
    for piece in pieces(area):
        holes = [ring for ring in piece.interiors if _is_wide(shapely.Polygon(ring), least_mm2)]
        filled.append(shapely.Polygon(piece.exterior, holes))
    return shapely.union_all(filled)


def with_slits(area: BaseGeometry, least_mm2: float, width: float) -> BaseGeometry:
    """The area with every hole that is no island opened to the outside, or to another hole, by the shortest upright
    slit, as in the letters of a stencil: what is inside is then ground.
    """
    for piece in pieces(area):
        for ring in piece.interiors:
            hole = shapely.Polygon(ring)
            if hole.area >= least_mm2:
                continue
            middle, top, bottom = hole.centroid.x, hole.bounds[1], hole.bounds[3]
            ends = shapely.get_coordinates(shapely.LineString([(middle, -1e6), (middle, 1e6)]).intersection(area))[:, 1]
            above, below = ends[ends < top + 1].min(initial=top), ends[ends > bottom - 1].max(initial=bottom)
            upwards = top - above <= below - bottom
            high, low = (above - width, top + width) if upwards else (bottom - width, below + width)
            area = area.difference(shapely.box(middle - width / 2, high, middle + width / 2, low))
    return area


def _is_wide(hole: shapely.Polygon, least_mm2: float) -> bool:
    return bool(hole.area >= least_mm2 and opened(hole, LIMB_MM / 2).area >= 0.8 * hole.area)


def without_tips(area: BaseGeometry, radius: float = LIMB_MM / 2) -> BaseGeometry:
    """The area without acute tips and acute notches.

    A circle of this radius stays further than TIP_DEPTH times its radius away from the point of an angle below about
    64 degrees.
    """
    inside = opened(area, radius)
    tips = _deep(pieces(area.difference(inside)), inside, radius)
    area = area.difference(tips.buffer(1.0))
    outside = closed(area, radius)
    notches = pieces(outside.difference(area))
    return area.union(_deep(notches, outside.envelope.buffer(radius).difference(outside), radius).buffer(1.0))


def _deep(residues: list[shapely.Polygon], reached: BaseGeometry, radius: float) -> BaseGeometry:
    deep = [
        piece
        for piece in residues
        if extent(piece) > TIP_DEPTH * radius
        and shapely.distance(shapely.points(shapely.get_coordinates(piece)), reached).max() > TIP_DEPTH * radius
    ]
    return shapely.union_all(deep)
