"""What a strategy that fills the whole surface needs to know."""

from typing import NamedTuple, Protocol


class Fill(Protocol):
    """Codes in role order with each one's share of the picture, the number of connected areas, and the picture's size
    in pixels and on the ground.
    """

    @property
    def codes(self) -> tuple[str, ...]: ...
    @property
    def coverage(self) -> tuple[float, ...]: ...
    @property
    def regions(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def mm_per_pixel(self) -> float: ...
    @property
    def width_mm(self) -> float: ...
    @property
    def height_mm(self) -> float: ...


class Sheet(NamedTuple):
    """A `Fill` by itself."""

    codes: tuple[str, ...]
    coverage: tuple[float, ...]
    regions: int
    width: int
    height: int
    mm_per_pixel: float

    @property
    def width_mm(self) -> float:
        """Width of the whole picture on the ground."""
        return self.width * self.mm_per_pixel

    @property
    def height_mm(self) -> float:
        """Height of the whole picture on the ground."""
        return self.height * self.mm_per_pixel
