"""An index map and what is found in it, each once: cleaning, rules and figures ask for the same things."""

from functools import cached_property

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.installable.regions import BoolArray, Pieces, pieces_of
from studio_postprocess.installable.thin_regions import edge_distance, ridges


class Shapes:
    """An index map, shape (height, width), which nobody changes from now on, with its pieces and distances."""

    def __init__(self, indices: ByteArray) -> None:
        self.indices = indices

    @cached_property
    def pieces(self) -> Pieces:
        """See `pieces_of`."""
        return pieces_of(self.indices)

    @cached_property
    def distance(self) -> FloatArray:
        """See `edge_distance`."""
        return edge_distance(self.indices)

    @cached_property
    def axes(self) -> BoolArray:
        """See `ridges`."""
        return ridges(self.pieces, self.distance)
