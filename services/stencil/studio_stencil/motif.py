"""Strategy `motif`: large silhouettes on fields of the base colour, with flowing bands around the fields."""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from studio_stencil.bands import band_order, flowing, lies_upright
from studio_stencil.outlines import ANY_TILT, OUTLINES, curves
from studio_stencil.plan import StencilPlan
from studio_stencil.scale import LEAST_MOTIF_M2, MIN_FEATURE_MM, MIN_ISLAND_M2, bands_around_fields
from studio_stencil.size import Layout

COARSE = 4
"""Overlaps are looked for at this many pixels a step."""
SHRINK = 0.94
"""Silhouettes that do not fit in two arrangements become smaller by this much, all together."""
TRIES = 40
NUDGES = 30
"""Times a silhouette is moved and turned in one arrangement, more each time."""
SPOTS = 200
"""Places at random from which the best for each silhouette is taken."""
SWEEPS = 3
NEARBY = 0.5
"""Part of the nudges that stay near."""
APART = 1.2
"""How far silhouettes keep from each other and from other colours, in MIN_FEATURE_MM."""
ROOM_PER_STEP = 1.25
"""Least length of a trail for each silhouette on it, in its units; where they are more, they lie spread."""
SPACIOUS = 0.24
"""How far large silhouettes keep from each other, in their own units."""


class Placed(NamedTuple):
    """A silhouette's place: centre in pixels, rotation in radians, mirrored or not, and pixels to its unit."""

    kind: str
    x: float
    y: float
    turn: float
    mirror: bool
    unit: float


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
    best: list[Placed] = []
    for attempt in range(TRIES):
        if attempt and (attempt % 2 == 0 or not best):
            area *= SHRINK**2
            least = max(least * SHRINK**2, min(least, rule))
        places = _places(plan, _units(plan, area, least), field, upright, rng)
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


@cache
def shape_area(kind: str) -> float:
    """Area of a silhouette in its own units, to about a percent, its cuts included."""
    mask = Image.new("L", (280, 280))
    stamp(mask, Placed(kind, 140, 140, 0.0, False, 100.0), 255, 0.0)
    return mask.histogram()[255] / 100.0**2


def stamp(image: Image.Image, place: Placed, value: int, mm_per_pixel: float, grow: float = 0.0) -> None:
    """Draw one silhouette into an image (mode L) in a value, without its cuts if they are too small to lay.

    With grow it has no cuts and is wider on all sides by about so many pixels.
    """
    pen = ImageDraw.Draw(image)
    cosine, sine = np.cos(place.turn) * place.unit, np.sin(place.turn) * place.unit
    flip = -1 if place.mirror else 1
    rotate = np.array([[cosine * flip, sine * flip], [-sine, cosine]])
    parts, cuts = curves(place.kind)
    for polygon in parts:
        corners = polygon @ rotate + (place.x, place.y)
        pen.polygon((_offset(corners, grow) if grow else corners).ravel().tolist(), fill=value)
    for polygon in cuts:
        across, down = np.ptp(polygon, axis=0) * place.unit * mm_per_pixel / 1000
        if not grow and np.pi / 4 * across * down > 1.1 * MIN_ISLAND_M2:
            pen.polygon((polygon @ rotate + (place.x, place.y)).ravel().tolist(), fill=0)


def _offset(corners: np.ndarray, grow: float) -> np.ndarray:
    """A closed polygon (n, 2) with every point moved outwards."""
    ahead = np.roll(corners, -1, axis=0)
    area = (corners[:, 0] * ahead[:, 1] - corners[:, 1] * ahead[:, 0]).sum()
    tangent = ahead - np.roll(corners, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1) * np.sign(area)
    return np.asarray(corners + grow * normal / np.hypot(*tangent.T).clip(1e-9)[:, None])


