"""Where motifs lie: inside fields of one colour, apart from each other, as large as the room allows."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import rotate, scale
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.sizes import least_size_m, meant_size, smallest_size_m

APART_MM = 190.0
"""Motifs keep this far from each other and from everything else."""
COARSE_MM = 20.0
"""How exactly a field's edge is known when places are looked for."""
SPOTS = 160
"""Places at random, of which the one with most room is taken."""
PROBED = 30
"""How many of the places in the field are tried."""
EDGE_COUNTS = 1.4
"""Room to the field's edge counts so much more than to another motif."""
FILLED = 0.30
"""Part of a field that the motifs' boxes fill where the brief leaves the size open."""
ATTEMPTS = 70
CONCESSIONS = ((1.0, 0.75), (0.8, 0.5), (0.0, 0.0))
"""What is given up in turn: sizes in parts of the smallest at which all is whole, and how many of those asked for."""
STEP = 0.9
LARGEST_M = 9.0
UPRIGHT_TILT, FREE_TILT = 0.0, 14.0
_TILTS = dict.fromkeys("🐋🐳🐟🐠🐡🦈🐬🐙🦑🐢🚀🛸🪐⭐🌟🍁🍂🍃🌿🦋🐝🐞🐚❤🎈🪁✈☄🌸🌺🌼", FREE_TILT)
_STEPS = "👣🐾"


class Wanted(NamedTuple):
    """A motif and how often it is to be drawn; `relative` is its size beside others, `colour` a palette code."""

    emoji: str
    number: int
    relative: float
    colour: str | None


class Field(NamedTuple):
    """An area of one colour, an index into the codes, in which motifs may lie."""

    colour: int
    area: BaseGeometry


class _Space(NamedTuple):
    """The places in a field that are far enough from its edge, and their border."""

    colour: int
    area: BaseGeometry
    border: BaseGeometry


class Placed(NamedTuple):
    """A motif on the ground: the middle of its box in millimetres, its longer side in metres."""

    emoji: str
    x: float
    y: float
    size_m: float
    turn: float
    mirrored: bool
    ground: int
    colour: str | None


def wanted(emoji: str, count: int | None, word: str | None, colour: str | None, several: int) -> Wanted:
    """What a subject of the brief asks for; without a number it is several."""
    return Wanted(emoji, several if count is None else count, meant_size(emoji, word), colour)


@lru_cache(maxsize=512)
def _unit_hull(emoji: str) -> BaseGeometry:
    motif = find_motif(emoji)
    return motif.silhouette.convex_hull.simplify(0.01) if motif else shapely.Polygon()


def hull(emoji: str, size_m: float, turn: float = 0.0, mirrored: bool = False) -> BaseGeometry:
    """The convex hull of a motif in millimetres, centred on the origin."""
    size = size_m * 1000
    return rotate(scale(_unit_hull(emoji), -size if mirrored else size, size, origin=(0, 0)), turn, origin=(0, 0))


def tilt(emoji: str) -> float:
    """How far a motif may be turned from upright, in degrees."""
    return _TILTS.get(emoji[0], UPRIGHT_TILT)


