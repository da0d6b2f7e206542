"""The colours of a motif at its real size, inlaid so that each can be laid."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.motifs.corners import squared
from studio_stencil.motifs.failed_inlays import failed_inlays
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
CLOSING_MM = 3.0
"""Gaps in a colour's region narrower than twice this are closed."""


class LaidPart(NamedTuple):
    """One colour of a motif on the ground: a palette code, and its area in millimetres."""

    code: str
    area: BaseGeometry


class Inlay(NamedTuple):
    """A colour's area on a silhouette, and what is left of the silhouette."""

    shape: BaseGeometry
    left: BaseGeometry


@lru_cache(maxsize=1024)
def laid(
    emoji: str, size_m: float, colours: tuple[tuple[str, str], ...], ground: str, other: int = 0
) -> tuple[LaidPart, ...]:
    """The parts of a motif on a ground of this colour, centred on the origin, its longer side about `size_m`, in
    painting order: the first is the whole silhouette, in a colour that does not read as the ground.

    `colours` are pairs of fill and palette code. A colour inside the outline is left out where it could not be laid:
    the largest takes its place. The searches that fail are recorded for most motifs. `other` chooses another outline;
    see `outline`. Empty where there is no such motif.
    """
    if find_motif(emoji) is None:
        return ()
    whole = outline(emoji, size_m, other)
    fills = _fills_by_code(emoji, colours)
    failed = failed_inlays(emoji, size_m) if not other else frozenset[int]()
    plain = _in_one_colour(emoji, size_m, fills, ground, failed)
    if plain is not None:
        return (LaidPart(plain, whole),)
    regions = {code: region(emoji, size_m, mask) for code, mask in fills.items()}
    body, *others = sorted(regions, key=lambda code: -regions[code].area)
    known = known_faults(whole)
    asked = [(code, regions[code]) for code in others[: MOST_COLOURS - 1]]
    parts = _painted(whole, known, body, asked, [code for code in others if fills[code] in failed])
    beneath = others and regions[others[0]].area > MOSTLY * regions[body].area and -fills[body] not in failed
    if len(parts) == 1 and beneath and difference(others[0], ground) >= 2 * CLOSE:
        parts = _painted(whole, known, others[0], [(body, regions[body])])
        return parts if len(parts) > 1 and is_most_of_it(parts[1].area, regions[body]) else (LaidPart(body, whole),)
    return parts


def is_most_of_it(laid_area: BaseGeometry, drawn: BaseGeometry) -> bool:
    """Whether a colour that lies on another is still the largest of its motif: nearly all of what is drawn is laid."""
    return bool(laid_area.area > MOST_OF_IT * drawn.area)


@lru_cache(maxsize=512)
def _fill_numbers(emoji: str) -> Mapping[str, int]:
    """The fills of a motif, numbered in the order of its parts."""
    motif = find_motif(emoji)
    fills = dict.fromkeys(part.fill for part in motif.parts) if motif else ()
    return {fill: number for number, fill in enumerate(fills)}


def _fills_by_code(emoji: str, colours: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """The fills that each palette code stands for, as bits by their numbers."""
    codes, masks = dict(colours), dict[str, int]()
    for fill, number in _fill_numbers(emoji).items():
        masks[codes[fill]] = masks.get(codes[fill], 0) | 1 << number
    return masks


def _in_one_colour(
    emoji: str, size_m: float, fills: Mapping[str, int], ground: str, failed: Collection[int]
) -> str | None:
    """The palette code of a motif of which nothing else can be laid, where that is recorded; None where it is not.

    Regions take long to make. How much they cover at least and at most is known without them.
    """
    motif, numbers, size = find_motif(emoji), _fill_numbers(emoji), size_m * 1000
    least, most = dict.fromkeys(fills, 0.0), dict.fromkeys(fills, 0.0)
    for part in motif.parts if motif else ():
        code = next(code for code, mask in fills.items() if mask >> numbers[part.fill] & 1)
        area = part.area.area * size**2
        around = CLOSING_MM * part.area.length * size + 4 * CLOSING_MM**2 * len(shapely.get_parts(part.area))
        least[code] += 0.999 * area
        most[code] += 1.001 * area + around
    body, *others = sorted(least, key=lambda code: -least[code])
    for code in others:
        beneath = most[code] > MOSTLY * least[body] and difference(code, ground) >= 2 * CLOSE
        if fills[code] not in failed or most[code] >= least[body] or (beneath and -fills[body] not in failed):
            return None
    return body


def _painted(
    whole: BaseGeometry,
    known: BaseGeometry,
    body: str,
    others: list[tuple[str, BaseGeometry]],
    hopeless: Collection[str] = (),
) -> tuple[LaidPart, ...]:
    """The silhouette in its body's colour, and those of the others on it that can be laid. It has faults at known
    places. The hopeless cannot be laid on the body alone.
    """
    rest, found = whole, [LaidPart(body, whole)]
    for code, area in others:
        if len(found) == 1 and code in hopeless:
            continue
        inlay = inlaid(area, whole, rest, known, [part.area for part in found[1:]])
        if inlay is not None:
            found.append(LaidPart(code, inlay.shape))
            rest = inlay.left
    return tuple(found)


def inlaid(
    area: BaseGeometry, whole: BaseGeometry, rest: BaseGeometry, known: BaseGeometry, beside: Iterable[BaseGeometry]
) -> Inlay | None:
    """What of a colour's region can be laid on the rest of a silhouette, beside other colours; None for nothing."""
    shape = _inside(area, rest, known)
    if shape is None:
        return None
    left = opened(rest.difference(shape.buffer(0.1)), RIM_MM / 2)
    shape = shape.buffer(RIM_MM).difference(left).intersection(whole.buffer(OVER_MM))
    for other in beside:
        shape = shape.difference(other)
    shape = opened(shape, RIM_MM / 2)
    can_be_laid = _can_be_laid(shape, known) and _can_be_laid(whole.difference(shape), known)
    return Inlay(shape, left) if can_be_laid else None


def known_faults(whole: BaseGeometry) -> BaseGeometry:
    """The surroundings of what cannot be laid of a silhouette, whatever lies on it."""
    return faults(pieces(whole)).buffer(LIMB_MM)


@lru_cache(maxsize=256)
def region(emoji: str, size_m: float, fills: int) -> BaseGeometry:
    """The area of some fills of a motif in millimetres, as drawn; the fills are bits in the order of its parts."""
    motif, size = find_motif(emoji), size_m * 1000
    assert motif is not None
    numbers = _fill_numbers(emoji)
    areas = [part.area for part in motif.parts if fills >> numbers[part.fill] & 1]
    return scale(shapely.union_all(areas), size, size, origin=(0, 0)).buffer(CLOSING_MM).buffer(-CLOSING_MM)


def _inside(area: BaseGeometry, whole: BaseGeometry, known: BaseGeometry) -> BaseGeometry | None:
    """The part of a whole that a colour's region covers, so that both it and the rest can be laid; or None."""
    wide = opened(without_holes(area.buffer(2.0), ISLAND_MM2), LIMB_MM / 2)
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
