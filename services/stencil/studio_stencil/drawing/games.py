"""Things to play on: a track, hopscotch, snakes and ladders, a maze, a pitch, a compass."""

import numpy as np
import shapely
from shapely.affinity import rotate, scale, translate
from shapely.geometry.base import BaseGeometry

from studio_stencil.drawing.compositions import scattered
from studio_stencil.drawing.placing import APART_MM, Field, Placed, Wanted, placed_in
from studio_stencil.drawing.scene import Layer
from studio_stencil.drawing.task import DrawingTask, Drawn
from studio_stencil.drawing.walkway import path
from studio_stencil.motifs.layable import ISLAND_MM2, layable
from studio_stencil.motifs.sizes import least_size_m

LINE_MM = 140.0
"""Width of a marked line."""
JOINT_MM = 140.0
"""Ground between two cells of a game."""
INNER_RADIUS_MM = 650.0
"""Radius of a track's inner edge."""
DIGIT = 0.66
"""Height of a digit in parts of its cell."""
OVER_MM = 300.0
"""How far cells at the surface's edge go over it, where the picture does."""
RUNG_MM, LADDER_MM = 730.0, 640.0
"""From rung to rung, and between a ladder's rails."""

SIDES = {
    (1, 0): [(1, 0), (1, 1)],
    (-1, 0): [(0, 0), (0, 1)],
    (0, 1): [(0, 1), (1, 1)],
    (0, -1): [(0, 0), (1, 0)],
}
"""The neighbours of a cell, and the ends of the wall towards each."""


def track(task: DrawingTask) -> Drawn:
    """A closed track with a start line, and motifs in its middle."""
    ground = task.ground
    colours = task.colours
    margin = 250.0
    width = min(0.2 * ground.short, 1600.0, ground.short / 2 - margin - INNER_RADIUS_MM)
    if width < 330:
        return path(task)
    across, down = ground.width - 2 * margin, ground.height - 2 * margin
    radius = min(max(0.42 * min(across, down), width + INNER_RADIUS_MM), min(across, down) / 2 - 1)
    core = shapely.box(radius - across / 2, radius - down / 2, across / 2 - radius, down / 2 - radius)
    middle = ground.width / 2, ground.height / 2
    outer = translate(core.buffer(radius, quad_segs=32), *middle)
    inner = translate(core.buffer(radius - width, quad_segs=32), *middle)
    layers = [Layer(colours[0], outer.difference(inner))]
    x, bar = ground.width / 2, max(340.0, 0.4e6 / width)
    for number, colour in enumerate(colours[1:3] if across - 2 * radius > 2 * bar else []):
        start = shapely.box(x + number * bar, ground.height / 2, x + (number + 1) * bar, ground.height)
        layers.append(Layer(colour, start.intersection(layers[0].area)))
    placed = placed_in([Field(0, inner)], task.wishes, task.rng) if task.wishes else []
    return Drawn(layers, placed)


def hopscotch(task: DrawingTask) -> Drawn:
    """Cells one and two abreast along the surface, numbered where there is room for digits."""
    ground, colours = task.ground, task.colours
    upright = ground.height > ground.width
    length, depth = max(ground.width, ground.height), ground.short
    rows = max(3, min(7, round(length / min(0.42 * depth, 1500.0))))
    side = min((length - 400.0) / rows, (depth - 400.0) / 2) - JOINT_MM
    if side < 620:
        rows = max(1, int((length - 400.0) / (620 + JOINT_MM)))
        side = min(620.0, (depth - 400.0) / 2 - JOINT_MM)
    layers, placed, number = [], [], 0
    step = side + JOINT_MM
    for row in range(rows):
        along = length / 2 + (row - (rows - 1) / 2) * step
        along = along if not upright else length - along
        for across in (0.0,) if row % 2 == 0 else (-step / 2, step / 2):
            number += 1
            x, y = (depth / 2 + across, along) if upright else (along, depth / 2 - across)
            colour = colours[(number - 1) % len(colours)]
            layers.append(Layer(colour, shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)))
            digit = str(number % 10)
            if DIGIT * side / 1000 >= least_size_m(digit):
                placed.append(Placed(digit, x, y, round(DIGIT * side / 1000, 2), 0.0, False, colour, None))
    return Drawn(layers, placed)


