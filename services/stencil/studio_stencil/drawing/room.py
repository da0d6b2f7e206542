"""The room inside an outline: where it lies on the picture, and the rectangle in it that holds most."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import scale, translate
from shapely.geometry.base import BaseGeometry

from studio_contracts.outline import Outline
from studio_contracts.plan import Layout

CELLS = 48
"""Cells along the longer side in which a rectangle is looked for."""
LEAST_SHARE = 0.25
"""Part of a panel that must lie inside on all panels; where less does, motifs are placed as without an outline."""


class Room(NamedTuple):
    """A rectangle on the ground, in millimetres."""

    left: float
    top: float
    width: float
    height: float

    @property
    def box(self) -> shapely.Polygon:
        """The rectangle as an area."""
        return shapely.box(self.left, self.top, self.left + self.width, self.top + self.height)

    def taking(self, area: BaseGeometry) -> BaseGeometry:
        """An area that was drawn from the rectangle's top left corner, in its place, without what goes out of it."""
        return translate(area, self.left, self.top).intersection(self.box)


def area_on_picture(outline: Outline, layout: Layout, ground_m: tuple[float, float]) -> BaseGeometry | None:
    """What of the picture lies inside the surface's outline, in mm from the top left corner of the ground it shows.

    On a tiled surface, whose every other panel is mirrored, it is what lies inside on all of them; None for too little.
    """
    outer, *holes = ([(x * 1000, y * 1000) for x, y in ring] for ring in outline.rings)
    whole = shapely.Polygon(outer, holes)
    width, height = ground_m[0] * 1000, ground_m[1] * 1000
    box = shapely.box(0, 0, width, height)
    across, down = outline.size_m[0] * 1000 - width, outline.size_m[1] * 1000 - height
    if layout != "tiled":
        return translate(whole, -across / 2, -down / 2).intersection(box)
    upright = down > across
    length = height if upright else width
    panels = round(max(across, down) / length) + 1
    area = box
    for number in range(panels):
        shown = translate(whole, 0, -number * length) if upright else translate(whole, -number * length, 0)
        if (number - panels // 2) % 2:
            turned = (1, -1) if upright else (-1, 1)
            shown = scale(shown, *turned, origin=(width / 2, height / 2))
        area = area.intersection(shown)
    return area if area.area >= LEAST_SHARE * box.area else None


@lru_cache(maxsize=8)
def largest_rectangle(area: BaseGeometry) -> Room | None:
    """The upright rectangle inside an area that holds most: the longer it is, the less that counts. None: nothing fits.

    Found on a grid of CELLS, so it may be smaller than the best by two of its cells.
    """
    left, top, right, bottom = area.bounds
    step = max(right - left, bottom - top) / CELLS
    columns, rows = max(1, int((right - left) / step + 1e-9)), max(1, int((bottom - top) / step + 1e-9))
    x, y = np.meshgrid(left + np.arange(columns) * step, top + np.arange(rows) * step)
    shapely.prepare(area)
    free = shapely.covers(area.buffer(1.0), shapely.box(x, y, x + step, y + step))
    best, found = 0.0, None
    for first in range(rows):
        open_ = np.ones(columns, np.bool_)
        for last in range(first, rows):
            open_ &= free[last]
            steps = np.diff(np.concatenate([[0], open_.view(np.int8), [0]]))
            starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
            if not starts.size:
                break
            longest = int((ends - starts).argmax())
            across, down = int(ends[longest] - starts[longest]), last - first + 1
            worth = min(across, down) * (across * down) ** 0.5
            if worth > best:
                best = worth
                found = Room(left + starts[longest] * step, top + first * step, across * step, down * step)
    return found
