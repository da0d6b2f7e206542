"""Where a shape lies between the picture's pixels, so that the installer's rule has no objection to its edges.

An outline that can be laid may still look too tight as a line of pixels, where these are large: it depends on where
between them it falls.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from studio_contracts.installer import EXCEPTIONAL_RADIUS_MM, MIN_RADIUS_MM
from studio_pictures.bends import bends_of
from studio_stencil.drawing.pixel_outlines import outlines
from studio_stencil.drawing.scene import Ground, Layer, rasterised
from studio_stencil.motifs.corners import INNER_RADIUS_MM
from studio_stencil.motifs.thickness import pieces

PLACES = tuple(
    (part / 4, other / 4)
    for part, other in (
        *((0, 0), (2, 0), (0, 2), (2, 2), (1, 1), (3, 1), (1, 3), (3, 3)),
        *((1, 0), (0, 1), (3, 0), (0, 3), (2, 1), (1, 2), (3, 2), (2, 3)),
    )
)
"""Where a shape is tried, in pixels beside its place."""
RADII_MM = EXCEPTIONAL_RADIUS_MM, MIN_RADIUS_MM
COARSE_PIXEL_MM = 8.0
"""Side of the pixels from which on it matters where between them an edge falls."""
SMALL_PIXELS = Ground(1000.0, 1000.0, 250, 250)
MANY = 1 << 30
MARGIN = 3
"""Pixels around a shape that is looked at."""


class Room(NamedTuple):
    """A piece of one colour, and the radius in millimetres of the largest circle in it."""

    piece: BaseGeometry
    radius_mm: float


def rooms_of(areas: Sequence[BaseGeometry]) -> list[list[Room]]:
    """For each of the areas, which are painted one over the other, the pieces of it that can be seen."""
    found: list[list[Room]] = []
    above: BaseGeometry = shapely.Polygon()
    for area in reversed(areas):
        seen = pieces(area.difference(above))
        found.append([Room(one, shapely.maximum_inscribed_circle(one, tolerance=10).length) for one in seen])
        above = above.union(area)
    return found[::-1]


def steady(
    areas: Sequence[BaseGeometry], rooms: Sequence[Sequence[Room]], ground: Ground
) -> tuple[tuple[float, float], int]:
    """By how much in millimetres, less than a pixel, these areas are to be moved so that the installer's rule for
    radius and angle objects to none of their edges, or to as few as can be; and to how many it does.
    """
    best, fewest = (0.0, 0.0), MANY
    for x, y in PLACES:
        by = x * ground.mm_per_pixel, y * ground.mm_per_pixel
        count = objections([translate(area, *by) for area in areas], rooms, ground)
        if count < fewest:
            best, fewest = by, count
        if not count:
            break
    return best, fewest


def objections(areas: Sequence[BaseGeometry], rooms: Sequence[Sequence[Room]], ground: Ground) -> int:
    """In how many places the rule objects, when the areas are drawn one over the other."""
    px = ground.mm_per_pixel
    window, left, top = _window(areas, ground)
    layers = [Layer(number, translate(area, -left, -top)) for number, area in enumerate(areas, start=1)]
    drawn = rasterised(layers, window)
    count = 0
    for number in range(len(areas) + 1):
        for line in outlines(drawn == number):
            if not number and line.min() == 0:  # the window's edge
                continue
            room = _room(rooms[number - 1], line[0] * px + (left, top)) if number else INNER_RADIUS_MM
            # By pixels a circle is found to be smaller by up to one, and its radius right to 2 %.
            for radius in np.unique(np.clip((1.02 * room, room, room - px), *RADII_MM)).tolist():
                count += sum(bend.kind != "corner" for bend in bends_of(line, number, radius, px))
    return count


def _window(areas: Sequence[BaseGeometry], ground: Ground) -> tuple[Ground, float, float]:
    """A part of the ground, with the same pixels, that holds the areas, and its left and top in millimetres."""
    px = ground.mm_per_pixel
    x0, y0, x1, y1 = shapely.total_bounds(np.array(areas, object))
    over = ground.overhang
    left, top = math.floor((x0 + over[0]) / px) - MARGIN, math.floor((y0 + over[1]) / px) - MARGIN
    columns, rows = math.ceil((x1 + over[0]) / px) + MARGIN - left, math.ceil((y1 + over[1]) / px) + MARGIN - top
    return Ground(columns * px, rows * px, columns, rows), left * px - over[0], top * px - over[1]


def _room(rooms: Sequence[Room], point: np.ndarray) -> float:
    """Radius of the largest circle in the piece that is nearest to a point of an outline."""
    if len(rooms) < 2:
        return rooms[0].radius_mm if rooms else INNER_RADIUS_MM
    return min(rooms, key=lambda room: shapely.distance(room.piece, shapely.Point(point))).radius_mm
