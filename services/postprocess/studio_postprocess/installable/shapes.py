"""An index map and what is found in it, each once: cleaning, rules and figures ask for the same things."""

from dataclasses import dataclass
from functools import cached_property

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.installable.regions import BoolArray, Pieces, pieces_of
from studio_postprocess.installable.thin_regions import between_parts, edge_distance, reach_of, ridges, unreached


@dataclass(frozen=True, eq=False)
class Narrow:
    """The parts of a surface in which no circle of some width fits, and the pieces they are part of."""

    parts: Pieces
    whole: Pieces

    @cached_property
    def ground(self) -> BoolArray:
        """See `between_parts`."""
        return between_parts(self.whole, self.parts)


class Shapes:
    """An index map, shape (height, width), which nobody changes from now on, with its pieces and distances."""

    def __init__(self, indices: ByteArray) -> None:
        self.indices = indices
        self._narrow: dict[int, Narrow] = {}

    @cached_property
    def pieces(self) -> Pieces:
        """See `pieces_of`."""
        return pieces_of(self.indices)

    @cached_property
    def distance(self) -> FloatArray:
        """See `edge_distance`."""
        return edge_distance(self.indices)

    def narrow(self, width: float) -> Narrow:
        """The parts in which no circle of `width` pixels fits. Widths are right to a pixel either way."""
        reach = reach_of(width)
        if reach not in self._narrow:
            self._narrow[reach] = Narrow(pieces_of(self.indices, unreached(self.distance, width)), self.pieces)
        return self._narrow[reach]

    @cached_property
    def axes(self) -> BoolArray:
        """See `ridges`."""
        return ridges(self.pieces, self.distance)
