"""Colours matched region by region: what differs little from its surroundings in the original has their colour.

Pixel by pixel, a soft gradient breaks up into specks and slivers where it passes from one palette colour to the next.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray
from studio_contracts.palette import Colour
from studio_postprocess.clamp.hue import hue_costs
from studio_postprocess.installable.outside import inside, with_outside
from studio_postprocess.installable.regions import colours_of

CALM = 0.025
"""How much worse a colour may suit a pixel, in squared OKLab distance, where all around have it."""
MOST_CONTRAST = 0.15
"""No colour suits a pixel worse by more: a few extreme pixels do not outweigh a region."""
AROUND_MM = 60.0
_NEAR_MM = 14.4
_ROUNDS, _STEADY = 3, 0.002


def match_regions(indices: ByteArray, look: ByteArray, palette: Sequence[Colour], mm_per_pixel: float) -> ByteArray:
    """The index map, shape (height, width), with calmer regions where the original `look`, sRGB, has little contrast.

    Each pixel gets the colour with the least sum of its difference to the original and of the share of other colours
    within about AROUND_MM, a few times over: threshold dynamics with a data term (Esedoglu, Tsai, "Threshold dynamics
    for the piecewise constant Mumford-Shah functional", 2006). Thin lines in strong contrast stay as they are.
    """
    colours = colours_of(indices)
    if len(colours) < 2:
        return indices
    costs = [
        cv2.GaussianBlur(cost, (0, 0), _NEAR_MM / mm_per_pixel, borderType=cv2.BORDER_REFLECT)
        for cost in hue_costs(look, [palette[colour] for colour in colours], MOST_CONTRAST)
    ]
    outside = ~inside(indices)
    side = 2 * round(AROUND_MM / mm_per_pixel * np.sqrt(1.5)) + 1  # twice a box of it spreads like a Gaussian
    energy, least = np.empty_like(costs[0]), np.empty_like(costs[0])
    for _ in range(_ROUNDS):
        least.fill(np.inf)
        calmer = np.zeros_like(indices)
        for colour, cost in zip(colours, costs, strict=True):
            _less_where_common(cost, cv2.inRange(indices, (colour,), (colour,)), side, energy)
            better = (energy < least).view(np.uint8)
            better *= np.uint8(colour)
            cv2.max(calmer, better, dst=calmer)  # colours come in rising order
            cv2.min(energy, least, dst=least)
        calmer = with_outside(calmer, outside)
        changed = np.count_nonzero(calmer != indices)
        indices = calmer
        if changed < _STEADY * indices.size:
            break
    return indices


def _less_where_common(cost: NDArray[Any], mask: NDArray[Any], side: int, less: NDArray[Any]) -> None:
    """Write the cost of a colour, less CALM where all within a box blurred twice have it, as `mask` tells with 255."""
    left, top, across, down = cv2.boundingRect(mask)
    rows, columns = slice(max(top - side, 0), top + down + side), slice(max(left - side, 0), left + across + side)
    common = mask[rows, columns]
    for _ in range(2):
        common = cv2.blur(common, (side, side), borderType=cv2.BORDER_REFLECT)
    np.copyto(less, cost)
    less[rows, columns] = cv2.scaleAdd(common.astype(np.float32), -CALM / 255, cost[rows, columns])
