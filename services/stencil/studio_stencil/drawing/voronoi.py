"""Strategy `voronoi`: large organic regions with rounded edges."""

import numpy as np

from studio_stencil.drawing.raster import STEP, blur, border_lengths, fill_between, lattice
from studio_stencil.drawing.regions import Cells, Target, colour_cells, fault_of
from studio_stencil.drawing.sheet import Fill
from studio_stencil.planning.scale import MIN_FEATURE_MM, MIN_RADIUS_MM

CELLS_PER_REGION = 3.5
CELLS_PER_REGION_OF_TWO = 5.5
"""Two colours leave less freedom, so the pattern needs more cells to choose from."""
ATTEMPTS = 10


def draw_voronoi(plan: Fill, rng: np.random.Generator) -> np.ndarray:
    """Index map (height, width), uint8, of plan.regions connected regions with the planned coverage.

    A warped, relaxed Voronoi diagram of small cells is coloured so that cells join into the planned regions; then
    edges are rounded, which shifts shares a little, and a bias for each colour puts them right. Works on a coarse
    lattice and interpolates: edges are smooth, so nothing is lost.
    """
    target = Target(plan.codes, plan.coverage, plan.regions)
    best, best_fault = None, float("inf")
    for _ in range(ATTEMPTS):
        fields = _attempt(plan, target, rng)
        fault = fault_of(fields.argmax(axis=0), target)
        if fault == 0:
            picture = fill_between(fields)
            fault = fault_of(picture, target)
            if fault == 0:
                return picture
        if fault < best_fault:
            best, best_fault = fields, fault
    assert best is not None
    return fill_between(best)


def _attempt(plan: Fill, target: Target, rng: np.random.Generator) -> np.ndarray:
    """Strength of each colour on the lattice, (colours, rows, columns), float32; the strongest wins."""
    x, y = lattice(plan.width, plan.height)
    area = plan.width * plan.height
    roomy = plan.width_mm * plan.height_mm / (2.5 * MIN_FEATURE_MM) ** 2
    per_region = CELLS_PER_REGION_OF_TWO if len(plan.codes) == 2 else CELLS_PER_REGION
    count = max(plan.regions, min(round(plan.regions * per_region), int(roomy)))
    side = (area / count) ** 0.5

    points = np.stack(_warp(x, y, 0.30 * side, 3.2 * side, rng)).astype(np.float32)
    seeds = _spread(count, plan, rng)
    for _ in range(2):
        label = _nearest(points, seeds).ravel()
        held = np.bincount(label, minlength=count).clip(1)
        seeds = np.stack([np.bincount(label, part.ravel(), count) / held for part in points], axis=-1)
    label = _nearest(points, seeds)
    colours = colour_cells(_graph(label, side / STEP), target, rng)

    radius = min(max(MIN_RADIUS_MM / plan.mm_per_pixel, 0.45 * side), 0.6 * side)
    hard = (colours[label] == np.arange(len(plan.codes))[:, None, None]).astype(np.float32)
    return _balance(blur(hard, max(0.55 * radius / STEP, 0.8)), plan.coverage)


def _spread(count: int, plan: Fill, rng: np.random.Generator) -> np.ndarray:
    """Seeds (count, 2) in pixels: one at random in each box of a jittered grid, spread evenly over the picture."""
    columns = max(1, round((count * plan.width / plan.height) ** 0.5))
    rows = -(-count // columns)
    boxes = rng.permutation(columns * rows)[:count]
    corner = np.stack([boxes % columns, boxes // columns], axis=-1)
    return np.asarray((corner + rng.random((count, 2))) * (plan.width / columns, plan.height / rows))


def _warp(
    x: np.ndarray, y: np.ndarray, reach: float, wavelength: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Bend the plane by two long sine waves, gently enough that it never folds."""
    turn, first, second = rng.uniform(0, 2 * np.pi, 3)
    k = 2 * np.pi / wavelength
    u, v = np.cos(turn), np.sin(turn)
    return x + reach * np.sin(k * (v * y - u * x) + first), y + reach * np.sin(k * (v * x + u * y) + second)


def _nearest(points: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Index of the nearest seed (n, 2) for each point (2, ...)."""
    label = np.zeros(points.shape[1:], dtype=np.intp)
    best = np.full(points.shape[1:], np.inf, dtype=np.float32)
    for number, (x, y) in enumerate(seeds.astype(np.float32)):
        away = (points[0] - x) ** 2 + (points[1] - y) ** 2
        label[away < best] = number
        np.minimum(best, away, out=best)
    return label


def _graph(label: np.ndarray, side: float) -> Cells:
    """Cells of a label map: linked when they share an edge of a third of a cell's side, pinched when shorter."""
    count = int(label.max()) + 1
    borders = border_lengths(label, count)
    wide = borders >= side / 3
    links = [sum(1 << int(j) for j in np.flatnonzero(row)) for row in wide]
    short = zip(*np.nonzero(np.triu((borders > 0) & ~wide)), strict=True)
    areas = (np.bincount(label.ravel(), minlength=count) / label.size).tolist()
    return Cells(areas, links, [(int(a), int(b), links[a] & links[b]) for a, b in short])


def _balance(fields: np.ndarray, coverage: tuple[float, ...]) -> np.ndarray:
    """Shift each colour's strength until the winners cover what is planned."""
    goal = np.array(coverage)
    bias = np.zeros(len(goal), dtype=np.float32)
    for _ in range(12):
        winners = (fields + bias[:, None, None]).argmax(axis=0)
        off = goal - np.bincount(winners.ravel(), minlength=len(goal)) / winners.size
        if np.abs(off).max() < 0.008:
            break
        bias += (1.5 * off).astype(np.float32)
    return fields + bias[:, None, None]