def snakes(task: DrawingTask) -> Drawn:
    """A border of cells in turns, with snakes and ladders inside."""
    ground, colours = task.ground, task.colours
    side = max(min(0.14 * ground.short, 900.0), 400.0)
    columns, rows = max(3, int(ground.width / side)), max(3, int(ground.height / side))
    across, down = ground.width / columns, ground.height / rows
    layers = []
    if ground.short > 4200:
        for column in range(columns):
            for row in range(rows):
                if (column in (0, columns - 1) or row in (0, rows - 1)) and (column + row) % 2:
                    box = shapely.box(
                        column * across - (OVER_MM if column == 0 else 0),
                        row * down - (OVER_MM if row == 0 else 0),
                        (column + 1) * across + (OVER_MM if column == columns - 1 else 0),
                        (row + 1) * down + (OVER_MM if row == rows - 1 else 0),
                    )
                    layers.append(Layer(colours[row % len(colours[:2])], box))
        field = ground.surface.buffer(-max(across, down) - 100, join_style="mitre")
    else:
        field = ground.surface
    count = max(1, min(4, int(field.area / 9e6)))
    ladders, taken = [], shapely.Polygon()
    for number in range(count):
        ladder = _ladder(3 if ground.short < 4500 else 4)
        spot = _free_spot(ladder, field.difference(taken.buffer(APART_MM)), task.rng)
        if spot is not None:
            ladders.append(Layer(colours[(number + 1) % len(colours)], spot))
            taken = taken.union(spot.convex_hull)
    free = Field(0, field.difference(taken.buffer(APART_MM / 2)))
    wishes = [wish for wish in task.wishes if wish.emoji != "🪜"] or [Wanted("🐍", count, 1.3, None)]
    placed = placed_in([free], wishes, task.rng)
    return Drawn(layers + ladders, placed)


def _ladder(rungs: int) -> BaseGeometry:
    height = (rungs + 1) * RUNG_MM
    rails = [shapely.box(x, 0, x + LINE_MM, height) for x in (0, LINE_MM + LADDER_MM)]
    wide = 2 * LINE_MM + LADDER_MM
    rungs_at = [number * RUNG_MM - LINE_MM / 2 for number in range(1, rungs + 1)]
    bars = [shapely.box(0, y, wide, y + LINE_MM) for y in rungs_at]
    return shapely.union_all([*rails, *bars])


def _free_spot(shape: BaseGeometry, room: BaseGeometry, rng: np.random.Generator) -> BaseGeometry | None:
    """A shape moved and turned to a place inside the room."""
    inner = room.buffer(-APART_MM)
    if inner.is_empty:
        return None
    left, top, right, bottom = inner.bounds
    for _ in range(60):
        turned = rotate(shape, float(rng.choice([90.0, 75.0, -75.0, 15.0, -15.0, 0.0])), origin="centroid")
        middle = turned.centroid
        spot = translate(turned, rng.uniform(left, right) - middle.x, rng.uniform(top, bottom) - middle.y)
        if inner.covers(spot.convex_hull):
            return spot
    return None


def maze(task: DrawingTask) -> Drawn:
    """Walls in one colour, with one way between any two cells (depth-first search)."""
    ground = task.ground
    side = min(max(ground.short / 6, 700.0), 1500.0)
    columns, rows = int((ground.width - 500) / side), int((ground.height - 500) / side)
    if min(columns, rows) < 2:
        return scattered(task)
    wall = min(max(0.22 * side, 160.0), 300.0)
    open_sides = _corridors(columns, rows, task.rng)
    walls = []
    for column in range(columns):
        for row in range(rows):
            here = (column, row)
            for (dx, dy), line in SIDES.items():
                gate = (here == (0, 0) and dx == -1) or (here == (columns - 1, rows - 1) and dx == 1)
                if (here, (column + dx, row + dy)) not in open_sides and not gate:
                    walls.append(shapely.LineString([((column + a) * side, (row + b) * side) for a, b in line]))
    area = shapely.union_all(walls).buffer(wall / 2, cap_style="square", join_style="mitre")
    area = translate(area, (ground.width - columns * side) / 2, (ground.height - rows * side) / 2)
    return Drawn([Layer(task.colours[0], area)], [])


