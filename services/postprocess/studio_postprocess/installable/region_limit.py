"""A bound on how finely a picture is divided: dots, noise and dithering have a region for each pixel.

What follows works region by region and edge by edge, so this bound is one on its time and memory.
"""

import numpy as np

from studio_colour.difference import ByteArray
from studio_postprocess.installable.smoothing import smoothed

MAX_EDGES = 600_000
"""Most sides of pixels at which two colours meet. Noise has 1.7 a pixel, photographs 0.05 to 0.4."""
_FIRST_SIGMA = 1.0


def limit_regions(indices: ByteArray) -> ByteArray:
    """An index map, shape (height, width), or a smoother one where it has too many edges between colours.

    Each pixel of that has the colour that prevails around it, so that dots and dithering become areas.
    """
    limited, sigma = indices, _FIRST_SIGMA
    while edges(limited) > MAX_EDGES:
        limited = smoothed(indices, sigma)
        sigma *= 2
    return limited


def edges(indices: ByteArray) -> int:
    """Sides of pixels at which two colours meet."""
    across = np.count_nonzero(indices[:, 1:] != indices[:, :-1])
    return int(across + np.count_nonzero(indices[1:] != indices[:-1]))
