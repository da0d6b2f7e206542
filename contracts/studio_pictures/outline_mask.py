"""Which pixels of a picture of a surface lie inside its outline."""

import numpy as np
from numpy.typing import NDArray

from studio_contracts.outline import Outline


def inside_mask(
    outline: Outline,
    shape: tuple[int, int],
    mm_per_pixel: tuple[float, float],
    left_top_mm: tuple[float, float] = (0, 0),
) -> NDArray[np.bool_]:
    """True, shape (height, width), for each pixel whose centre lies inside the border and in no hole.

    The picture begins left_top_mm from the surface's top left corner, and its pixels are mm_per_pixel across and down.
    Rows are walked by the even-odd rule, which needs no order of the rings.
    """
    height, width = shape
    crossed = np.zeros((height, width + 1), np.uint8)
    for ring in outline.rings:
        points = (np.array(ring) * 1000 - left_top_mm) / mm_per_pixel
        for (x1, y1), (x2, y2) in zip(points.tolist(), np.roll(points, -1, axis=0).tolist(), strict=True):
            first, last = (max(0, int(np.ceil(y - 0.5))) for y in sorted((y1, y2)))
            rows = np.arange(first, min(last, height))
            if rows.size:
                x = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
                crossed[rows, np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)] ^= 1
    return np.bitwise_xor.accumulate(crossed, axis=1)[:, :width].view(np.bool_)
