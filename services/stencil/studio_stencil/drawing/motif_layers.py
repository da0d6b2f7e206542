"""What a placed motif becomes on the ground: layers of its colours, moved between coarse pixels to look right."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from shapely.affinity import rotate, scale, translate
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.placing import Placed
from studio_stencil.drawing.scene import Ground, Layer
from studio_stencil.drawing.steadying import COARSE_PIXEL_MM, MANY, SMALL_PIXELS, Room, objections, rooms_of, steady
from studio_stencil.motifs.colours import motif_colours
from studio_stencil.motifs.inlays import LaidPart, laid
from studio_stencil.motifs.outlines import OTHERS
from studio_stencil.motifs.sizes import made_size_m


class _Made(NamedTuple):
    """What `laid` makes a motif from."""

    emoji: str
    size_m: float
    colours: tuple[tuple[str, str], ...]
    ground: str

    def parts(self, other: int) -> tuple[LaidPart, ...]:
        return laid(*self, other)


def layers_of(place: Placed, codes: Sequence[str], ground: Ground) -> list[Layer]:
    """The parts of a placed motif, in palette colours that are not its ground's, nor the base's if others are there.

    On coarse pixels they lie less than one beside their place where that makes their edges such that they can be laid.
    Where nothing does, the motif gets another outline.
    """
    below = codes[place.ground]
    free = tuple(code for code in codes[1:] if code != below) or tuple(code for code in codes if code != below)
    colours = tuple(motif_colours(place.emoji, free, below, place.colour).items())
    made_m = made_size_m(place.emoji, place.size_m)
    made = _Made(place.emoji, round(made_m, 3), colours, below)
    larger = place.size_m / made_m
    if ground.mm_per_pixel < COARSE_PIXEL_MM:
        other, by = _clearest(made), (place.x, place.y)
    else:
        other, (x, y) = _steadied(made, larger, place.turn, place.mirrored, ground.mm_per_pixel)
        left, top = ground.pixel_corner(place.x, place.y)
        by = left + x, top + y
    return [
        Layer(codes.index(part.code), translate(_turned(part.area, larger, place.turn, place.mirrored), *by))
        for part in made.parts(other)
    ]


@lru_cache(maxsize=1024)
def _clearest(made: _Made) -> int:
    """Which outline of a motif the rule objects to least where pixels are small, wherever it lies between them."""
    counts = []
    for other in range(OTHERS):
        counts.append(objections([part.area for part in made.parts(other)], _rooms(made, other), SMALL_PIXELS))
        if not counts[-1]:
            break
    return counts.index(min(counts))


@lru_cache(maxsize=2048)
def _steadied(
    made: _Made, larger: float, turn: float, mirrored: bool, mm_per_pixel: float
) -> tuple[int, tuple[float, float]]:
    """Which outline of a motif the rule objects to least on coarse pixels, and how far in millimetres, less than a
    pixel, its middle is then to lie from the corner of one. So equal motifs are looked at once only, wherever they lie.
    """
    pixels = Ground(mm_per_pixel, mm_per_pixel, 1, 1)
    best, fewest = (0, (0.0, 0.0)), MANY
    for other in range(OTHERS):
        areas = [_turned(part.area, larger, turn, mirrored) for part in made.parts(other)]
        rooms = [
            [Room(_turned(room.piece, larger, turn, mirrored), room.radius_mm * larger) for room in own]
            for own in _rooms(made, other)
        ]
        by, count = steady(areas, rooms, pixels)
        if count < fewest:
            best, fewest = (other, by), count
        if not count:
            break
    return best


@lru_cache(maxsize=1024)
def _rooms(made: _Made, other: int) -> list[list[Room]]:
    return rooms_of([part.area for part in made.parts(other)])


def _turned(area: BaseGeometry, larger: float, turn: float, mirrored: bool) -> BaseGeometry:
    """An area of a motif as large and as turned as it lies on the surface, its middle the origin."""
    area = scale(area, -larger if mirrored else larger, larger, origin=(0, 0))
    return rotate(area, turn, origin=(0, 0))
