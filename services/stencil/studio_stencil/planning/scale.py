"""Real-world sizes: how large features are on a surface, independent of the picture's pixels."""

from collections.abc import Sequence

from studio_stencil.planning.roles import coverage

MIN_FEATURE_MM = 120.0
"""Narrowest band or cell that can be laid."""
MIN_RADIUS_MM = 600.0
"""Tightest bend of an edge, where the surface is large enough to hold it."""
BAND_MM = (330.0, 1500.0)
"""Usual width of a band, on small and on large surfaces."""
BAND_UNEVEN = (0.75, 1.25)
"""Range of a band's width before the bands of one colour are scaled to its share."""
BAND_SPARE = 1.2
"""How much wider than the narrowest a band is at rest: slopes and squeezes take some of it."""
MOST_BANDS = 14


def colours_that_fit(colours: int, width_mm: float, height_mm: float) -> int:
    """How many of the colours can each have a band no narrower than MIN_FEATURE_MM; at least 1."""
    short = min(width_mm, height_mm)
    if short < 3 * MIN_FEATURE_MM:
        return 1
    fit = (count for count in range(colours, 1, -1) if min(coverage(count)) * short >= BAND_SPARE * MIN_FEATURE_MM)
    return next(fit, 1)


def bands_per_colour(shares: Sequence[float], depth_mm: float) -> list[int]:
    """How many bands each colour gets on a surface of this depth, in role order.

    One each, then one more to the one that has the widest, while that can be laid. The base never gets more than it can
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
