"""Which picture the image model is asked for, and how that picture meets the surface."""

import math
from enum import StrEnum
from typing import NamedTuple


class Layout(StrEnum):
    """How the picture meets the surface. The picture is only ever scaled evenly, never stretched.

    FULL    scaled to cover the surface; what hangs over (at most 26 % of one side) is cropped evenly at both ends.
    FRAMED  scaled to fit inside the surface, centred; the rest of the surface is the base colour.
    TILED   scaled to fit the short side, repeated along the length outwards from the centre, every other copy
            mirrored so that colours meet at the joints, and cropped evenly at both ends.
    """

    FULL = "full"
    FRAMED = "framed"
    TILED = "tiled"


class ModelSize(NamedTuple):
    """A picture size the image model draws well, in pixels."""

    ratio: str
    width: int
    height: int


class Fit(NamedTuple):
    """The picture for one surface: its size, its layout, and the length of a pixel's side on the ground.

    cut is how far from the picture's middle, across and down in pixels, the surface's edge crosses it or a copy of it:
    what lies there is cut in two. FULL shows nothing beyond.
    """

    size: ModelSize
    layout: Layout
    mm_per_pixel: float
    cut: tuple[float, float]


MODEL_SIZES = (
    ModelSize("1:1", 1024, 1024),
    ModelSize("3:2", 1152, 768),
    ModelSize("2:3", 768, 1152),
    ModelSize("4:3", 1024, 768),
    ModelSize("3:4", 768, 1024),
    ModelSize("16:9", 1152, 648),
    ModelSize("9:16", 648, 1152),
)
FULL_BELOW = 0.3
"""Smallest difference of log ratio at which cropping keeps the composition."""
TILED_FROM = 3.5
"""Surfaces at least this many times as long as wide are tiled."""


def fit(width_m: float, height_m: float) -> Fit:
    """Fit a surface of width_m by height_m metres.

    The model size is the one with the smallest difference of log ratio, so a surface turned by 90° gets the turned
    size. Raises ValueError for a side that is not a positive finite number.
    """
    if not (math.isfinite(width_m) and math.isfinite(height_m) and width_m > 0 and height_m > 0):
        raise ValueError(f"a surface needs positive finite sides, not {width_m} by {height_m} m")
    log_ratio = math.log(width_m) - math.log(height_m)

    def difference(size: ModelSize) -> float:
        return abs(log_ratio - math.log(size.width / size.height))

    size = min(MODEL_SIZES, key=difference)
    across, down = width_m * 1000 / size.width, height_m * 1000 / size.height
    if difference(size) < FULL_BELOW:
        layout, mm_per_pixel = Layout.FULL, max(across, down)
    elif max(width_m / height_m, height_m / width_m) < TILED_FROM:
        return Fit(size, Layout.FRAMED, min(across, down), (size.width / 2, size.height / 2))
    else:
        layout, mm_per_pixel = Layout.TILED, min(across, down)
    half = width_m * 500 / mm_per_pixel, height_m * 500 / mm_per_pixel
    copies = round(half[0] / size.width), round(half[1] / size.height)
    cut = abs(half[0] - copies[0] * size.width), abs(half[1] - copies[1] * size.height)
    return Fit(size, layout, mm_per_pixel, cut)
