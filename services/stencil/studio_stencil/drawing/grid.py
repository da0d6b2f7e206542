"""Strategy `grid`: rectangles on a lattice whose lines are shared by all cells."""

import numpy as np

from studio_stencil.drawing.regions import Cells, Target, colour_cells, fault_of
from studio_stencil.drawing.sheet import Fill
from studio_stencil.planning.scale import grid_shape

ATTEMPTS = 4
UNEVEN = (0.7, 1.4)
"""Range of a row's or column's size before they are scaled to fill the picture."""


def draw_grid(plan: Fill, rng: np.random.Generator) -> np.ndarray:
    """Index map (height, width), uint8, of plan.regions rectangles and blocks of rectangles.

    Rows and columns go from edge to edge, so cells share their edges exactly. The planned coverage is met as nearly
    as whole cells allow.
    """
    target = Target(plan.codes, plan.coverage, plan.regions)
    columns, rows = grid_shape(plan.width_mm, plan.height_mm)
    best, best_fault = None, float("inf")
    for _ in range(ATTEMPTS):
        across, down = _lines(columns, plan.width, rng), _lines(rows, plan.height, rng)
        cells = _cells(across, down)
        colours = colour_cells(cells, target, rng)
        shares = np.bincount(colours, weights=cells.areas, minlength=len(plan.codes))
        block = colours.reshape(rows, columns)
        fault = fault_of(block, target) + 20 * float(np.abs(shares - plan.coverage).max())
        if fault < best_fault:
            best, best_fault = (block, across, down), fault
        if fault < 0.5:
            break
    assert best is not None
    block, across, down = best
    return block.repeat(down, axis=0).repeat(across, axis=1)


def _lines(count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Whole pixels of each row or column; they fill the length."""
    sizes = rng.uniform(*UNEVEN, count)
    edges = np.rint(np.cumsum(sizes) / sizes.sum() * length).astype(np.intp)
    return np.diff(edges, prepend=0)


def _cells(across: np.ndarray, down: np.ndarray) -> Cells:
    """The lattice as a graph: linked by edges, pinched at corners."""
    rows, columns = len(down), len(across)
    areas = np.outer(down, across).ravel() / (down.sum() * across.sum())
    links = [0] * (rows * columns)
    pinches = []
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            right, below = here + 1, here + columns
            if column + 1 < columns:
                links[here] |= 1 << right
                links[right] |= 1 << here
            if row + 1 < rows:
                links[here] |= 1 << below
                links[below] |= 1 << here
            if column + 1 < columns and row + 1 < rows:
                both = 1 << right | 1 << below
                pinches += [(here, below + 1, both), (right, below, 1 << here | 1 << (below + 1))]
    return Cells(areas.tolist(), links, pinches)
