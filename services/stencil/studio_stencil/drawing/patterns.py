"""Patterns: stripes, concentric circles, hexagons, islands with bridges, a spiral."""

import math

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.backgrounds import Background
from studio_stencil.drawing.compositions import Drawn, Job, with_motifs
from studio_stencil.drawing.placing import APART_MM, Field, Placed, hull, placed_in
from studio_stencil.drawing.scene import Ground, Layer
from studio_stencil.motifs.layable import ISLAND_MM2, faults
from studio_stencil.motifs.sizes import least_size_m
from studio_stencil.motifs.thickness import pieces

STRIPE_MM = (360.0, 900.0)
RING_MM = (320.0, 900.0)
LEAST_RADIUS_MM = 640.0
SPIRAL_RADIUS_MM = 1050.0
"""Where a spiral begins; its inner edge bends as gently as the rules ask."""
CELL_MM = (720.0, 2000.0)
UNEVEN = (0.88, 1.2)
"""Range of a row's or column's size before they are scaled to fill the surface."""
OVER_MM = 300.0
"""How far cells at the surface's edge go over it, where the picture does."""
REGION_MM2, REGION_ATTEMPTS, RELAXED = 1.5e6, 9, 6
"""Area of a region, how many drawings are tried for one that can be laid, and rounds of relaxation."""
HEXAGON_MM = (700.0, 1500.0)


def stripes(job: Job) -> Drawn:
    """Stripes across the surface's length, the base between any two; motifs on a wide one in the middle."""
    ground = job.ground
    upright = ground.height > ground.width
    length = max(ground.width, ground.height)
    width = min(max(ground.short / 8, STRIPE_MM[0]), STRIPE_MM[1])
    panel = min(0.5 * length, 1.6 * ground.short) if job.wishes else 0.0
    pairs = max(1, int((length - panel) / 2 / (2.2 * width)))
    step = (length - panel) / 2 / pairs
    layers = []
    for number in range(2 * pairs):
        index = number if number < pairs else 2 * pairs - 1 - number
        start = number * step if number < pairs else length - (index + 1) * step
        start += 0.27 * step
        box = (start, -500.0, start + 0.46 * step, ground.short + 500.0)
        area = shapely.box(box[1], box[0], box[3], box[2]) if upright else shapely.box(*box)
        layers.append(Layer(job.colours[index % len(job.colours)], area))
    low, high = (length - panel) / 2, (length + panel) / 2
    field = shapely.box(0, low, ground.width, high) if upright else shapely.box(low, 0, high, ground.height)
    placed = placed_in([Field(0, field)], job.wishes, job.rng) if job.wishes else []
    return with_motifs(job, Background(layers, []), placed)


def circles(job: Job) -> Drawn:
    """Rings one around the other, several groups on a long surface, with motifs in the middle."""
    ground = job.ground
    upright = ground.height > ground.width
    length = max(ground.width, ground.height)
    groups = max(1, min(6, int(length / ground.short + 0.3)))
    outer = min(length / groups, ground.short) / 2 - 200
    width = min(max(outer / 5, RING_MM[0]), RING_MM[1])
    motifs = [wish for wish in job.wishes for _ in range(wish.number)][:groups]
    core = max(LEAST_RADIUS_MM, 0.45 * outer if motifs else 0.0)
    layers, placed = [], []
    for group in range(groups):
        along = length * (group + 0.5) / groups
        x, y = (ground.width / 2, along) if upright else (along, ground.height / 2)
        radii = [outer]
        while radii[-1] - width > core:
            radii.append(radii[-1] - width)
        for number, radius in enumerate(radii):
            colour = 0 if number % 2 else job.colours[(number // 2 + group) % len(job.colours)]
            layers.append(Layer(colour, translate(shapely.Point(0, 0).buffer(radius, quad_segs=48), x, y)))
        ground_there = layers[-1].colour
        for wish in motifs[group : group + 1]:
            reach = shapely.hausdorff_distance(shapely.Point(0, 0), hull(wish.emoji, 1.0))
            size = round((radii[-1] - APART_MM) / reach, 2)
            if size >= least_size_m(wish.emoji):
                placed.append(Placed(wish.emoji, x, y, size, 0.0, False, ground_there, wish.colour))
    return with_motifs(job, Background(layers, []), placed)


def hexagons(job: Job) -> Drawn:
    """A comb of hexagons, about half of them in the base colour, the others never beside their like."""
    ground = job.ground
    side = min(max(ground.short / 6, HEXAGON_MM[0]), HEXAGON_MM[1])
    across, down = 3**0.5 * side, 1.5 * side
    rows, columns = int((ground.height - 0.5 * side) / down), int(ground.width / across - 0.5)
    if rows < 1 or columns < 1:
        return circles(job)
    left = (ground.width - (columns + 0.5 * (rows > 1)) * across) / 2
    top = (ground.height - (rows * down + 0.5 * side)) / 2
    colours: dict[tuple[int, int], int] = {}
    layers = []
    share = 0.0
    order = [(column, row) for row in range(rows) for column in range(columns)]
    for number in job.rng.permutation(len(order)).tolist():
        column, row = order[number]
        if share > 0.46:
            break
        odd = row % 2
        near = [(column + dx, row) for dx in (-1, 1)]
        near += [(column + dx, row + dy) for dy in (-1, 1) for dx in ((0, 1) if odd else (-1, 0))]
        free = [colour for colour in job.colours if colour not in {colours.get(cell) for cell in near}]
        if free:
            colours[column, row] = free[int(job.rng.integers(len(free)))]
            x = left + (column + 0.5 + 0.5 * odd) * across
            y = top + side + row * down
            angles = np.pi / 6 + np.arange(6) * np.pi / 3
            corners = np.column_stack([x + side * np.cos(angles), y + side * np.sin(angles)])
            layers.append(Layer(colours[column, row], shapely.Polygon(corners)))
            share += 1.5 * 3**0.5 * side**2 / (ground.width * ground.height)
    return Drawn(layers, [])


def squares(job: Job) -> Drawn:
    """Rows and columns of cells, about half of them in the base colour, the others never beside their like."""
    ground = job.ground
    side = min(max(ground.short / 5, CELL_MM[0]), CELL_MM[1])
    columns, rows = max(2, int(ground.width / side)), max(2, int(ground.height / side))
    across, down = (
        _lines(number, length, job.rng) for number, length in ((columns, ground.width), (rows, ground.height))
    )
    colours: dict[tuple[int, int], int] = {}
    layers = []
    for number in job.rng.permutation(columns * rows).tolist():
        column, row = number % columns, number // columns
        near = {colours.get((column + dx, row + dy)) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))}
        free = [colour for colour in job.colours if colour not in near]
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


