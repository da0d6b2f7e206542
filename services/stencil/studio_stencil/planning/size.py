"""Which picture the image model is asked for, and how that picture meets the surface."""

import math
from typing import NamedTuple

from studio_contracts.models import MEGAPIXEL_SIZES
from studio_contracts.plan import Layout

STEP = 8
"""Image models take sides that are multiples of this many pixels."""
MOST_RATIO = 4.0
"""The longest picture that the models were trained on, and so the longest that is drawn in one piece."""
FRAMED_RATIO = 16 / 9
"""The longest picture in a frame."""


class PictureSize(NamedTuple):
    """Pixels."""

    width: int
    height: int


class Fit(NamedTuple):
    """The picture for one surface: its size, its layout, and the length of a pixel's side on the ground.

    ground_m is the part of the surface that one picture shows, across and down in metres: all of it, or one panel.
    """

    size: PictureSize
    layout: Layout
    mm_per_pixel: float
    ground_m: tuple[float, float]


def fit(width_m: float, height_m: float, *, framed: bool = False) -> Fit:
    """Fit a surface of width_m by height_m metres; a surface turned by 90° gets the turned picture.

    Surfaces longer than MOST_RATIO get an odd number of panels, so that whole ones lie at both ends. `framed` asks for
    a frame, where the surface is longer than FRAMED_RATIO. Raises ValueError for a side that is not a positive finite
    number.
    """
    if not (math.isfinite(width_m) and math.isfinite(height_m) and width_m > 0 and height_m > 0):
        raise ValueError(f"a surface needs positive finite sides, not {width_m} by {height_m} m")
    shorter, longer = sorted((width_m, height_m))
    ratio = longer / shorter
    layout: Layout = "framed"
    if framed and ratio > FRAMED_RATIO:
        size = _size(FRAMED_RATIO)
        mm_per_pixel = min(longer * 1000 / size.width, shorter * 1000 / size.height)
        ground = shorter * FRAMED_RATIO, shorter
    else:
        panels = _panels(ratio)
        layout = "full" if panels == 1 else "tiled"
        size = _size(ratio / panels)
        mm_per_pixel = shorter * 1000 / size.height
        ground = longer / panels, shorter
    if width_m < height_m:
        size, ground = PictureSize(size.height, size.width), (shorter, ground[0])
    return Fit(size, layout, mm_per_pixel, ground)


def _panels(ratio: float) -> int:
    panels = math.ceil(ratio / MOST_RATIO - 1e-9)
    return panels + 1 - panels % 2


def _size(ratio: float) -> PictureSize:
    """A landscape picture of this ratio or a little longer, near a size that the models were trained on.

    The trained size is the one with the smallest difference of log ratio. Of a picture that is longer the height is
    kept, else the width; the other side follows in steps of 8 pixels.
    """
    width, height = min(MEGAPIXEL_SIZES, key=lambda size: abs(math.log(ratio * size[1] / size[0])))
    if ratio * height > width:
        height = math.floor(width / ratio / STEP + 1e-9) * STEP
    return PictureSize(math.ceil(height * ratio / STEP - 1e-9) * STEP, height)
