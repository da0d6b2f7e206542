"""Drawings in lines so fine that cleaning would not see them: the lines are thickened first."""

from collections.abc import Sequence

import cv2
import numpy as np

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import Colour
from studio_postprocess.installable.outside import inside, rim, share_of_others, with_outside
from studio_postprocess.installable.shapes import Shapes

THICKER_MM = 12.0
"""By how much such lines grow to either side: from 10 mm on they are as wide then as lines that are seen."""
LINE_MM = 500.0
"""Length from which something is a line, and no speck."""
DRAWN, LEAST_SEEN = (0.003, 0.35), 0.75
"""Share of a surface that lines on the ground cover, and the part of it that must be seen."""


def lines_are_lost(drawn: ByteArray, seen: Shapes) -> bool:
    """Whether little is not ground in `drawn`, an index map, and less than LEAST_SEEN of it in what is `seen` of it."""
    ground = ground_of(drawn)
    before, still = (share_of_others(indices, ground) for indices in (drawn, seen.indices))
    return DRAWN[0] <= before <= DRAWN[1] and still < LEAST_SEEN * before


def with_thicker_lines(indices: ByteArray, palette: Sequence[Colour], mm_per_pixel: float) -> ByteArray:
    """The index map, shape (height, width), with all lines on the ground thicker; those that differ most from it lie
    uppermost, so that the pale fringes of a dark line do not grow over it.
    """
    ground = ground_of(indices)
    drawn = (indices != ground) & inside(indices)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(drawn.view(np.uint8), connectivity=8)
    long = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]) * mm_per_pixel >= LINE_MM
    long[0] = False
    lines = long[labels]
    reach = THICKER_MM / mm_per_pixel
    thicker = indices.copy()
    for colour in _rising(np.unique(indices[lines]).tolist(), ground, palette):
        far = cv2.distanceTransform((~(lines & (indices == colour))).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        thicker[far <= reach] = colour
    return with_outside(thicker, ~inside(indices))


def ground_of(indices: ByteArray) -> int:
    """The colour that most of the surface's edge has."""
    return int(np.bincount(indices[rim(indices)]).argmax())


def _rising(colours: list[int], ground: int, palette: Sequence[Colour]) -> list[int]:
    """Colours by how much they differ from the ground."""
    lab = lab_from_rgb(palette_rgb(palette))
    return sorted(colours, key=lambda colour: float(delta_e(lab[colour], lab[ground])))