def regions(job: Job) -> Drawn:
    """Straight-edged regions: relaxed Voronoi cells, about half of them in the base colour."""
    ground = job.ground
    area = ground.width * ground.height
    number = int(min(max(area / REGION_MM2, 7), 24))
    best: tuple[float, list[Layer]] = (math.inf, [])
    for _ in range(REGION_ATTEMPTS):
        layers = _coloured(_cells(number, ground, job.rng), job)
        faults = sum(len(shapely.get_parts(_faults_of(layers, colour, ground))) for colour in (0, *job.colours))
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


def _coloured(cells: list[BaseGeometry], job: Job) -> list[Layer]:
    """A colour for about half of the cells; none touches its like."""
    layers: list[Layer] = []
    share, whole = 0.0, sum(cell.area for cell in cells)
    for index in job.rng.permutation(len(cells)).tolist():
        near = {layer.colour for layer in layers if layer.area.distance(cells[index]) < LEAST_RADIUS_MM / 2}
        free = [colour for colour in job.colours if colour not in near]
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


def islands(job: Job) -> Drawn:
    """Round islands in a sea of the base colour, joined by bridges; motifs lie on the islands that are large enough."""
    ground, colours = job.ground, job.colours
    upright = ground.height > ground.width
    length, depth = max(ground.width, ground.height), ground.short
    count = max(2, min(8, round(1.25 * length / depth) + 1))
    middles, radii = [], []
    for number in range(count):
        radius = min(0.27 * depth, 0.33 * length / count, 2400.0) * (1.0 if number % 2 else 1.15)
        radius = max(radius, 420.0)
        along = length * (number + 0.5) / count
        aside = depth / 2 + (1 if number % 2 else -1) * max(0.0, min(depth / 2 - radius - 200, 0.2 * depth))
        middles.append((aside, along) if upright else (along, aside))
        radii.append(radius)
    bridge = shapely.LineString(middles).buffer(
        min(max(0.09 * depth, 200.0), 420.0), cap_style="flat", join_style="round"
    )
    discs = shapely.union_all([shapely.Point(at).buffer(r) for at, r in zip(middles, radii, strict=True)])
    spans = [piece for piece in shapely.get_parts(bridge.difference(discs)) if piece.area > ISLAND_MM2]
    layers = [Layer(colours[-1], span.buffer(60.0)) for span in spans]
    placed = []
    motifs = [wish for wish in job.wishes for _ in range(wish.number)]
    for number, (middle, radius) in enumerate(zip(middles, radii, strict=True)):
        colour = colours[number % max(len(colours) - 1, 1)]
        layers.append(Layer(colour, translate(shapely.Point(0, 0).buffer(radius, quad_segs=32), *middle)))
        for wish in motifs[number : number + 1]:
            reach = shapely.hausdorff_distance(shapely.Point(0, 0), hull(wish.emoji, 1.0))
            size = round((radius - APART_MM) / reach, 2)
            if size >= least_size_m(wish.emoji):
                placed.append(Placed(wish.emoji, *middle, size, 0.0, False, colour, wish.colour))
    return with_motifs(job, Background(layers, []), placed)


def spiral(job: Job) -> Drawn:
    """A ribbon that winds out from the middle; a second one between its turns where there is a colour for it."""
    ground = job.ground
    outer = ground.short / 2 - 200
    turns = min(4.0, (outer - SPIRAL_RADIUS_MM) / 1000)
    if turns < 0.75:
        return circles(job)
    pitch = (outer - SPIRAL_RADIUS_MM) / turns
    ribbons = 2 if pitch > 1400 and len(job.colours) > 1 else 1
    width = 0.46 * pitch / ribbons
    angle = np.linspace(0, 2 * np.pi * turns, int(90 * turns))
    start = job.rng.uniform(0, 2 * np.pi)
    layers = []
    for number, colour in enumerate(job.colours[:ribbons]):
        radius = SPIRAL_RADIUS_MM + pitch * angle / (2 * np.pi) - width / 2
        turned = angle + start + np.pi * number
        line = np.column_stack([radius * np.cos(turned), radius * np.sin(turned)])
        ribbon = shapely.LineString(line).buffer(width / 2, cap_style="flat")
        layers.append(Layer(colour, translate(ribbon, ground.width / 2, ground.height / 2)))
    return Drawn(layers, [])
