"""Strategy `motif`: large silhouettes on fields of the base colour, with flowing bands around the fields."""

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from studio_stencil.drawing.bands import band_order, flowing, lies_upright
from studio_stencil.motifs.outlines import ANY_TILT, OUTLINES
from studio_stencil.motifs.places import COARSE, first_places
from studio_stencil.motifs.silhouette import Placed, shape_area, stamp
from studio_stencil.planning.plan import StencilPlan
from studio_stencil.planning.scale import LEAST_MOTIF_M2, MIN_FEATURE_MM, MIN_ISLAND_M2, bands_around_fields
from studio_stencil.planning.size import Layout

SHRINK = 0.94
"""Silhouettes that do not fit in two arrangements become smaller by this much, all together."""
TRIES = 40
NUDGES = 30
"""Times a silhouette is moved and turned in one arrangement, more each time."""
NEARBY = 0.5
"""Part of the nudges that stay near."""
APART = 1.2
"""How far silhouettes keep from each other and from other colours, in MIN_FEATURE_MM."""
SPACIOUS = 0.24
"""How far large silhouettes keep from each other, in their own units."""


def draw_motif(plan: StencilPlan, rng: np.random.Generator) -> np.ndarray:
    """Index map (height, width), uint8: silhouettes in the last colour, on the base, with bands in the others.

    Silhouettes share the last colour's coverage, each by its kind's weight. They keep apart from each other, from
    bands and from the rim, so that none cuts a band into pieces that cannot be laid. What they do not take of their
    share stays with the base.
    """
    upright = lies_upright(plan, rng) and all(map(_lies_anyhow, dict(plan.motifs)))
    count = sum(number for _, number in plan.motifs)
    below, numbers = bands_around_fields(plan.coverage, count, plan.width_mm, plan.height_mm)
    order, shares = band_order(plan.codes[:-1], below, numbers, rng, inside=True)
    picture = flowing(order, shares, plan, upright, rng)

    silhouettes = Image.new("L", (plan.width, plan.height))
    for place in _arranged(plan, _field(picture, plan), upright, rng):
        stamp(silhouettes, place, 1, plan.mm_per_pixel)
    picture[_whole(np.array(silhouettes))] = len(plan.codes) - 1
    return picture


def _whole(mask: np.ndarray) -> np.ndarray:
    """A mask of 0 and 1 as truths, without the single pixels that come off where an outline is sharp."""
    inner = mask[1:-1, 1:-1]
    beside = mask[:-2, 1:-1] + mask[2:, 1:-1] + mask[1:-1, :-2] + mask[1:-1, 2:]
    whole = mask > 0
    whole[1:-1, 1:-1] = (inner > 0) & (beside > 0) | (beside == 4)
    return whole


def _lies_anyhow(kind: str) -> bool:
    """Whether a silhouette has no upper side: then bands may run upright around it."""
    return OUTLINES[kind].trail or OUTLINES[kind].tilt == ANY_TILT


