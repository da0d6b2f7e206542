"""Edges smoothed by diffusion: each pixel gets the colour that is strongest around it."""

import math

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.installable.outside import inside, resized, with_outside
from studio_postprocess.installable.regions import BoolArray, colours_of

LIGHT_PX = 1.5
"""Smoothing that only takes out the steps of pixels."""
_SAMPLES_PER_SIGMA = 3.0

_Part = tuple[slice, slice]
"""Rows and columns of a picture."""
_EVERYWHERE = slice(None), slice(None)


def smoothed(
    indices: ByteArray,
    sigma: float,
    size: tuple[int, int] | None = None,
    where: FloatArray | None = None,
    outside: BoolArray | None = None,
) -> ByteArray:
    """Each pixel gets the colour that is strongest around it, weighed by a Gaussian of `sigma` pixels.

    This moves edges by their curvature and keeps them meeting at even angles (Merriman, Bence, Osher, "Diffusion
    generated motion by mean curvature", 1992). `size` is (width, height) of the result, when it is to have another.
    With `where`, shape (height, width) and 0 to 1, edges move only there. What is outside the surface stays so; it is
    what `outside` says, in the size of the result, where that knows it better.
    """
    height, width = indices.shape
    size = size or (width, height)
    step = max(1.0, sigma / _SAMPLES_PER_SIGMA, min(width / size[0], height / size[1]))
    if (whole := int(step)) > 1 and width % whole == height % whole == 0:  # averaged 40 times as fast
        coarse, step = (width // whole, height // whole), float(whole)
    else:
        coarse = (max(1, round(width / step)), max(1, round(height / step)))
    laid = inside(indices)
    everywhere = where is None and bool(laid.all())  # some colour has a weight at each pixel, and so one without loses
    strongest = np.full(size[::-1], 0 if everywhere else -np.inf, np.float32)
    field, result = np.empty_like(strongest), np.zeros(size[::-1], np.uint8)
    for colour in colours_of(indices):
        mask = cv2.inRange(indices, (colour,), (colour,))
        small = cv2.resize(mask, coarse, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        near = _around(small, sigma / step)
        cv2.resize(_blurred(small, near, sigma / step), size, dst=field, interpolation=cv2.INTER_CUBIC)
        if where is not None:
            light = cv2.GaussianBlur(mask, (0, 0), LIGHT_PX, borderType=cv2.BORDER_REFLECT)
            cv2.blendLinear(field, light.astype(np.float32), where, 1 - where, dst=field)
        part = _scaled(near, coarse, size) if everywhere else _EVERYWHERE
        here, best, so_far = field[part], strongest[part], result[part]
        stronger = (here > best).view(np.uint8)
        cv2.max(so_far, stronger * np.uint8(colour), dst=so_far)  # colours come in rising order
        cv2.max(here, best, dst=best)
    if outside is None:
        return result if laid.all() else with_outside(result, resized(~laid, size))
    return with_outside(result, outside)


def _around(mask: ByteArray, sigma: float) -> _Part:
    """Where a Gaussian over a mask has any weight."""
    reach = round(4 * sigma) + 1  # what cv2 takes in single precision, or one pixel more
    left, top, across, down = cv2.boundingRect(mask)
    return slice(max(top - reach, 0), top + down + reach), slice(max(left - reach, 0), left + across + reach)


def _blurred(mask: ByteArray, near: _Part, sigma: float) -> FloatArray:
    """A mask under a Gaussian, in single precision."""
    blurred = np.zeros(mask.shape, np.float32)
    blurred[near] = cv2.GaussianBlur(mask[near].astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return blurred


def _scaled(part: _Part, before: tuple[int, int], after: tuple[int, int]) -> _Part:
    """A part of a picture, sizes (width, height), in another size of it, with all that a cubic spreads it to."""
    rows, columns = (
        slice(max(int((side.start - 3) * new / old), 0), math.ceil((side.stop + 3) * new / old))
        for side, old, new in zip(part, before[::-1], after[::-1], strict=True)
    )
    return rows, columns
