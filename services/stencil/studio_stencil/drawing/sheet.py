"""What bands are drawn from."""

from typing import NamedTuple


class Sheet(NamedTuple):
    """Codes in role order with each one's share of the picture, the number of bands, and the picture's size in pixels
    and on the ground.
    """

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
