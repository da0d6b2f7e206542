"""What motifs lie on: fields with edges that bend gently, and the layers that paint them."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.bands import Flow
from studio_stencil.drawing.placing import Field
from studio_stencil.drawing.scene import Ground, Layer
from studio_stencil.drawing.steadying import COARSE_PIXEL_MM, Room, steady

SAMPLE_MM = 50.0
"""Distance between the points of a flowing edge."""
LEAST_BAND_MM = 330.0


class Background(NamedTuple):
    """Layers below the motifs, and the fields in which motifs may lie; the base colour, 0, is below all layers."""

    layers: list[Layer]
    fields: list[Field]


def plain(ground: Ground) -> Background:
    """All in the base colour."""
    return Background([], [Field(0, ground.surface)])


def flowing(ground: Ground, accents: list[int], rng: np.random.Generator) -> Background:
    """Bands that flow along the surface at both sides of a wide field of the base colour."""
    depth = ground.short
    above, below = accents[: (len(accents) + 1) // 2], accents[(len(accents) + 1) // 2 :]
    width = max(LEAST_BAND_MM, min(0.11 * depth, 1200.0))
    if depth < 2400 or not accents:
        above, below = accents[:1], []
    shares = [width / depth] * len(above) + [1 - width / depth * len(above + below)] + [width / depth] * len(below)
    order = [*above, 0, *below]
    return _bands(ground, order, shares, rng)


def horizon(ground: Ground, order: list[int], high: float, rng: np.random.Generator) -> Background:
    """Colours one below the other with gentle horizons: the first covers `high` of the height, those in the middle
    little.
    """
    middle = 0.12
    if middle * ground.height < 1.3 * LEAST_BAND_MM:
        order = [order[0], order[-1]]
    shares = [high, *[middle] * (len(order) - 2)]
    return _bands(ground, order, [*shares, 1 - sum(shares)], rng, upright=False)


def _bands(
    ground: Ground, order: list[int], shares: list[float], rng: np.random.Generator, upright: bool | None = None
) -> Background:
    upright = ground.height > ground.width if upright is None else upright
    length, depth = (ground.height, ground.width) if upright else (ground.width, ground.height)
    points = max(8, int(length / SAMPLE_MM) + 1)
    step = length / (points - 1)
    flow = Flow(points, round(depth / step), depth / round(depth / step), min(shares) * depth, rng)
    curves = flow.curves(flow.levels(np.cumsum(shares)[:-1])) / flow.depth * depth
    along = np.arange(points) * step
    margin = 2000.0
    edges = [np.column_stack([along, curve]) for curve in curves]
    edges = [np.concatenate([[[-margin, e[0, 1]]], e, [[length + margin, e[-1, 1]]]]) for e in edges]
    outer = [np.array([[-margin, -margin], [length + margin, -margin]])]
    outer.append(np.array([[-margin, depth + margin], [length + margin, depth + margin]]))
    lines = [outer[0], *edges, outer[1]]
    layers, fields = [], []
    for colour, upper, lower in zip(order, lines[:-1], lines[1:], strict=True):
        corners = np.concatenate([upper, lower[::-1]])
        area = shapely.Polygon(corners[:, ::-1] if upright else corners).buffer(0)
        if colour:
            layers.append(Layer(colour, area.intersection(ground.whole)))
        fields.append(Field(colour, area.intersection(ground.surface)))
    return Background(layers, fields)


def pool(ground: Ground, around: BaseGeometry, colours: list[int]) -> list[Layer]:
    """One field inside another around something, the outer one first; the edges bend as gently as the rules ask."""
    core = around.convex_hull
    layers = []
    for number, colour in enumerate(colours):
        grown = core.buffer(650.0 + 420.0 * (len(colours) - 1 - number), quad_segs=16)
        layers.append(Layer(colour, grown.intersection(ground.whole)))
    return layers


def winding(ground: Ground, width: float, rng: np.random.Generator) -> tuple[shapely.LineString, BaseGeometry]:
    """The middle line and the area of a path that winds from one end of the surface to the other."""
    upright = ground.height > ground.width
    length, depth = (ground.height, ground.width) if upright else (ground.width, ground.height)
    waves = max(1.0, round(length / max(2.2 * depth, 4500.0) * 2) / 2)
    k = 2 * np.pi * waves / length
    sway = min(0.26 * depth, 0.9 / (k * k * (700 + width / 2)), max(0.0, depth / 2 - width / 2 - 500))
    x = np.linspace(-1500, length + 1500, max(40, int(length / SAMPLE_MM)))
    y = depth / 2 + sway * np.sin(k * x + rng.choice([0.0, np.pi]))
    line = shapely.LineString(np.column_stack([y, x] if upright else [x, y]))
    return line, line.buffer(width / 2, cap_style="flat", quad_segs=12)


def discs(ground: Ground, taken: BaseGeometry, colours: list[int], count: int, rng: np.random.Generator) -> list[Layer]:
    """Round spots in the room that is left, each as large as fits, from 700 to 1500 mm across."""
    layers: list[Layer] = []
    for number in range(count):
        spots = rng.uniform((0, 0), (ground.width, ground.height), (120, 2))
        points = shapely.points(spots)
        room = np.fmin(shapely.distance(points, taken), shapely.distance(points, ground.surface.boundary)) - 200.0
        if ground.outline is not None:
            room = np.where(shapely.contains(ground.outline, points), room, -np.inf)
        best = int(room.argmax())
        radius = float(min(room[best], rng.uniform(380, 750)))
        if radius < 360:
            break
        x, y = spots[best].tolist()
        if ground.mm_per_pixel >= COARSE_PIXEL_MM:
            radius = math.floor(radius / 10) * 10.0
            (left, top), (right, down) = ground.pixel_corner(x, y), _steadied(radius, ground.mm_per_pixel)
            x, y = left + right, top + down
        spot = translate(_disc(radius), x, y)
        layers.append(Layer(colours[number % len(colours)], spot))
        taken = taken.union(spot)
    return layers


@lru_cache(maxsize=512)
def _steadied(radius: float, mm_per_pixel: float) -> tuple[float, float]:
    """How far in millimetres a disc's middle is to lie from a pixel's corner, so that it looks round."""
    disc = _disc(radius)
    return steady([disc], [[Room(disc, radius)]], Ground(mm_per_pixel, mm_per_pixel, 1, 1))[0]


def _disc(radius: float) -> BaseGeometry:
    return shapely.Point(0, 0).buffer(radius, quad_segs=24)
