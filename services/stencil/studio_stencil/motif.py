"""Strategy `motif`: large silhouettes over flowing bands."""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from studio_stencil.bands import flowing, lies_upright
from studio_stencil.outlines import OUTLINES, curves
from studio_stencil.plan import StencilPlan
from studio_stencil.scale import MIN_FEATURE_MM

COARSE = 4
"""Overlaps are looked for at this many pixels a step."""
SHRINK = 0.94
"""Silhouettes that do not fit in three arrangements become smaller by this much, all together."""
TRIES = 60


class Placed(NamedTuple):
    """A silhouette's place: centre in pixels, rotation in radians, mirrored or not, and its area beside the others."""

    kind: str
    x: float
    y: float
    turn: float
    mirror: bool
    weight: float


def draw_motif(plan: StencilPlan, rng: np.random.Generator) -> np.ndarray:
    """Index map (height, width), uint8: silhouettes in the last colour over bands in the others.

    Silhouettes share the last colour's coverage, each by its kind's weight; they keep apart from each other and from
    the rim by MIN_FEATURE_MM. Bands are laid out so that what stays visible of them has the planned coverage.
    """
    upright = lies_upright(plan, rng)
    mask = _silhouettes(plan, upright, rng)
    covered = np.asarray(mask) > 0

    rest = [share / sum(plan.coverage[:-1]) for share in plan.coverage[:-1]]
    bands = flowing(plan.codes[:-1], rest, plan, upright, covered.T if upright else covered, rng)
    picture = np.ascontiguousarray(bands.T) if upright else bands
    picture[covered] = len(plan.codes) - 1
    return picture


def _silhouettes(plan: StencilPlan, upright: bool, rng: np.random.Generator) -> Image.Image:
    """Mask (mode L, 255 inside) of all silhouettes, as large as the plan's coverage and the room allow."""
    gap = max(MIN_FEATURE_MM / plan.mm_per_pixel, 2.0)
    total = sum(count * OUTLINES[kind].weight * shape_area(kind) for kind, count in plan.motifs)
    scale = (plan.coverage[-1] * plan.width * plan.height / total) ** 0.5
    places = _places(plan, upright, rng)
    for attempt in range(1, TRIES):
        if _fits(places, scale, gap, plan):
            break
        places = _places(plan, upright, rng)
        if attempt % 3 == 0:
            scale *= SHRINK
    mask = Image.new("L", (plan.width, plan.height))
    for place in places:
        mask.paste(255, mask=stamp(place, scale, mask.size))
    return mask


@cache
def shape_area(kind: str) -> float:
    """Area of a silhouette in its own units, to about a percent."""
    mask = stamp(Placed(kind, 100, 100, 0.0, False, 1.0), 70.0, (200, 200))
    return mask.histogram()[255] / 70.0**2


def stamp(place: Placed, scale: float, size: tuple[int, int], grow: float = 0.0) -> Image.Image:
    """Mask (mode L) of one silhouette, scale pixels to its unit; grow widens it on all sides by about so much."""
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    unit = scale * place.weight**0.5
    cosine, sine = np.cos(place.turn) * unit, np.sin(place.turn) * unit
    flip = -1 if place.mirror else 1
    rotate = np.array([[cosine * flip, sine * flip], [-sine, cosine]])
    for polygons, value in zip(curves(place.kind), (255, 0), strict=True):
        for polygon in polygons:
            corners = (polygon @ rotate + (place.x, place.y)).ravel().tolist()
            if value or not grow:
                pen.polygon(corners, fill=value)
            if grow:
                pen.line(corners + corners[:2], fill=255, width=round(2 * grow))
    return mask


def _fits(places: list[Placed], scale: float, gap: float, plan: StencilPlan) -> bool:
    """Whether silhouettes, each with half the gap around it, touch neither each other nor the rim."""
    size = plan.width // COARSE, plan.height // COARSE
    taken = Image.new("L", size)
    ImageDraw.Draw(taken).rectangle((0, 0, size[0] - 1, size[1] - 1), outline=255)
    for place in places:
        small = place._replace(x=place.x / COARSE, y=place.y / COARSE)
        mine = stamp(small, scale / COARSE, size, max(gap / COARSE / 2, 1.0))
        if ImageChops.multiply(taken, mine).getbbox():
            return False
        taken = ImageChops.lighter(taken, mine)
    return True


def _places(plan: StencilPlan, upright: bool, rng: np.random.Generator) -> list[Placed]:
    """A place for each silhouette of the plan: trails along the picture, all others spread evenly."""
    kinds = [kind for kind, count in plan.motifs for _ in range(count)]
    trail = [kind for kind in kinds if OUTLINES[kind].trail]
    loose = [kind for kind in kinds if not OUTLINES[kind].trail]
    path = _trail(len(trail), plan, upright, 0.3 if loose else 0.5, rng)
    centres = _spread(len(loose), plan, path, rng)
    heading = 0.0 if upright else 90.0
    feet = zip(trail, path, range(len(trail)), strict=True)
    steps = [_place(kind, at, heading, number % 2 == 0, rng) for kind, at, number in feet]
    others = zip(loose, centres, rng.random(len(loose)) < 0.5, strict=True)
    return steps + [_place(kind, at, 0.0, bool(mirror), rng) for kind, at, mirror in others]


def _place(kind: str, at: np.ndarray, heading: float, mirror: bool, rng: np.random.Generator) -> Placed:
    outline = OUTLINES[kind]
    turn = float(np.radians(heading + rng.uniform(-outline.tilt, outline.tilt)))
    return Placed(kind, float(at[0]), float(at[1]), turn, mirror, outline.weight)


def _trail(count: int, plan: StencilPlan, upright: bool, middle: float, rng: np.random.Generator) -> np.ndarray:
    """Centres (count, 2) in pixels, left and right by turns along a path through the picture."""
    end = max(0.1, 0.5 / max(count, 1))
    along = np.linspace(end, 1 - end, count)
    sway = 0.10 * np.sin(2 * np.pi * (along + rng.random()))
    across = middle + sway + np.where(np.arange(count) % 2, 0.11, -0.11)
    points = np.stack([across, along] if upright else [along, across], axis=-1)
    return np.asarray(points * (plan.width, plan.height))


def _spread(count: int, plan: StencilPlan, taken: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Centres (count, 2) in pixels, far from each other, from the rim and from the points that are taken."""
    if count == 0:
        return np.empty((0, 2))
    size = np.array((plan.width, plan.height), dtype=float)
    points = rng.random((600, 2)) * size
    centres = rng.random((count, 2)) * size
    for _ in range(12):
        every = np.concatenate([centres, taken])
        nearest = ((points[:, None] - every[None]) ** 2).sum(axis=-1).argmin(axis=1)
        held = np.bincount(nearest, minlength=len(every))[:count]
        sums = [np.bincount(nearest, points[:, axis], len(every))[:count] for axis in (0, 1)]
        centres = np.where(held[:, None] > 0, np.stack(sums, axis=-1) / held.clip(1)[:, None], centres)
    return np.asarray(centres)
