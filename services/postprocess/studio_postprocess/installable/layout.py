"""The picture on the surface: cropped, framed or repeated, never stretched."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import Colour
from studio_contracts.plan import Layout

MAX_SURFACE_PIXELS = 4_000_000
MAX_SURFACE_SIDE = 16_384
"""A surface that would need more pixels, in all or on a side, at the picture's own scale is drawn with larger ones."""

BORDER_MM = (150.0, 600.0)
"""Width of the bands beside a framed picture: BORDER_PART of the surface's short side, within these bounds."""
BORDER_PART = 1 / 16
BORDER_OF_FRAME = 0.45
"""Most of the ground beside a framed picture that such a band takes; it is left out where that is too narrow."""
STANDS_OUT = 20.0
"""Difference (CIEDE2000) from the base from which a colour can be a border."""

IntArray = NDArray[Any]


class SurfacePicture(NamedTuple):
    """The whole surface as an index map (height, width), and the length of a pixel's side on the ground."""

    indices: ByteArray
    mm_per_pixel: float


def compose(
    picture: NDArray[Any],
    layout: Layout,
    width_m: float,
    height_m: float,
    base: int | ByteArray,
    border: int | ByteArray,
    max_pixels: int = MAX_SURFACE_PIXELS,
) -> SurfacePicture:
    """Lay a picture, an index map (height, width) or in colours (height, width, 3), on a surface with sides in metres.

    full    scaled to cover the surface; what hangs over is cropped evenly at both ends.
    framed  scaled to fit inside the surface, centred; the rest is the colour `base`, with a band of the colour `border`
            where the picture ends, so that what it shows ends on purpose.
    tiled   scaled to fit the short side and repeated outwards from the centre, every other copy mirrored.

    One pixel of the result is one of the picture, or larger where that took more than `max_pixels` in all or
    MAX_SURFACE_SIDE on a side. The surface's edge cuts pixels: the result has a whole number of them, so their sides
    may differ by half a pixel's share of the length, and what they show is looked up at their true place.
    """
    height, width = picture.shape[:2]
    across, down = width_m * 1000 / width, height_m * 1000 / height
    scale = max(across, down) if layout == "full" else min(across, down)
    smallest = math.sqrt(width_m * height_m * 1e6 / max_pixels), max(width_m, height_m) * 1000 / MAX_SURFACE_SIDE
    pixel = max(scale, *smallest)
    x = _positions(width_m * 1000, width * scale, scale, pixel)
    y = _positions(height_m * 1000, height * scale, scale, pixel)
    place = _PLACE[layout]
    columns, rows = place(x, width), place(y, height)
    surface = np.array(_at(_at(picture, rows, 0), columns, 1))
    if layout == "framed":
        surface[(y < 0) | (y >= height)] = base
        surface[:, (x < 0) | (x >= width)] = base
        band = _border_mm(width_m * 1000, height_m * 1000, width * scale, height * scale) / scale
        surface[((y < 0) & (y >= -band)) | ((y >= height) & (y < height + band))] = border
        surface[:, ((x < 0) & (x >= -band)) | ((x >= width) & (x < width + band))] = border
    return SurfacePicture(surface, width_m * 1000 / len(columns))


def border_of(indices: ByteArray, palette: Sequence[Colour], base: int) -> int:
    """The colour for the bands beside a framed picture, an index map into `palette`.

    Of the picture's colours that stand out from the base it is the one that the picture's ends hold least of.
    """
    shown = np.bincount(indices.ravel(), minlength=len(palette)) > 0
    height, width = indices.shape
    ends = indices[:, [0, -1]] if width > height else indices[[0, -1]]
    lab = lab_from_rgb(palette_rgb(palette))
    contrast = delta_e(lab, lab[base])
    met = np.bincount(ends.ravel(), minlength=len(palette)) / ends.size
    return int((shown * (contrast >= STANDS_OUT) * (1 - met) + shown * contrast / 1000).argmax())


def _border_mm(width: float, height: float, across: float, down: float) -> float:
    """Width of the border of a picture across by down mm on a surface; 0 where there is no room for one."""
    room = BORDER_OF_FRAME * max(width - across, height - down) / 2
    least, most = BORDER_MM
    wanted = min(max(BORDER_PART * min(width, height), least), most, room)
    return wanted if wanted >= least else 0.0


def _positions(length: float, extent: float, scale: float, pixel: float) -> IntArray:
    """Pixel of a picture `extent` long, centred on a side `length` long (mm), at each pixel's centre on that side."""
    count = max(1, round(length / pixel))
    centres = (np.arange(count) + 0.5) * (length / count)
    # The small offset keeps centres that fall on the line between two pixels from going either way by rounding.
    positions: IntArray = np.floor((centres - (length - extent) / 2) / scale + 1e-6).astype(np.int64)
    return positions


def _at(picture: NDArray[Any], positions: IntArray, axis: int) -> NDArray[Any]:
    """Rows (axis 0) or columns (1) of a picture at these positions: a view where they follow each other."""
    first, following = positions[0], len(positions)
    if np.array_equal(positions, np.arange(first, first + following)):
        return picture[first : first + following] if axis == 0 else picture[:, first : first + following]
    return picture.take(positions, axis)


def _cropped(positions: IntArray, size: int) -> IntArray:
    cropped: IntArray = positions.clip(0, size - 1)
    return cropped


def _mirrored(positions: IntArray, size: int) -> IntArray:
    turn = positions % (2 * size)
    mirrored: IntArray = np.minimum(turn, 2 * size - 1 - turn)
    return mirrored


_PLACE: dict[Layout, Callable[[IntArray, int], IntArray]] = {
    "full": _cropped,
    "framed": _cropped,
    "tiled": _mirrored,
}
