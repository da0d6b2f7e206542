"""The picture on the surface: cropped, framed or repeated, never stretched."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_contracts.job import LayoutKind
from studio_postprocess.colour import ByteArray

MAX_SURFACE_PIXELS = 4_000_000
"""A surface that would need more pixels at the picture's own scale is drawn with larger ones."""

IntArray = NDArray[Any]


class SurfacePicture(NamedTuple):
    """The whole surface as an index map (height, width), and the length of a pixel's side on the ground."""

    indices: ByteArray
    mm_per_pixel: float


def compose(
    indices: ByteArray,
    layout: LayoutKind,
    width_m: float,
    height_m: float,
    base: int,
    max_pixels: int = MAX_SURFACE_PIXELS,
) -> SurfacePicture:
    """Lay a picture, given as an index map (height, width), on a surface of width_m by height_m metres.

    full    scaled to cover the surface; what hangs over is cropped evenly at both ends.
    framed  scaled to fit inside the surface, centred; the rest is the colour `base`.
    tiled   scaled to fit the short side and repeated outwards from the centre, every other copy mirrored.

    One pixel of the result is one of the picture, or larger where that took more than `max_pixels`. The surface's
    edge cuts pixels: the result has a whole number of them, so their sides may differ by half a pixel's share of the
    length, and what they show is looked up at their true place.
    """
    height, width = indices.shape
    across, down = width_m * 1000 / width, height_m * 1000 / height
    scale = max(across, down) if layout == "full" else min(across, down)
    pixel = max(scale, math.sqrt(width_m * height_m * 1e6 / max_pixels))
    place = _PLACE[layout]
    columns = place(_positions(width_m * 1000, width * scale, scale, pixel), width)
    rows = place(_positions(height_m * 1000, height * scale, scale, pixel), height)
    surface = indices[np.ix_(rows.clip(0), columns.clip(0))]
    surface[rows < 0] = base
    surface[:, columns < 0] = base
    return SurfacePicture(surface, width_m * 1000 / len(columns))


def _positions(length: float, extent: float, scale: float, pixel: float) -> IntArray:
    """Pixel of a picture `extent` long, centred on a side `length` long (mm), at each pixel's centre on that side."""
    count = max(1, round(length / pixel))
    centres = (np.arange(count) + 0.5) * (length / count)
    # The nudge keeps centres that fall on the line between two pixels from going either way by rounding.
    positions: IntArray = np.floor((centres - (length - extent) / 2) / scale + 1e-6).astype(np.int64)
    return positions


def _cropped(positions: IntArray, size: int) -> IntArray:
    cropped: IntArray = positions.clip(0, size - 1)
    return cropped


def _framed(positions: IntArray, size: int) -> IntArray:
    framed: IntArray = np.where((positions >= 0) & (positions < size), positions, -1)
    return framed


def _mirrored(positions: IntArray, size: int) -> IntArray:
    turn = positions % (2 * size)
    mirrored: IntArray = np.minimum(turn, 2 * size - 1 - turn)
    return mirrored


_PLACE: dict[LayoutKind, Callable[[IntArray, int], IntArray]] = {
    "full": _cropped,
    "framed": _framed,
    "tiled": _mirrored,
}
