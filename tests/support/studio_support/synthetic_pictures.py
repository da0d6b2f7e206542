"""Pictures like those a model paints over a stencil: palette regions whose colours drift, edges soften, with grain."""

from collections.abc import Sequence

import cv2
import numpy as np

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.palette import Colour


def regions(width: int, height: int, count: int, colours: int, seed: int = 0) -> ByteArray:
    """Index map (height, width) of a clean design: `count` flowing cells in `colours` colours, the first the most."""
    rng = np.random.default_rng(seed)
    rows, straight = np.mgrid[0:height, 0:width].astype(np.float32)
    columns = straight + 0.04 * width * np.sin(rows / height * 7.0)
    nearest = np.full((height, width), np.inf, np.float32)
    region = np.zeros((height, width), np.uint8)
    split = np.array([0.55, *np.full(colours - 1, 0.45 / (colours - 1))]) if colours > 1 else np.ones(1)
    colour_of = np.searchsorted(np.cumsum(split), (np.arange(count) + 0.5) / count).astype(np.uint8)
    for colour in rng.permutation(colour_of):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        distance = (columns - x) ** 2 + (rows - y) ** 2
        closer = distance < nearest
        nearest[closer], region[closer] = distance[closer], colour
    return region


def painted(indices: ByteArray, palette: Sequence[Colour], seed: int = 0, grain: float = 4.0) -> ByteArray:
    """sRGB picture (height, width, 3) as img2img returns it for a stencil given as an index map."""
    rng = np.random.default_rng(seed)
    height, width = indices.shape
    drifted = palette_rgb(palette).astype(np.float32) + rng.normal(0.0, 6.0, (len(palette), 3))
    picture = cv2.GaussianBlur(drifted.astype(np.float32)[indices], (0, 0), 1.5)
    light = cv2.resize(rng.normal(0.0, 8.0, (4, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    noisy = picture + light[..., np.newaxis] + rng.normal(0.0, grain, picture.shape)
    clipped: ByteArray = np.clip(noisy, 0, 255).astype(np.uint8)
    return clipped