def placed_in(
    fields: Sequence[Field], asked: Sequence[Wanted], rng: np.random.Generator, largest_m: float = LARGEST_M
) -> list[Placed]:
    """Motifs in the fields, the largest first, all as large as fits in relation to each other.

    Where there is no room, there are first fewer of one kind, then smaller ones than can be laid whole; a motif that
    could not be laid at all is left out.
    """
    wishes = list(asked)
    area_m2 = sum(field.area.area for field in fields) / 1e6
    boxes = sum(wish.number * wish.relative**2 for wish in wishes)
    unit = (FILLED * area_m2 / max(boxes, 1e-9)) ** 0.5 * 1.25
    least = {wish.emoji: least_size_m(wish.emoji) for wish in wishes}
    whole = {wish.emoji: smallest_size_m(wish.emoji) for wish in wishes}
    kinds, best, concession = len(wishes), list[Placed](), 0
    spaces = [_space(field) for field in fields]
    for _ in range(ATTEMPTS):
        floor = {emoji: max(least[emoji], size * CONCESSIONS[concession][0]) for emoji, size in whole.items()}
        sizes = {
            wish.emoji: min(max(unit * wish.relative, floor[wish.emoji]), max(largest_m, least[wish.emoji]))
            for wish in wishes
        }
        found = _all_placed(spaces, wishes, sizes, rng)
        if len(found) == sum(wish.number for wish in wishes):
            return found
        if len({place.emoji for place in found}) > len({place.emoji for place in best}):
            best = found
        if any(unit * wish.relative > floor[wish.emoji] for wish in wishes):
            unit *= STEP
        elif sum(wish.number for wish in wishes) > max(
            kinds, CONCESSIONS[concession][1] * sum(w.number for w in asked)
        ):
            most = max(range(len(wishes)), key=lambda number: wishes[number].number)
            wishes[most] = wishes[most]._replace(number=wishes[most].number - 1)
        elif concession + 1 < len(CONCESSIONS):
            concession += 1
        else:
            break
    return best


def _space(field: Field) -> _Space:
    area = field.area.buffer(-APART_MM - COARSE_MM).simplify(COARSE_MM)
    shapely.prepare(area)
    return _Space(field.colour, area, area.boundary)


def _all_placed(
    spaces: Sequence[_Space], wishes: Sequence[Wanted], sizes: dict[str, float], rng: np.random.Generator
) -> list[Placed]:
    """Places for as many of the motifs as there is room for at these sizes."""
    order = sorted(
        ((wish, number) for wish in wishes for number in range(wish.number)),
        key=lambda item: (item[1] > 0, -sizes[item[0].emoji]),
    )
    taken: list[BaseGeometry] = []
    found = []
    for wish, number in order:
        place, shape = _best_place(spaces, wish, round(sizes[wish.emoji], 2), taken, rng)
        if place is not None:
            found.append(place)
            taken.append(shape)
        elif number:
            break
    return found


def _best_place(
    spaces: Sequence[_Space],
    wish: Wanted,
    size_m: float,
    taken: list[BaseGeometry],
    rng: np.random.Generator,
) -> tuple[Placed | None, BaseGeometry]:
    """The place with most room for one motif beside those that are there; None where there is none."""
    turn = float(rng.uniform(-1, 1) * tilt(wish.emoji))
    mirrored = bool(rng.random() < 0.5) and find_motif(wish.emoji) is not None and not wish.emoji.isalnum()
    shape = hull(wish.emoji, size_m, turn, mirrored)
    left, top, right, bottom = shape.bounds
    best, most, where, others = None, 0.0, shape, np.array(taken)
    for space in spaces:
        if space.area.is_empty:
            continue
        x0, y0, x1, y1 = space.area.bounds
        if x1 - x0 < right - left or y1 - y0 < bottom - top:
            continue
        xs = rng.uniform(x0 - left, x1 - right, SPOTS)
        ys = rng.uniform(y0 - top, y1 - bottom, SPOTS)
        corners = shapely.get_coordinates(shape)
        tried = shapely.polygons(corners + np.stack([xs, ys], axis=1)[:, np.newaxis])
        inside = shapely.covers(space.area, tried)
        spots = np.flatnonzero(inside)[:PROBED]
        room = EDGE_COUNTS * (shapely.distance(tried[spots], space.border) + APART_MM)
        if taken and len(spots):
            free = shapely.distance(tried[spots][:, np.newaxis], others).min(axis=1)
            room = np.where(free >= APART_MM, np.minimum(room, free), 0.0)
        if len(spots) and room.max() > most:
            spot = spots[int(room.argmax())]
            x, y = float(xs[spot]), float(ys[spot])
            best = Placed(wish.emoji, x, y, size_m, turn, mirrored, space.colour, wish.colour)
            most, where = float(room.max()), tried[spot]
    return best, where
