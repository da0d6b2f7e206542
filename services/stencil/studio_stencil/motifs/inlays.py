"""The colours of a motif at its real size, inlaid so that each can be laid."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.motifs.corners import squared
from studio_stencil.motifs.layable import ISLAND_MM2, faults
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.outlines import outline
from studio_stencil.motifs.thickness import LIMB_MM, largest_piece, opened, pieces, without_holes, without_tips

MOST_COLOURS = 4
OVER_MM = 8.0
"""How far a colour goes over the silhouette's outline, so that no pixel of the body's colour is left there."""
MOSTLY = 0.25
"""Where the second colour covers this part of the first, and cannot be laid on it, the first is laid on the second."""
MOST_OF_IT = 0.8
"""It is, if this part of the first can then be laid."""
RIM_MM = 60.0
"""Slivers narrower than this beside a colour become its own."""


class LaidPart(NamedTuple):
    """One colour of a motif on the ground: a palette code, and its area in millimetres."""

    code: str
    area: BaseGeometry


@lru_cache(maxsize=1024)
def laid(
    emoji: str, size_m: float, colours: tuple[tuple[str, str], ...], ground: str, other: int = 0
) -> tuple[LaidPart, ...]:
    """The parts of a motif on a ground of this colour, centred on the origin, its longer side about `size_m`, in
    painting order: the first is the whole silhouette, in a colour that does not read as the ground.

    `colours` are pairs of fill and palette code. A colour inside the outline is left out where it could not be laid:
    the largest takes its place. `other` chooses another outline; see `outline`. Empty where there is no such motif.
    """
    if find_motif(emoji) is None:
        return ()
    whole = outline(emoji, size_m, other)
    regions = _regions(emoji, size_m, colours)
    body, *others = sorted(regions, key=lambda code: -regions[code].area)
    known = faults(pieces(whole)).buffer(LIMB_MM)
    parts = _painted(whole, known, body, [(code, regions[code]) for code in others[: MOST_COLOURS - 1]])
    beneath = others and regions[others[0]].area > MOSTLY * regions[body].area
    if len(parts) == 1 and beneath and difference(others[0], ground) >= 2 * CLOSE:
        parts = _painted(whole, known, others[0], [(body, regions[body])])
        mostly = len(parts) > 1 and parts[1].area.area > MOST_OF_IT * regions[body].area
        return parts if mostly else (LaidPart(body, whole),)
    return parts


def _painted(
    whole: BaseGeometry, known: BaseGeometry, body: str, others: list[tuple[str, BaseGeometry]]
) -> tuple[LaidPart, ...]:
    """The silhouette in its body's colour, and those of the others on it that can be laid. It has faults at known
    places.
    """
    rest, found = whole, [LaidPart(body, whole)]
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
def _regions(emoji: str, size_m: float, colours: tuple[tuple[str, str], ...]) -> Mapping[str, BaseGeometry]:
    """The area of each palette colour in millimetres, as drawn."""
    motif, codes = find_motif(emoji), dict(colours)
    areas: dict[str, list[BaseGeometry]] = {}
    for part in motif.parts if motif else ():
        areas.setdefault(codes[part.fill], []).append(part.area)
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
    shape = _with_slivers(largest_piece(shape), whole, LIMB_MM - 8)
    return _with_slivers(opened(shape, 10.0), whole, RIM_MM)


def _with_slivers(shape: BaseGeometry, whole: BaseGeometry, width: float) -> BaseGeometry:
    """A shape and what it would leave of the whole beside it that is narrower than `width` or too small."""
    rest = whole.difference(shape)
    slivers = rest.difference(opened(rest, width / 2)).intersection(shape.buffer(width))
    lost = [piece for piece in pieces(rest) if piece.area < ISLAND_MM2]
    return largest_piece(shape.union(shapely.union_all([slivers, *lost]).buffer(1.0)).intersection(whole))


def _inset(piece: BaseGeometry, whole: BaseGeometry) -> BaseGeometry:
    """A piece kept away from the whole's outline."""
    return squared(without_tips(largest_piece(opened(piece.intersection(whole.buffer(-LIMB_MM)), LIMB_MM / 2))))


def _can_be_laid(area: BaseGeometry, known: BaseGeometry) -> bool:
    """Whether every piece of an area is large and wide enough, and its edges can be cut; faults at known places do not
    count.
    """
    found = pieces(area.buffer(-1.0).buffer(1.0))
    if not found or any(piece.area < ISLAND_MM2 for piece in found):
        return False
    return bool(faults(found).difference(known).is_empty)
