"""Real-world sizes: how large features are on a surface, whatever the picture's pixels."""

import math
from collections.abc import Sequence
from enum import StrEnum

from studio_stencil.planning.roles import coverage, motif_coverage

MIN_FEATURE_MM = 120.0
"""Narrowest band or cell that can be laid."""
MIN_RADIUS_MM = 600.0
"""Tightest bend of an edge, where the surface is large enough to hold it."""
MIN_ISLAND_M2 = 0.3
"""Smallest island worth laying."""
LEAST_MOTIF_M2 = 1.25 * MIN_ISLAND_M2
"""Smallest silhouette: its limbs and the notches between them are still wide enough to lay."""
USUAL_MOTIF_M2 = 1.1
"""Area of a silhouette where the brief leaves the number open."""
MOST_MOTIFS = 24
MOTIF_PACKING = 0.223
"""Most of the field that silhouettes can cover and still keep apart."""
FIELD_PER_MOTIF = 3.4
"""Depth of a field that silhouettes lie in, in sides of a square as large as one of them."""
BAND_MM = (330.0, 1500.0)
"""Usual width of a band, on small and on large surfaces."""
BAND_UNEVEN = (0.75, 1.25)
"""Range of a band's width before the bands of one colour are scaled to its share."""
BAND_SPARE = 1.2
"""How much wider than the narrowest a band is at rest: slopes and squeezes take some of it."""
MOST_BANDS = 14
CELL_MM = (240.0, 2000.0)
"""Usual side of a grid cell, on small and on large surfaces."""


class Strategy(StrEnum):
    """How the surface is divided."""

    VORONOI = "voronoi"
    BANDS = "bands"
    GRID = "grid"
    MOTIF = "motif"


def target_coverage(strategy: Strategy, colours: int) -> tuple[float, ...]:
    """Target share of the picture for each colour, in role order."""
    return motif_coverage(colours) if strategy is Strategy.MOTIF else coverage(colours)


def colours_that_fit(strategy: Strategy, colours: int, width_mm: float, height_mm: float) -> int:
    """How many of the colours can each have an area no narrower than MIN_FEATURE_MM; at least 1."""
    short = min(width_mm, height_mm)
    if short < 3 * MIN_FEATURE_MM:
        return 1
    for count in range(colours, 1, -1):
        shares = target_coverage(strategy, count)
        if strategy is Strategy.BANDS:
            width = min(shares) * short
        elif strategy is Strategy.MOTIF:
            width = min(min(shares[:-1]) * short, math.sqrt(shares[-1] * width_mm * height_mm) / 2)
        else:
            width = math.sqrt(min(shares) * width_mm * height_mm) / 2
        if width >= BAND_SPARE * MIN_FEATURE_MM:
            return count
    return 1


def region_target(strategy: Strategy, colours: int, width_mm: float, height_mm: float) -> int:
    """How many regions a picture without silhouettes is divided into: more on larger surfaces, and never fewer than
    colours.
    """
    if colours == 1:
        return 1
    shares, short = target_coverage(strategy, colours), min(width_mm, height_mm)
    if strategy is Strategy.VORONOI:
        area_m2 = width_mm * height_mm / 1e6
        wanted = 6 if colours == 2 else min(max(round(5 + math.log2(max(area_m2, 1.0)) / 1.6), 6), 10)
        return max(colours, min(wanted, int(area_m2 / MIN_ISLAND_M2)))
    if strategy is Strategy.GRID:
        columns, rows = grid_shape(width_mm, height_mm)
        return max(colours, columns * rows // (5 if colours == 2 else 3))
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


def room_for_motifs(shares: Sequence[float], width_mm: float, height_mm: float) -> int:
    """How many silhouettes of LEAST_MOTIF_M2 there is room for, at least 1, when the bands give up what they can."""
    field_m2 = (shares[0] + shares[-1] + _spare(shares, min(width_mm, height_mm))) * width_mm * height_mm / 1e6
    return max(1, min(int(MOTIF_PACKING * field_m2 / LEAST_MOTIF_M2), MOST_MOTIFS))


def with_room(shares: tuple[float, ...], motifs: int, width_mm: float, height_mm: float) -> tuple[float, ...]:
    """Shares in which so many silhouettes, the last, and the base they lie on are large enough.

    What they lack the bands give up evenly, and the base is never less than it was.
    """
    least = motifs * LEAST_MOTIF_M2 * 1e6 / (width_mm * height_mm)
    spare = _spare(shares, min(width_mm, height_mm))
    motif = max(shares[-1], min(least, shares[-1] + spare))
    base = max(shares[0], min(least / MOTIF_PACKING - motif, shares[0] + shares[-1] + spare - motif))
    bands = [share * (1 - base - motif) / sum(shares[1:-1]) for share in shares[1:-1]]
    return (base, *bands, motif) if bands else (1 - motif, motif)


def _spare(shares: Sequence[float], depth_mm: float) -> float:
    """What the bands, all but the first and last share, can give up before the narrowest cannot be laid."""
    bands = shares[1:-1]
    return sum(bands) * max(0.0, 1 - BAND_SPARE * MIN_FEATURE_MM / (min(bands) * depth_mm)) if bands else 0.0


def bands_around_fields(
    shares: Sequence[float], motifs: int, width_mm: float, height_mm: float
) -> tuple[list[float], list[int]]:
    """Share and number of the bands of each colour but the last, that of so many silhouettes.

    The base gets fields for the silhouettes to lie in, as many as are still deep enough for that; the other colours
    get one band each, or more where that is too few to have one on either side of every field.
    """
    depth_mm, motif_mm = min(width_mm, height_mm), math.sqrt(shares[-1] * width_mm * height_mm / motifs)
    below = [shares[0] + shares[-1], *shares[1:-1]]
    if len(below) == 1:
        return below, [1]
    numbers = [max(1, min(int(below[0] * depth_mm / (FIELD_PER_MOTIF * motif_mm)), 3)), *[1] * (len(below) - 1)]
    while sum(numbers[1:]) <= numbers[0]:
        widths = [share * depth_mm / (number + 1) for share, number in zip(below[1:], numbers[1:], strict=True)]
        widest = widths.index(max(widths))
        if widths[widest] * BAND_UNEVEN[0] / BAND_UNEVEN[1] < BAND_SPARE * MIN_FEATURE_MM:
            numbers[0] = max(1, sum(numbers[1:]) - 1)
            break
        numbers[1 + widest] += 1
    return below, numbers


def grid_shape(width_mm: float, height_mm: float) -> tuple[int, int]:
    """Columns and rows of nearly square cells; 5 to 8 along the short side where the surface has room."""
    short = min(width_mm, height_mm)
    cell = min(max(short / 5, CELL_MM[0]), max(CELL_MM[1], short / 8))
    return max(2, int(width_mm / cell)), max(2, int(height_mm / cell))
