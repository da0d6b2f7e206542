"""Real-world sizes: how large features are on a surface, whatever the picture's pixels."""

import math
from collections.abc import Sequence

from studio_stencil.drawing.strategy import Strategy
from studio_stencil.planning.roles import coverage

MIN_FEATURE_MM = 120.0
"""Narrowest band or cell that can be laid."""
MIN_RADIUS_MM = 600.0
"""Tightest bend of an edge, where the surface is large enough to hold it."""
MIN_ISLAND_M2 = 0.3
"""Smallest island worth laying."""
BAND_MM = (330.0, 1500.0)
"""Usual width of a band, on small and on large surfaces."""
BAND_UNEVEN = (0.75, 1.25)
"""Range of a band's width before the bands of one colour are scaled to its share."""
BAND_SPARE = 1.2
"""How much wider than the narrowest a band is at rest: slopes and squeezes take some of it."""
MOST_BANDS = 14


def colours_that_fit(strategy: Strategy, colours: int, width_mm: float, height_mm: float) -> int:
    """How many of the colours can each have an area no narrower than MIN_FEATURE_MM; at least 1."""
    short = min(width_mm, height_mm)
    if short < 3 * MIN_FEATURE_MM:
        return 1
    for count in range(colours, 1, -1):
        shares = coverage(count)
        width = min(shares) * short
        if strategy is Strategy.VORONOI:
            width = math.sqrt(min(shares) * width_mm * height_mm) / 2
        if width >= BAND_SPARE * MIN_FEATURE_MM:
            return count
    return 1


def region_target(strategy: Strategy, colours: int, width_mm: float, height_mm: float) -> int:
    """How many regions a picture is divided into: more on larger surfaces, and never fewer than colours."""
    if colours == 1:
        return 1
    shares, short = coverage(colours), min(width_mm, height_mm)
    if strategy is Strategy.VORONOI:
        area_m2 = width_mm * height_mm / 1e6
        wanted = 6 if colours == 2 else min(max(round(5 + math.log2(max(area_m2, 1.0)) / 1.6), 6), 10)
        return max(colours, min(wanted, int(area_m2 / MIN_ISLAND_M2)))
    return sum(bands_per_colour(shares, short))


def bands_per_colour(shares: Sequence[float], depth_mm: float) -> list[int]:
    """How many bands each colour gets on a surface of this depth, in role order.

    One each, then one more to whichever has the widest, while that can be laid. The base never gets more than it can
    alternate with.
    """
    wanted = round(depth_mm / min(max(depth_mm / 6, BAND_MM[0]), BAND_MM[1]))
    wanted = min(max(wanted, len(shares) + 2), MOST_BANDS)
    numbers = [1] * len(shares)
    while sum(numbers) < wanted:
        widths = [share * depth_mm / (number + 1) for share, number in zip(shares, numbers, strict=True)]
        if numbers[0] > sum(numbers[1:]):
            widths[0] = 0.0
        widest = widths.index(max(widths))
        if widths[widest] * BAND_UNEVEN[0] / BAND_UNEVEN[1] < BAND_SPARE * MIN_FEATURE_MM:
            break
        numbers[widest] += 1
    return numbers
