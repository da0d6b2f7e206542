"""A motif at its real size as an installer can lay it: its outline, and the colours inside it."""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.motifs.corners import INNER_RADIUS_MM, outer_radius, squared
from studio_stencil.motifs.library import Motif, find_motif
from studio_stencil.motifs.thickness import (
    LIMB_MM,
    closed,
    extent,
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
FACTORS = (1.0, 1.03, 0.975, 1.06, 0.95, 1.09)
"""An outline that cannot be laid at its size is made at one of these and scaled back."""
FINE_MM = 14.0
THIN_MM, SLENDER_MM = 121.0, 225.0
"""A strip narrower than this and longer than this breaks the rule for widths."""
MOST_COLOURS = 4
OVER_MM = 8.0
"""How far a colour goes over the silhouette's outline, so that no pixel of the body's colour is left there."""
MOSTLY = 0.25
"""Where the second colour covers this part of the first, and cannot be laid on it, the first is laid on the second."""
SLITS_MM, MORE_AREA = (112.0, 128.0, 144.0), 1.12
"""Widths of the slits that open the counters of letters, and how much the area may grow while they stay open."""
MOST_OF_IT = 0.8
"""It is, if this part of the first can then be laid."""
RIM_MM = 60.0
"""Slivers narrower than this beside a colour become its own."""


class LaidPart(NamedTuple):
    """One colour of a motif on the ground: a palette code, and its area in millimetres."""

    code: str
    area: BaseGeometry


@lru_cache(maxsize=256)
def laid(emoji: str, size_m: float, colours: tuple[tuple[str, str], ...], ground: str) -> tuple[LaidPart, ...]:
    """The parts of a motif on a ground of this colour, centred on the origin, its longer side about `size_m`, in
    painting order: the first is the whole silhouette, in a colour that does not read as the ground.

    `colours` are pairs of fill and palette code. A colour inside the outline is left out where it could not be laid:
    the largest takes its place. Empty where there is no such motif.
    """
    motif = find_motif(emoji)
    if motif is None:
        return ()
    whole = outline(emoji, size_m)
    regions = _regions(motif, size_m, dict(colours))
    body, *others = sorted(regions, key=lambda code: -regions[code].area)
    parts = _painted(whole, body, [(code, regions[code]) for code in others[: MOST_COLOURS - 1]])
    beneath = others and regions[others[0]].area > MOSTLY * regions[body].area
    if len(parts) == 1 and beneath and difference(others[0], ground) >= 2 * CLOSE:
        parts = _painted(whole, others[0], [(body, regions[body])])
        mostly = len(parts) > 1 and parts[1].area.area > MOST_OF_IT * regions[body].area
        return parts if mostly else (LaidPart(body, whole),)
    return parts


def _painted(whole: BaseGeometry, body: str, others: list[tuple[str, BaseGeometry]]) -> tuple[LaidPart, ...]:
    """The silhouette in its body's colour, and those of the others on it that can be laid."""
    rest, found = whole, [LaidPart(body, whole)]
    known = faults(pieces(whole)).buffer(LIMB_MM)
    for code, region in others:
        shape = _inside(region, rest, known)
        if shape is None:
            continue
        left = opened(rest.difference(shape.buffer(0.1)), RIM_MM / 2)
        shape = shape.buffer(RIM_MM).difference(left).intersection(whole.buffer(OVER_MM))
        for _, other in found[1:]:
            shape = shape.difference(other)
        shape = opened(shape, RIM_MM / 2)
        if _can_be_laid(shape, known) and _can_be_laid(whole.difference(shape), known):
            rest = left
            found.append(LaidPart(code, shape))
    return tuple(found)


@lru_cache(maxsize=256)
def outline(emoji: str, size_m: float) -> BaseGeometry:
    """The silhouette in millimetres, centred on the origin, its longer side about `size_m`."""
    motif = find_motif(emoji)
    if motif is None:
        return shapely.Polygon()
    plain = scale(motif.silhouette, size_m * 1000, size_m * 1000, origin=(0, 0)).simplify(5.0)
    if not emoji.isalnum():
        return layable(without_holes(plain, ISLAND_MM2))
    made: BaseGeometry = shapely.Polygon()
    for width in SLITS_MM:
        slit = with_slits(plain, ISLAND_MM2, width)
        made = layable(slit)
        if made.area <= MORE_AREA * slit.area:  # its counters are still open
            break
    return made


def layable(plain: BaseGeometry) -> BaseGeometry:
    """An area in millimetres made so that it can be laid.

    Where that does not succeed, it is made a little larger or smaller and scaled back.
    """
    best, fewest = shapely.Polygon(), math.inf
    for arcs, factor in product((True, False), FACTORS):
        asked = scale(plain, factor, factor, origin=(0, 0))
        made = _layable(asked, arcs)
        count = sum(
            len(shapely.get_parts(faults(pieces(scale(made, by, by, origin=(0, 0))), INNER_RADIUS_MM)))
            for by in (1.0, SIZE_STEP)
        )
        if asked.difference(made.buffer(LIMB_MM / 2)).area > LOST_PART * asked.area:
            count += LOST_COUNTS
        if count < fewest:
            best, fewest = scale(made, 1 / factor, 1 / factor, origin=(0, 0)), count
        if not count:
            break
    return best


def _layable(plain: BaseGeometry, arcs: bool) -> BaseGeometry:
    blunt = _islands(without_holes(without_tips(roughly_layable(plain)), ISLAND_MM2))
    smooth = closed(opened(squared(blunt, arcs), FINE_MM), FINE_MM)
    return _islands(without_holes(smooth, ISLAND_MM2))


def roughly_layable(plain: BaseGeometry) -> BaseGeometry:
    """The area with limbs and gaps wide enough, before its edges are cut."""
    return without_holes(with_gaps(widened(_joined(plain)), plain), ISLAND_MM2)


def _regions(motif: Motif, size_m: float, colours: Mapping[str, str]) -> dict[str, BaseGeometry]:
    """The area of each palette colour in millimetres, as drawn."""
    areas: dict[str, list[BaseGeometry]] = {}
    for part in motif.parts:
        areas.setdefault(colours[part.fill], []).append(part.area)
    size = size_m * 1000
    return {
        code: scale(shapely.union_all(parts), size, size, origin=(0, 0)).buffer(3.0).buffer(-3.0)
        for code, parts in areas.items()
    }


def _inside(region: BaseGeometry, whole: BaseGeometry, known: BaseGeometry) -> BaseGeometry | None:
    """The part of a whole that a colour's region covers, so that both it and the rest can be laid; or None."""
    region = without_holes(region.buffer(2.0), ISLAND_MM2)
    wide = opened(region, LIMB_MM / 2)
    large = [piece for piece in pieces(wide) if piece.area > ISLAND_MM2]
    chosen: BaseGeometry | None = None
    for piece in sorted(large, key=lambda piece: -piece.area)[:4]:
        rest = whole if chosen is None else whole.difference(chosen.buffer(0.1))
        for shape in _candidates(piece, rest):
            if _can_be_laid(shape, known) and _can_be_laid(rest.difference(shape.buffer(0.1)), known):
                chosen = shape if chosen is None else chosen.union(shape)
                break
    return chosen


def _candidates(piece: BaseGeometry, whole: BaseGeometry) -> Iterator[BaseGeometry]:
    """Shapes that could stand for a piece of colour on a whole, the most like it first."""
    first = _reaching_out(piece, whole)
    yield first
    yield _reaching_out(opened(first, LIMB_MM / 2), whole)
    yield _inset(piece, whole)


def _reaching_out(piece: BaseGeometry, whole: BaseGeometry) -> BaseGeometry:
    """A piece whose edges go on over the whole's outline, cut off there, with no slivers left beside it."""
    beyond = piece.buffer(LIMB_MM).difference(whole.buffer(-0.5 * LIMB_MM))
    shape = squared(without_tips(opened(piece.union(beyond).buffer(0), LIMB_MM / 2))).intersection(whole)
    shape = _with_slivers(_largest(shape), whole, LIMB_MM - 8)
    return _with_slivers(opened(shape, 10.0), whole, RIM_MM)


def _with_slivers(shape: BaseGeometry, whole: BaseGeometry, width: float) -> BaseGeometry:
    """A shape and what it would leave of the whole beside it that is narrower than `width` or too small."""
    rest = whole.difference(shape)
    slivers = rest.difference(opened(rest, width / 2)).intersection(shape.buffer(width))
    lost = [piece for piece in pieces(rest) if piece.area < ISLAND_MM2]
    return _largest(shape.union(shapely.union_all([slivers, *lost]).buffer(1.0)).intersection(whole))


def _inset(piece: BaseGeometry, whole: BaseGeometry) -> BaseGeometry:
    """A piece kept away from the whole's outline."""
    return squared(without_tips(_largest(opened(piece.intersection(whole.buffer(-LIMB_MM)), LIMB_MM / 2))))


def _largest(area: BaseGeometry) -> BaseGeometry:
    return max(pieces(area), key=lambda piece: piece.area, default=shapely.Polygon())


def _can_be_laid(area: BaseGeometry, known: BaseGeometry) -> bool:
    """Whether every piece of an area is large and wide enough, and its edges can be cut; faults at known places do not
    count.
    """
    found = pieces(area.buffer(-1.0).buffer(1.0))
    if not found or any(piece.area < ISLAND_MM2 for piece in found):
        return False
    return bool(faults(found).difference(known).is_empty)


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
    return shapely.union_all(large or [_largest(area)])


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
