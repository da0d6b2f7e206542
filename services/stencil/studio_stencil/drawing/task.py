"""The input of every drawing strategy, and its output."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import translate

from studio_contracts.palette import BY_CODE
from studio_stencil.drawing.colour import difference, lab
from studio_stencil.drawing.placing import Placed, Wanted, hull
from studio_stencil.drawing.scene import Ground, Layer
from studio_stencil.motifs.colours import motif_colours


class DrawingTask(NamedTuple):
    """What is to be drawn: the ground, colour codes with the base first, motifs, and the source of chance."""

    ground: Ground
    codes: Sequence[str]
    wishes: Sequence[Wanted]
    rng: np.random.Generator

    @property
    def accents(self) -> list[int]:
        """Colours for what lies below motifs, the quietest first; those that the motifs need come last."""
        needed = [
            next(
                iter(motif_colours(wish.emoji, tuple(self.codes[1:]) or tuple(self.codes), self.codes[0]).values()), ""
            )
            for wish in self.wishes[:2]
        ]
        numbers = list(range(1, len(self.codes)))
        numbers.sort(key=lambda number: (self.codes[number] in needed, difference(self.codes[0], self.codes[number])))
        return numbers[: max(len(numbers) - 1, 0)]

    @property
    def colours(self) -> list[int]:
        """All colours but the base, in the order of the codes; the base where there is no other."""
        return list(range(1, len(self.codes))) or [0]

    def lightness(self, number: int) -> float:
        """CIELAB lightness of a colour."""
        return lab(BY_CODE[self.codes[number]].rgb)[0]


class Drawn(NamedTuple):
    """What lies below the motifs, from the bottom to the top, and the motifs."""

    layers: list[Layer]
    placed: list[Placed]


def shape_of(place: Placed) -> shapely.Geometry:
    """The outline of a placed motif, in millimetres on the surface."""
    return translate(hull(place.emoji, place.size_m, place.turn, place.mirrored), place.x, place.y)
