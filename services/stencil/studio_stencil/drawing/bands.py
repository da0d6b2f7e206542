"""Strategy `bands`: ribbons that flow along the picture like streamlines in a channel."""

from collections.abc import Sequence

import numpy as np

from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.drawing.sheet import Sheet
from studio_stencil.planning.scale import BAND_SPARE, BAND_UNEVEN, MIN_FEATURE_MM, MIN_RADIUS_MM, bands_per_colour

ORDERS = 48
"""Orders of colours tried; the best is kept."""
LEVELS = 65
"""Streamlines at which the share of the picture above them is measured."""
SQUEEZE = 0.5
"""Most that the flow narrows a band, as a part of its width at rest."""
SLOPE = 0.6
"""Steepest slope of an edge; a steep wave looks like a saw."""
DRIFT = 1.5
"""Radians by which waves shift from one side of the picture to the other, so that bands swell and thin out."""


def closeness(code: str, other: str) -> float:
    """Cost of two colours side by side: 0 when they differ strongly, 3 and above when they read as one."""
    delta = difference(code, other)
    return 3.0 + (CLOSE - delta) / CLOSE if delta < CLOSE else max(0.0, (2 * CLOSE - delta) / (4 * CLOSE))


def draw_bands(plan: Sheet, rng: np.random.Generator) -> np.ndarray:
    """Index map (height, width), uint8, of plan.regions bands with the planned coverage.

    Bands run along the longer side; on a square, either way.
    """
    upright = lies_upright(plan, rng)
    depth_mm = min(plan.width_mm, plan.height_mm)
    order, shares = band_order(plan.codes, plan.coverage, bands_per_colour(plan.coverage, depth_mm), rng)
    return flowing(order, shares, plan, upright, rng)


def lies_upright(plan: Sheet, rng: np.random.Generator) -> bool:
    """Whether bands run from top to bottom."""
    return plan.height > plan.width or (plan.height == plan.width and rng.random() < 0.5)


def flowing(order: np.ndarray, shares: np.ndarray, plan: Sheet, upright: bool, rng: np.random.Generator) -> np.ndarray:
    """Index map (height, width) of bands with the colours and shares that `band_order` gives."""
    length, depth = (plan.height, plan.width) if upright else (plan.width, plan.height)
    flow = Flow(length, depth, plan.mm_per_pixel, shares.min() * depth * plan.mm_per_pixel, rng)
    indices = paint(flow.curves(flow.levels(np.cumsum(shares)[:-1])), order, depth)
    return np.ascontiguousarray(indices.T) if upright else indices


class Flow:
    """Streamlines y(x) for levels 0 to 1, in pixels: straight at both sides of the picture, waving in between.

    y = depth · (v + B(v) · g(x, v)) with B(v) = sin(πv)/π. The heights of the waves in g sum to at most
    SQUEEZE / √(1 + (DRIFT/π)²), so dy/dv ≥ 1 - SQUEEZE stays positive and streamlines never cross. Waves are flatter
    where the thinnest band could not be laid otherwise, and none bends tighter than MIN_RADIUS_MM or rises steeper
    than SLOPE.
    """

    def __init__(self, length: int, depth: int, mm_per_pixel: float, thinnest_mm: float, rng: np.random.Generator):
        self.depth = depth
        x = (np.arange(length) + 0.5) * mm_per_pixel
        ground = length * mm_per_pixel
        longest = min(max(0.8 * ground, 1500.0), max(0.4 * ground, 12000.0))
        squeeze = min(max(1 - BAND_SPARE * MIN_FEATURE_MM / thinnest_mm, 0.0), SQUEEZE) / np.hypot(1, DRIFT / np.pi)
        self.waves = []
        for share, part in ((0.75, 1.0), (0.25, 0.6)):
            k = 2 * np.pi / (longest * part * rng.uniform(0.85, 1.25))
            highest_mm = share * min(1 / (k * k * MIN_RADIUS_MM), SLOPE / k)
            height = min(share * squeeze, np.pi * highest_mm / (depth * mm_per_pixel))
            self.waves.append((height, k * x + rng.uniform(0, 2 * np.pi), rng.choice([-DRIFT, DRIFT])))

    def curves(self, levels: np.ndarray) -> np.ndarray:
        """Streamlines (n, length) at the given levels."""
        v = levels[:, None]
        wave = np.sum([height * np.sin(phase + drift * v) for height, phase, drift in self.waves], axis=0)
        return np.asarray(self.depth * (v + np.sin(np.pi * v) / np.pi * wave))

    def levels(self, shares: np.ndarray) -> np.ndarray:
        """Levels of the streamlines that have the given shares of the picture above them."""
        grid = np.linspace(0, 1, LEVELS)
        return np.asarray(np.interp(shares, self.curves(grid).mean(axis=1) / self.depth, grid))


def paint(curves: np.ndarray, order: np.ndarray, depth: int) -> np.ndarray:
    """Colour the bands between curves (n, length), given top to bottom; order holds the n + 1 colours."""
    length = curves.shape[1]
    starts = np.rint(curves).astype(np.intp).clip(0, depth)
    steps = np.zeros((depth + 1, length), dtype=np.uint8)
    np.add.at(steps, (starts, np.arange(length)), 1)
    return np.asarray(order[np.add.accumulate(steps[:-1], axis=0, dtype=np.uint8)])


def band_order(
    codes: Sequence[str],
    coverage: Sequence[float],
    numbers: Sequence[int],
    rng: np.random.Generator,
    inside: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Colours (uint8) of the bands in turn, and each band's share of the picture.

    numbers is how many bands each colour gets. Base bands are spread evenly, all of them between others if they are to
    be inside; no two neighbours share a colour, and close colours are kept apart.
    """
    pool = np.repeat(np.arange(len(codes), dtype=np.uint8), numbers)
    cost = np.array([[8.0 if a == b else closeness(a, b) for b in codes] for a in codes])
    spread = _enclose if inside else _alternate
    orders = np.stack([spread(rng.permutation(pool)) for _ in range(ORDERS)])
    order = orders[cost[orders[:, 1:], orders[:, :-1]].sum(axis=1).argmin()]

    loose = rng.uniform(*BAND_UNEVEN, len(order))
    total = np.bincount(order, weights=loose, minlength=len(codes))
    return order, loose * (np.array(coverage) / total)[order]


def _alternate(pool: np.ndarray) -> np.ndarray:
    """Spread the base bands evenly among the others, which keep their order."""
    base, rest = pool[pool == 0], pool[pool != 0]
    last = len(pool) - (2 if len(base) == len(rest) else 1)
    places = np.rint(np.linspace(0, last, len(base))).astype(np.intp)
    order = np.empty_like(pool)
    held = np.zeros(len(pool), dtype=bool)
    held[places] = True
    order[held], order[~held] = base, rest
    return order


def _enclose(pool: np.ndarray) -> np.ndarray:
    """The base bands between even groups of the others, which keep their order."""
    groups = np.array_split(pool[pool != 0], np.count_nonzero(pool == 0) + 1)
    return np.concatenate([part for group in groups for part in (np.zeros(1, dtype=np.uint8), group)][1:])
