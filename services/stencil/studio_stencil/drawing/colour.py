"""How different two palette colours look."""

from functools import cache

import numpy as np

from studio_colour.difference import delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE

CLOSE = 10.0
"""Below this difference two neighbouring areas of granule read as one."""

Lab = tuple[float, float, float]

_PLACES = {colour.code: number for number, colour in enumerate(PALETTE)}
_LAB = lab_from_rgb(palette_rgb(PALETTE))
_DIFFERENCES: list[list[float]] = delta_e(_LAB[:, np.newaxis], _LAB).tolist()


@cache
def lab(rgb: tuple[int, int, int]) -> Lab:
    """CIELAB of an sRGB colour with components 0 to 255."""
    lightness, a, b = lab_from_rgb(np.array(rgb, np.uint8)).tolist()
    return lightness, a, b


def difference(code: str, other: str) -> float:
    """CIEDE2000 between two palette colours. Raises KeyError for an unknown code."""
    return _DIFFERENCES[_PLACES[code]][_PLACES[other]]