def _field(picture: np.ndarray, plan: StencilPlan) -> Image.Image:
    """Mask (mode L, COARSE pixels to one of its own) of the base colour where silhouettes may lie.

    That is half a gap away from all else; the other half goes around each silhouette.
    """
    height, width = picture.shape
    free = picture[COARSE // 2 :: COARSE, COARSE // 2 :: COARSE] == 0
    free[[0, -1]] = free[:, [0, -1]] = False
    for axis, (side, cut) in enumerate(((height, plan.cut[1]), (width, plan.cut[0]))):
        off = np.abs(np.arange(COARSE // 2, side, COARSE) - side / 2) - cut
        unseen = off > -COARSE if plan.layout is Layout.FULL else np.abs(off) < COARSE
        free &= ~(unseen[:, None] if axis == 0 else unseen)
    mask = Image.fromarray(free.astype(np.uint8) * np.uint8(255))
    return mask.filter(ImageFilter.MinFilter(2 * round(_half_gap(plan)) + 1))


def _half_gap(plan: StencilPlan) -> float:
    """Half the gap around silhouettes in coarse pixels."""
    return max(APART * MIN_FEATURE_MM / plan.mm_per_pixel / COARSE / 2, 1.0)


def _arranged(plan: StencilPlan, field: Image.Image, upright: bool, rng: np.random.Generator) -> list[Placed]:
    """Places of all silhouettes, as large as the plan's coverage and the room allow."""
    area = plan.coverage[-1] * plan.width * plan.height
    least = min(LEAST_MOTIF_M2 * 1e6 / plan.mm_per_pixel**2, area / sum(count for _, count in plan.motifs))
    rule = 1.1 * MIN_ISLAND_M2 * 1e6 / plan.mm_per_pixel**2
    kinds = [kind for kind, count in plan.motifs for _ in range(count)]
    room = np.asarray(field) > 0
    best: list[Placed] = []
    for attempt in range(TRIES):
        if attempt and (attempt % 2 == 0 or not best):
            area *= SHRINK**2
            least = max(least * SHRINK**2, min(least, rule))
        places = first_places(kinds, _units(plan, area, least), room, upright, rng)
        settled = _settled(places, field, _half_gap(plan), rng)
        if len(settled) > len(best):
            best = settled
        if len(settled) == len(places):
            break
    return best


def _settled(places: list[Placed], field: Image.Image, half_gap: float, rng: np.random.Generator) -> list[Placed]:
    """Those places at which silhouettes, each with half the gap around it, lie in the field and do not touch each
    other, moved and turned for that: a little at first, anywhere in the field in the end.
    """
    taken, settled = ImageChops.invert(field), []
    inside = np.argwhere(np.asarray(field))[:, ::-1] * COARSE
    for place in places:
        grow = max(half_gap, SPACIOUS / 2 * place.unit / COARSE)
        reach = int(1.4 * place.unit / COARSE + grow) + 1
        for number in range(NUDGES):
            tried = _nudged(place, number / NUDGES, inside, rng) if number else place
            left, top = int(tried.x / COARSE) - reach, int(tried.y / COARSE) - reach
            small = tried._replace(x=tried.x / COARSE - left, y=tried.y / COARSE - top, unit=tried.unit / COARSE)
            mine = Image.new("L", (2 * reach, 2 * reach))
            stamp(mine, small, 255, 0.0, grow)
            there = taken.crop((left, top, left + mine.width, top + mine.height))
            if not ImageChops.multiply(there, mine).getbbox():
                taken.paste(255, (left, top), mine)
                settled.append(tried)
                break
    return settled


def _nudged(place: Placed, much: float, inside: np.ndarray, rng: np.random.Generator) -> Placed:
    """A place moved and turned by a part of what is possible; with most of it, to any of the points inside."""
    turn = place.turn + float(rng.uniform(-1.0, 1.0) * np.radians(OUTLINES[place.kind].tilt) * much)
    if much > NEARBY and len(inside):
        x, y = inside[rng.integers(len(inside))].tolist()
        return place._replace(x=float(x), y=float(y), turn=turn)
    x, y = rng.normal(0.0, 0.6 * much / NEARBY * place.unit, 2).tolist()
    return place._replace(x=place.x + x, y=place.y + y, turn=turn)


def _units(plan: StencilPlan, area: float, least: float) -> dict[str, float]:
    """Pixels to the unit of each kind's outline: together they cover `area` pixels, and none less than `least`."""
    shape = {kind: shape_area(kind) for kind, _ in plan.motifs}
    floor = {kind: (least / shape[kind]) ** 0.5 for kind in shape}
    units = dict.fromkeys(shape, 0.0)
    for _ in plan.motifs:
        small = {kind for kind in shape if 0 < units[kind] <= floor[kind]}
        left = area - sum(count * least for kind, count in plan.motifs if kind in small)
        parts = sum(count * OUTLINES[kind].weight * shape[kind] for kind, count in plan.motifs if kind not in small)
        scale = (max(left, 0.0) / parts) ** 0.5 if parts else 0.0
        units = {kind: max(scale * OUTLINES[kind].weight ** 0.5, floor[kind]) for kind in shape}
    return units