def _corridors(columns: int, rows: int, rng: np.random.Generator) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of neighbouring cells without a wall between them, both ways round."""
    found: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    way, seen = [(0, 0)], {(0, 0)}
    while way:
        column, row = way[-1]
        near = [(column + dx, row + dy) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        near = [cell for cell in near if 0 <= cell[0] < columns and 0 <= cell[1] < rows and cell not in seen]
        if not near:
            way.pop()
            continue
        following = near[int(rng.integers(len(near)))]
        found |= {(way[-1], following), (following, way[-1])}
        seen.add(following)
        way.append(following)
    return found


def pitch(task: DrawingTask) -> Drawn:
    """A football pitch in lines."""
    ground = task.ground
    upright = ground.height > ground.width
    length, depth = max(ground.width, ground.height) - 600, ground.short - 600
    if depth < 1500:
        return scattered(task)
    lines = [shapely.box(0, 0, length, depth).exterior, shapely.LineString([(length / 2, 0), (length / 2, depth)])]
    radius = min(0.2 * depth, 3000.0)
    if radius > 550:
        lines.append(shapely.Point(length / 2, depth / 2).buffer(radius, quad_segs=32).exterior)
    if length > 5000:
        for box in (
            (0, 0.22 * depth, 0.14 * length, 0.78 * depth),
            (0.86 * length, 0.22 * depth, length, 0.78 * depth),
        ):
            lines.append(shapely.box(*box).exterior)
    marks = shapely.union_all([line.buffer(LINE_MM / 2, join_style="mitre", cap_style="flat") for line in lines])
    if upright:
        marks = shapely.transform(marks, lambda points: points[:, ::-1])
    light = max(task.colours, key=lambda number: task.lightness(number))
    return Drawn([Layer(light, translate(marks, 300, 300))], [])


def compass(task: DrawingTask) -> Drawn:
    """A compass rose of two stars in a ring, with letters where there is room."""
    ground, colours = task.ground, task.colours
    middle = ground.width / 2, ground.height / 2
    letter = max(least_size_m(character) for character in "NESW") * 1.05
    lettered = ground.short / 2 - 1000 * letter - 2 * APART_MM > 1000
    reach = ground.short / 2 - (1000 * letter + 2 * APART_MM if lettered else 250)
    layers = []
    if reach > 1300:
        ring = shapely.Point(middle).buffer(reach, quad_segs=48)
        layers.append(Layer(colours[-1], ring.difference(ring.buffer(-max(0.08 * reach, 180)))))
        reach = reach - max(0.08 * reach, 180) - 200
    colour = colours[0]
    star, between = layable(_star(reach)), layable(rotate(_star(0.74 * reach), 45, origin=(0, 0)))
    if len(colours) > 1 and all(piece.area > ISLAND_MM2 for piece in shapely.get_parts(between.difference(star))):
        layers.append(Layer(colours[1], translate(between, *middle)))
    layers.append(Layer(colour, translate(star, *middle)))
    placed = []
    if lettered:
        away = ground.short / 2 - 500 * letter - APART_MM
        for character, dx, dy in (("N", 0, -1), ("E", 1, 0), ("S", 0, 1), ("W", -1, 0)):
            x, y = middle[0] + dx * away, middle[1] + dy * away
            placed.append(Placed(character, x, y, round(letter, 2), 0.0, False, 0, None))
    return Drawn(layers, placed)


def _star(reach: float) -> BaseGeometry:
    """A star with four points."""
    angles = np.arange(8) * np.pi / 4
    radii = np.where(np.arange(8) % 2, 0.38 * reach, reach)
    return scale(shapely.Polygon(np.column_stack([np.sin(angles), -np.cos(angles)]) * radii[:, np.newaxis]), 1, 1)
