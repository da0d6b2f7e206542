"""The clamp in a few lines: what `Clamp` must answer, pixel by pixel. Slow; tests compare the two."""

from collections.abc import Sequence

import numpy as np

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import Colour

_PART = 4096


def nearest_colours(rgb: ByteArray, palette: Sequence[Colour]) -> ByteArray:
    """Palette indices, shape (height, width), of an sRGB picture, shape (height, width, 3).

    Each pixel gets the colour with the smallest CIEDE2000 difference in double precision; of equal ones the first in
    the palette's order. 40 to 100 times as slow as `Clamp`: it computes a difference for each pixel and colour.
    """
    lab, colours = lab_from_rgb(rgb.reshape(-1, 3)), lab_from_rgb(palette_rgb(palette))
    nearest = np.empty(len(lab), np.uint8)
    for start in range(0, len(lab), _PART):
        part = slice(start, start + _PART)
        nearest[part] = delta_e(lab[part, np.newaxis], colours).argmin(axis=1)
    return nearest.reshape(rgb.shape[:2])
