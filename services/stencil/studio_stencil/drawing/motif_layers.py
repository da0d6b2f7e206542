"""What a placed motif becomes on the ground: layers of its colours, moved between coarse pixels to look right."""

from collections.abc import Iterable, Sequence
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

KEPT = 1024
"""Motifs that are remembered as they were made."""


class MadeMotif(NamedTuple):
    """What `laid` makes a motif from."""

    emoji: str
    size_m: float
    colours: tuple[tuple[str, str], ...]
    ground: str

    def parts(self, other: int) -> tuple[LaidPart, ...]:
        return laid(*self, other)


class MotifWish(NamedTuple):
    """What a motif is chosen for: how large it is drawn beside the size at which it is made, how turned, and on what
    pixels. Where these are small, only the motif counts.
    """

    made: MadeMotif
    larger: float = 1.0
    turn: float = 0.0
    mirrored: bool = False
    mm_per_pixel: float = 0.0


class ChosenMotif(NamedTuple):
    """The parts of the outline that suits a wish best, and how far in millimetres, less than a pixel, its middle is to
    lie from the corner of one.
    """

    parts: tuple[LaidPart, ...]
    beside: tuple[float, float]


class Motifs:
    """The motifs that were made last, whoever made them."""

    def __init__(self) -> None:
        self._known: dict[MotifWish, ChosenMotif] = {}

    def chosen(self, wish: MotifWish) -> ChosenMotif:
        """What suits a wish best: made now, where it is not known."""
        found = self._known.get(wish)
        if found is None:
            (found,) = chosen_motifs([wish])
            self.remember([wish], [found])
        return found

    def remember(self, wishes: Iterable[MotifWish], chosen: Iterable[ChosenMotif]) -> None:
        """Know these motifs from now on; those that are known longest are forgotten, where there are too many."""
        self._known.update(zip(wishes, chosen, strict=True))
        for oldest in list(self._known)[:-KEPT]:
            self._known.pop(oldest, None)

    def unknown(self, wishes: Iterable[MotifWish]) -> list[MotifWish]:
        """Those of the wishes, each once, that would have to be made."""
        return [wish for wish in dict.fromkeys(wishes) if wish not in self._known]


MOTIFS = Motifs()
"""Those of this process."""


def wish_for(place: Placed, codes: Sequence[str], ground: Ground) -> MotifWish:
    """What a placed motif is chosen for, in palette colours that are not its ground's, nor the base's if others are
    there.
    """
    below = codes[place.ground]
    free = tuple(code for code in codes[1:] if code != below) or tuple(code for code in codes if code != below)
    colours = tuple(motif_colours(place.emoji, free, below, place.colour).items())
    made_m = made_size_m(place.emoji, place.size_m)
    made = MadeMotif(place.emoji, round(made_m, 3), colours, below)
    if ground.mm_per_pixel < COARSE_PIXEL_MM:
        return MotifWish(made)
    return MotifWish(made, place.size_m / made_m, place.turn, place.mirrored, ground.mm_per_pixel)


def chosen_motifs(wishes: Iterable[MotifWish]) -> list[ChosenMotif]:
    """Make the motifs whose edges can be laid best: on coarse pixels they lie less than one beside their place where
    that helps. Where nothing does, they get another outline.
    """
    found = []
    for wish in wishes:
        other, beside = _steadied(wish) if wish.mm_per_pixel else (_clearest(wish.made), (0.0, 0.0))
        found.append(ChosenMotif(wish.made.parts(other), beside))
    return found


def layers_of(place: Placed, codes: Sequence[str], ground: Ground) -> list[Layer]:
    """The parts of a placed motif on the ground."""
    chosen = MOTIFS.chosen(wish_for(place, codes, ground))
    larger = place.size_m / made_size_m(place.emoji, place.size_m)
    by = place.x, place.y
    if ground.mm_per_pixel >= COARSE_PIXEL_MM:
        left, top = ground.pixel_corner(*by)
        by = left + chosen.beside[0], top + chosen.beside[1]
    return [
        Layer(codes.index(part.code), translate(_turned(part.area, larger, place.turn, place.mirrored), *by))
        for part in chosen.parts
    ]


def _clearest(made: MadeMotif) -> int:
    """Which outline of a motif the rule objects to least where pixels are small, wherever it lies between them."""
    counts = []
    for other in range(OTHERS):
        counts.append(objections([part.area for part in made.parts(other)], _rooms(made, other), SMALL_PIXELS))
        if not counts[-1]:
            break
    return counts.index(min(counts))


def _steadied(wish: MotifWish) -> tuple[int, tuple[float, float]]:
    """Which outline of a motif the rule objects to least on coarse pixels, and how far in millimetres, less than a
    pixel, its middle is then to lie from the corner of one. So equal motifs are looked at once only, wherever they lie.
    """
    made, larger, turn, mirrored, mm_per_pixel = wish
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
def _rooms(made: MadeMotif, other: int) -> list[list[Room]]:
    return rooms_of([part.area for part in made.parts(other)])


def _turned(area: BaseGeometry, larger: float, turn: float, mirrored: bool) -> BaseGeometry:
    """An area of a motif as large and as turned as it lies on the surface, its middle the origin."""
    area = scale(area, -larger if mirrored else larger, larger, origin=(0, 0))
    return rotate(area, turn, origin=(0, 0))
