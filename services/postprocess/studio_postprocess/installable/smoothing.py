"""Edges smoothed by diffusion: each pixel gets the colour that is strongest around it."""

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.installable.outside import inside, resized, with_outside
from studio_postprocess.installable.regions import BoolArray, colours_of

LIGHT_PX = 1.5
"""Smoothing that only takes out the steps of pixels."""
_SAMPLES_PER_SIGMA = 3.0


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
    strongest = np.full(size[::-1], -np.inf, np.float32)
    field, result = np.empty_like(strongest), np.zeros(size[::-1], np.uint8)
    for colour in colours_of(indices):
        mask = cv2.inRange(indices, (colour,), (colour,))
        small = cv2.resize(mask, coarse, interpolation=cv2.INTER_AREA).astype(np.float32)
        blurred = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT)
        cv2.resize(blurred, size, dst=field, interpolation=cv2.INTER_CUBIC)
        if where is not None:
            light = cv2.GaussianBlur(mask, (0, 0), LIGHT_PX, borderType=cv2.BORDER_REFLECT)
            cv2.blendLinear(field, light.astype(np.float32), where, 1 - where, dst=field)
        stronger = (field > strongest).view(np.uint8)
        cv2.max(result, stronger * np.uint8(colour), dst=result)  # colours come in rising order
        cv2.max(field, strongest, dst=strongest)
    return with_outside(result, resized(~inside(indices), size) if outside is None else outside)
