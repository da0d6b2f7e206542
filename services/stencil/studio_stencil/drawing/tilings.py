"""Tilings of the surface: hexagons, a grid of uneven cells, Voronoi cells."""

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.patterns import LEAST_RADIUS_MM, circles
from studio_stencil.drawing.scene import Ground, Layer
from studio_stencil.drawing.task import DrawingTask, Drawn
from studio_stencil.motifs.layable import ISLAND_MM2, faults
from studio_stencil.motifs.thickness import pieces

CELL_MM = (720.0, 2000.0)
UNEVEN = (0.88, 1.2)
"""Range of a row's or column's size before they are scaled to fill the surface."""
OVER_MM = 300.0
"""How far cells at the surface's edge go over it, where the picture does."""
REGION_MM2, REGION_ATTEMPTS, RELAXED = 1.5e6, 9, 6
"""Area of a region, how many drawings are tried for one that can be laid, and rounds of relaxation."""
HEXAGON_MM = (700.0, 1500.0)


def hexagons(task: DrawingTask) -> Drawn:
    """A comb of hexagons, about half of them in the base colour, the others never beside their like."""
    ground = task.ground
    side = min(max(ground.short / 6, HEXAGON_MM[0]), HEXAGON_MM[1])
    across, down = 3**0.5 * side, 1.5 * side
    rows, columns = int((ground.height - 0.5 * side) / down), int(ground.width / across - 0.5)
    if rows < 1 or columns < 1:
        return circles(task)
    left = (ground.width - (columns + 0.5 * (rows > 1)) * across) / 2
    top = (ground.height - (rows * down + 0.5 * side)) / 2
    colours: dict[tuple[int, int], int] = {}
    layers = []
    share = 0.0
    order = [(column, row) for row in range(rows) for column in range(columns)]
    for number in task.rng.permutation(len(order)).tolist():
        column, row = order[number]
        if share > 0.46:
            break
        odd = row % 2
        near = [(column + dx, row) for dx in (-1, 1)]
        near += [(column + dx, row + dy) for dy in (-1, 1) for dx in ((0, 1) if odd else (-1, 0))]
        free = [colour for colour in task.colours if colour not in {colours.get(cell) for cell in near}]
        if free:
            colours[column, row] = free[int(task.rng.integers(len(free)))]
            x = left + (column + 0.5 + 0.5 * odd) * across
            y = top + side + row * down
            angles = np.pi / 6 + np.arange(6) * np.pi / 3
            corners = np.column_stack([x + side * np.cos(angles), y + side * np.sin(angles)])
            layers.append(Layer(colours[column, row], shapely.Polygon(corners)))
            share += 1.5 * 3**0.5 * side**2 / (ground.width * ground.height)
    return Drawn(layers, [])


def squares(task: DrawingTask) -> Drawn:
    """Rows and columns of cells, about half of them in the base colour, the others never beside their like."""
    ground = task.ground
    side = min(max(ground.short / 5, CELL_MM[0]), CELL_MM[1])
    columns, rows = max(2, int(ground.width / side)), max(2, int(ground.height / side))
    across, down = (
        _lines(number, length, task.rng) for number, length in ((columns, ground.width), (rows, ground.height))
    )
    colours: dict[tuple[int, int], int] = {}
    layers = []
    for number in task.rng.permutation(columns * rows).tolist():
        column, row = number % columns, number // columns
        near = {colours.get((column + dx, row + dy)) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))}
        free = [colour for colour in task.colours if colour not in near]
        if not free or len(colours) >= 0.48 * columns * rows:
            continue
        colours[column, row] = free[len(colours) % len(free)]
        box = shapely.box(across[column], down[row], across[column + 1], down[row + 1])
        layers.append(Layer(colours[column, row], box))
    return Drawn(_without_small_base(layers, ground), [])


def _lines(number: int, length: float, rng: np.random.Generator) -> np.ndarray:
    """Edges of rows or columns of uneven size; the outer ones lie a little outside the surface."""
    sizes = rng.uniform(*UNEVEN, number)
    edges = np.concatenate([[0.0], np.cumsum(sizes) / sizes.sum() * length])
    edges[0], edges[-1] = -OVER_MM, length + OVER_MM
    return edges


def _without_small_base(layers: list[Layer], ground: Ground) -> list[Layer]:
    """The layers, and the pieces of the base colour too small to lay in the colour of a cell beside them."""
    base = ground.surface.difference(shapely.union_all([layer.area for layer in layers]))
    small = [piece for piece in shapely.get_parts(base) if piece.area < ISLAND_MM2]
    for piece in small:
        beside = max(layers, key=lambda layer: layer.area.buffer(1.0).intersection(piece.boundary).length)
        layers.append(Layer(beside.colour, piece))
    return layers


def regions(task: DrawingTask) -> Drawn:
    """Straight-edged regions: relaxed Voronoi cells, about half of them in the base colour."""
    ground = task.ground
    area = ground.width * ground.height
    number = int(min(max(area / REGION_MM2, 7), 24))
    best: tuple[float, list[Layer]] = (math.inf, [])
    for _ in range(REGION_ATTEMPTS):
        layers = _coloured(_cells(number, ground, task.rng), task)
        faults = sum(len(shapely.get_parts(_faults_of(layers, colour, ground))) for colour in (0, *task.colours))
        if faults < best[0]:
            best = faults, layers
        if not faults:
            break
    return Drawn(best[1], [])


def _cells(number: int, ground: Ground, rng: np.random.Generator) -> list[BaseGeometry]:
    """Cells of about equal size that fill the picture (Lloyd's relaxation)."""
    points = rng.uniform((0, 0), (ground.width, ground.height), (number, 2))
    cells: list[BaseGeometry] = []
    for _ in range(RELAXED):
        found = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=ground.whole))
        cells = [cell.intersection(ground.surface) for cell in found]
        points = shapely.get_coordinates(shapely.centroid(cells))
    return [cell.intersection(ground.whole) for cell in found]


def _coloured(cells: list[BaseGeometry], task: DrawingTask) -> list[Layer]:
    """A colour for about half of the cells; none touches its like."""
    layers: list[Layer] = []
    share, whole = 0.0, sum(cell.area for cell in cells)
    for index in task.rng.permutation(len(cells)).tolist():
        near = {layer.colour for layer in layers if layer.area.distance(cells[index]) < LEAST_RADIUS_MM / 2}
        free = [colour for colour in task.colours if colour not in near]
        if free and share + cells[index].area / whole < 0.52:
            layers.append(Layer(free[len(layers) % len(free)], cells[index]))
            share += cells[index].area / whole
    return layers


def _faults_of(layers: list[Layer], colour: int, ground: Ground) -> BaseGeometry:
    """Places at which the pieces of one colour could not be laid."""
    areas = [layer.area for layer in layers if (layer.colour == colour) == bool(colour) or not colour]
    area = shapely.union_all([piece.buffer(0.5) for piece in areas]).intersection(ground.surface)
    found = pieces(area if colour else ground.surface.difference(area))
    small = [piece for piece in found if piece.area < ISLAND_MM2]
    return shapely.union_all([faults([piece for piece in found if piece.area >= ISLAND_MM2]), *small])
