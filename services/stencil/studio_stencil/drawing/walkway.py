"""A path that leads through the surface, with motifs beside it and footprints on it."""

import math
from itertools import product

import shapely
from shapely.affinity import rotate, scale, translate

from studio_stencil.drawing.backgrounds import winding
from studio_stencil.drawing.compositions import scattered
from studio_stencil.drawing.placing import APART_MM, Field, Placed, Wanted, hull, placed_in
from studio_stencil.drawing.scene import Layer
from studio_stencil.drawing.task import DrawingTask, Drawn
from studio_stencil.motifs.library import STEPS
from studio_stencil.motifs.outlines import outline
from studio_stencil.motifs.sizes import least_size_m

STEP_EDGE_MM = 135.0
"""Prints keep this far from the edge of a path."""


def path(task: DrawingTask) -> Drawn:
    """A path that leads through the surface, with motifs at both sides; footprints go along it."""
    accents = task.accents or list(range(1, len(task.codes)))
    if not accents:
        return scattered(task)
    ground = task.ground
    steps = [wish for wish in task.wishes if wish.emoji[0] in STEPS]
    width = min(max(0.24 * ground.short, 700.0), 1500.0)
    if steps:
        need = 1000 * least_size_m(steps[0].emoji) * 1.15
        width = min(max(width, need), 0.42 * ground.short) if len(task.wishes) > 1 else min(need, 0.6 * ground.short)
    line, ribbon = winding(ground, width, task.rng)
    layers = []
    kerb = 240.0 if len(accents) > 1 and ground.short > 3500 else 0.0
    if kerb:
        layers.append(Layer(accents[1], line.buffer(width / 2 + kerb, cap_style="flat", quad_segs=12)))
    layers.append(Layer(accents[0], ribbon))
    layers = [Layer(layer.colour, layer.area.intersection(ground.whole)) for layer in layers]
    free = ground.surface.difference(layers[0].area)
    fields = [Field(0, piece) for piece in shapely.get_parts(free)]
    on_it = ribbon.intersection(ground.surface)
    prints = {wish.emoji: _along(line, on_it, wish, accents[0]) for wish in steps}
    beside = [wish for wish in task.wishes if not prints.get(wish.emoji)]
    placed = [place for found in prints.values() for place in found]
    placed += placed_in(fields, beside, task.rng) if beside else []
    return Drawn(layers, placed)


def _along(line: shapely.LineString, ribbon: shapely.Geometry, wish: Wanted, colour: int) -> list[Placed]:
    """Prints one after the other along a path, left and right in turns; none where the path is too narrow."""
    width = 2 * shapely.maximum_inscribed_circle(ribbon, tolerance=10).length
    box = hull(wish.emoji, 1.0).bounds
    size = least_size_m(wish.emoji)
    if size > (width - 2 * STEP_EDGE_MM) / (box[2] - box[0]):
        return []
    print_ = outline(wish.emoji, round(size, 3))
    aside = max(0.0, (width - 2 * STEP_EDGE_MM) / 2 - 1.2 * size * (box[2] - box[0]) / 2)
    stride = size * (box[3] - box[1]) + 2 * APART_MM
    inside = ribbon.buffer(-STEP_EDGE_MM)
    found: list[Placed] = []
    last = shapely.Point()
    for number in range(int(line.length / stride)):
        at = (number + 0.5) * stride
        here, ahead = line.interpolate(at), line.interpolate(at + 50.0)
        dx, dy = (ahead.x - here.x) / 50.0, (ahead.y - here.y) / 50.0
        flipped = scale(print_, -1 if number % 2 else 1, 1, origin=(0, 0))
        heading = math.degrees(math.atan2(dy, dx)) + 90.0
        for side, turn in product((aside if number % 2 else -aside, 0.0), (heading, heading - 15.0, heading + 15.0)):
            x, y = here.x - dy * side, here.y + dx * side
            shape = translate(rotate(flipped, turn, origin=(0, 0)), x, y)
            if inside.covers(shape) and not shape.distance(last) < APART_MM:
                last = shape
                found.append(Placed(wish.emoji, x, y, size, turn, bool(number % 2), colour, wish.colour))
                break
    return found