def _places(
    plan: StencilPlan, units: dict[str, float], field: Image.Image, upright: bool, rng: np.random.Generator
) -> list[Placed]:
    """A place for each silhouette of the plan: trails along the field, all others far from each other."""
    room = np.asarray(field) > 0
    kinds = [kind for kind, count in plan.motifs for _ in range(count)]
    trail = [kind for kind in kinds if OUTLINES[kind].trail]
    if sum(units[kind] for kind in trail) > room.shape[not upright] * COARSE / ROOM_PER_STEP:
        trail = []
    loose = sorted((kind for kind in kinds if kind not in trail), key=lambda kind: -units[kind])
    feet = np.array([units[kind] for kind in trail])
    path = _trail(feet, room.T if upright else room, 0.3 if loose else 0.5, rng)
    path = path[:, ::-1] if upright else path
    centres = _spread(np.array([units[kind] for kind in loose]), room, path, feet, rng)
    heading = 0.0 if upright else 90.0
    sides = zip(trail, path, range(len(trail)), strict=True)
    steps = [_place(kind, at, heading, number % 2 == 0, units, rng) for kind, at, number in sides]
    others = zip(loose, centres, rng.random(len(loose)) < 0.5, strict=True)
    return steps + [_place(kind, at, 0.0, bool(mirror), units, rng) for kind, at, mirror in others]


def _place(
    kind: str, at: np.ndarray, heading: float, mirror: bool, units: dict[str, float], rng: np.random.Generator
) -> Placed:
    tilt = OUTLINES[kind].tilt
    turn = float(np.radians(heading + rng.uniform(-tilt, tilt)))
    return Placed(kind, float(at[0]), float(at[1]), turn, mirror, units[kind])


def _trail(units: np.ndarray, room: np.ndarray, middle: float, rng: np.random.Generator) -> np.ndarray:
    """Centres (n, 2) in pixels, along and across, left and right by turns on a path along the field."""
    if not len(units):
        return np.empty((0, 2))
    reach, length = 1.15 * units.max() / COARSE, room.shape[1]
    end = min(max(reach, 0.5 * length / len(units)), 0.5 * length)
    along = np.linspace(end, length - 1 - end, len(units))
    field = room[:, along.astype(np.intp)]
    top, bottom = field.argmax(axis=0), field.shape[0] - 1 - field[::-1].argmax(axis=0)
    sway = 0.12 * np.sin(2 * np.pi * (along / length + rng.random()))
    across = top + (middle + sway) * (bottom - top)
    aside = np.where(np.arange(len(units)) % 2, 0.7, -0.7) * units / COARSE
    low, high = np.minimum(top + 0.7 * reach, bottom), np.maximum(bottom - 0.7 * reach, top)
    return np.asarray(np.stack([along, np.clip(across + aside, low, np.maximum(low, high))], axis=-1) * COARSE)


def _spread(
    units: np.ndarray, room: np.ndarray, taken: np.ndarray, taken_units: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Centres (n, 2) in pixels, each as far from the others, the field's edges and what is taken as its size asks.

    One after the other goes where it has most room beside those that are there; then each again, SWEEPS times.
    """
    inside = np.argwhere(room)[:, ::-1]
    if len(units) == 0 or len(inside) == 0:
        return np.full((len(units), 2), 0.5 * COARSE) * room.shape[::-1]
    ringed = np.pad(room, 1)
    core = room & ringed[2:, 1:-1] & ringed[:-2, 1:-1] & ringed[1:-1, 2:] & ringed[1:-1, :-2]
    rim = np.argwhere(room & ~core)[:, ::-1]
    spots = inside[rng.integers(len(inside), size=SPOTS)].astype(np.float32) * COARSE
    to_rim = _distances(spots, rim[rng.integers(len(rim), size=SPOTS)].astype(np.float32) * COARSE).min(axis=1)
    between = _distances(spots, spots)
    least = np.full(SPOTS, np.inf)
    for at, unit in zip(taken, taken_units, strict=True):
        least = np.minimum(least, _distances(spots, at[None])[:, 0] - unit)

    chosen = [int(rng.integers(SPOTS))]
    for turn in range(SWEEPS * len(units)):
        number = turn % len(units)
        others = [other for other in range(len(chosen)) if other != number]
        room_there = np.minimum(to_rim, least) / units[number]
        for other in others:
            room_there = np.minimum(room_there, between[chosen[other]] / (units[number] + units[other]))
        chosen[number : number + 1] = [int(room_there.argmax())]
    return np.asarray(spots[chosen], dtype=float)


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Between each of the points (n, 2) and each of the others (m, 2), shape (n, m)."""
    return np.asarray(np.sqrt(((points[:, None] - others[None]) ** 2).sum(axis=-1)))
