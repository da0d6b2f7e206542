"""The 255 numbered colours of CAD programs (AutoCAD Color Index), for those that show no true colours."""

import colorsys
from functools import cache

import numpy as np

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import Colour

_BASIC = (
    (255, 0, 0),
    (255, 255, 0),
    (0, 255, 0),
    (0, 255, 255),
    (0, 0, 255),
    (255, 0, 255),
    (255, 255, 255),
    (128, 128, 128),
    (192, 192, 192),
)
_VALUES = (255, 165, 127, 76, 38)
_GREYS = (51, 91, 132, 173, 214, 255)
_WHITE_OR_BLACK = 7


@cache
def table() -> ByteArray:
    """The sRGB values, shape (255, 3), of the colours 1 to 255.

    10 to 249 are 24 hues in steps of 15 degrees, each in five values, full (even) and half (odd) in saturation.
    """
    hues = []
    for number in range(10, 250):
        hue, shade = divmod(number - 10, 10)
        value, half = _VALUES[shade // 2], shade % 2
        hues.append([int(channel * value) for channel in colorsys.hsv_to_rgb(hue / 24, 0.5 if half else 1.0, 1.0)])
    return np.array([*_BASIC, *hues, *([grey] * 3 for grey in _GREYS)], np.uint8)


@cache
def nearest(colour: Colour) -> int:
    """The number of the colour with the smallest CIEDE2000 difference; not 7, which is black or white."""
    difference = delta_e(lab_from_rgb(table()), lab_from_rgb(palette_rgb([colour])))
    difference[_WHITE_OR_BLACK - 1] = np.inf
    return int(difference.argmin()) + 1
