"""Patterns: stripes, concentric circles, islands with bridges, a spiral."""

import numpy as np
import shapely
from shapely.affinity import translate

from studio_stencil.drawing.placing import APART_MM, Field, Placed, hull, placed_in
from studio_stencil.drawing.scene import Layer
from studio_stencil.drawing.task import DrawingTask, Drawn
from studio_stencil.motifs.layable import ISLAND_MM2
from studio_stencil.motifs.sizes import least_size_m

STRIPE_MM = (360.0, 900.0)
RING_MM = (320.0, 900.0)
LEAST_RADIUS_MM = 640.0
SPIRAL_RADIUS_MM = 1050.0
"""Where a spiral begins; its inner edge bends as gently as the rules ask."""


def stripes(task: DrawingTask) -> Drawn:
    """Stripes across the surface's length, the base between any two; motifs on a wide one in the middle."""
    ground = task.ground
    upright = ground.height > ground.width
    length = max(ground.width, ground.height)
    width = min(max(ground.short / 8, STRIPE_MM[0]), STRIPE_MM[1])
    panel = min(0.5 * length, 1.6 * ground.short) if task.wishes else 0.0
    pairs = max(1, int((length - panel) / 2 / (2.2 * width)))
    step = (length - panel) / 2 / pairs
    layers = []
    for number in range(2 * pairs):
        index = number if number < pairs else 2 * pairs - 1 - number
        start = number * step if number < pairs else length - (index + 1) * step
        start += 0.27 * step
        box = (start, -500.0, start + 0.46 * step, ground.short + 500.0)
        area = shapely.box(box[1], box[0], box[3], box[2]) if upright else shapely.box(*box)
        layers.append(Layer(task.colours[index % len(task.colours)], area))
    low, high = (length - panel) / 2, (length + panel) / 2
    field = shapely.box(0, low, ground.width, high) if upright else shapely.box(low, 0, high, ground.height)
    field = field.intersection(ground.surface)
    placed = placed_in([Field(0, field)], task.wishes, task.rng) if task.wishes else []
    return Drawn(layers, placed)


def circles(task: DrawingTask) -> Drawn:
    """Rings one around the other, several groups on a long surface, with motifs in the middle."""
    ground = task.ground
    upright = ground.height > ground.width
    length = max(ground.width, ground.height)
    groups = max(1, min(6, int(length / ground.short + 0.3)))
    outer = min(length / groups, ground.short) / 2 - 200
    width = min(max(outer / 5, RING_MM[0]), RING_MM[1])
    motifs = [wish for wish in task.wishes for _ in range(wish.number)][:groups]
    core = max(LEAST_RADIUS_MM, 0.45 * outer if motifs else 0.0)
    layers, placed = [], []
    for group in range(groups):
        along = length * (group + 0.5) / groups
        x, y = (ground.width / 2, along) if upright else (along, ground.height / 2)
        radii = [outer]
        while radii[-1] - width > core:
            radii.append(radii[-1] - width)
        for number, radius in enumerate(radii):
            colour = 0 if number % 2 else task.colours[(number // 2 + group) % len(task.colours)]
            layers.append(Layer(colour, translate(shapely.Point(0, 0).buffer(radius, quad_segs=48), x, y)))
        ground_there = layers[-1].colour
        for wish in motifs[group : group + 1]:
            reach = shapely.hausdorff_distance(shapely.Point(0, 0), hull(wish.emoji, 1.0))
            size = round((radii[-1] - APART_MM) / reach, 2)
            if size >= least_size_m(wish.emoji):
                placed.append(Placed(wish.emoji, x, y, size, 0.0, False, ground_there, wish.colour))
    return Drawn(layers, placed)


def islands(task: DrawingTask) -> Drawn:
    """Round islands in a sea of the base colour, joined by bridges; motifs lie on the islands that are large enough."""
    ground, colours = task.ground, task.colours
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
    motifs = [wish for wish in task.wishes for _ in range(wish.number)]
    for number, (middle, radius) in enumerate(zip(middles, radii, strict=True)):
        colour = colours[number % max(len(colours) - 1, 1)]
        layers.append(Layer(colour, translate(shapely.Point(0, 0).buffer(radius, quad_segs=32), *middle)))
        for wish in motifs[number : number + 1]:
            reach = shapely.hausdorff_distance(shapely.Point(0, 0), hull(wish.emoji, 1.0))
            size = round((radius - APART_MM) / reach, 2)
            if size >= least_size_m(wish.emoji):
                placed.append(Placed(wish.emoji, *middle, size, 0.0, False, colour, wish.colour))
    return Drawn(layers, placed)


def spiral(task: DrawingTask) -> Drawn:
    """A ribbon that winds out from the middle; a second one between its turns where there is a colour for it."""
    ground = task.ground
    outer = ground.short / 2 - 200
    turns = min(4.0, (outer - SPIRAL_RADIUS_MM) / 1000)
    if turns < 0.75:
        return circles(task)
    pitch = (outer - SPIRAL_RADIUS_MM) / turns
    ribbons = 2 if pitch > 1400 and len(task.colours) > 1 else 1
    width = 0.46 * pitch / ribbons
    angle = np.linspace(0, 2 * np.pi * turns, int(90 * turns))
    start = task.rng.uniform(0, 2 * np.pi)
    layers = []
    for number, colour in enumerate(task.colours[:ribbons]):
        radius = SPIRAL_RADIUS_MM + pitch * angle / (2 * np.pi) - width / 2
        turned = angle + start + np.pi * number
        line = np.column_stack([radius * np.cos(turned), radius * np.sin(turned)])
        ribbon = shapely.LineString(line).buffer(width / 2, cap_style="flat")
        layers.append(Layer(colour, translate(ribbon, ground.width / 2, ground.height / 2)))
    return Drawn(layers, [])
