"""Compositions of motifs: a hero, scattered, along a flow, a panorama, in medallions."""

import numpy as np
import shapely
from shapely.affinity import translate

from studio_stencil.drawing.backgrounds import discs, flowing, horizon, plain, pool
from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.drawing.placing import APART_MM, Field, Placed, Wanted, hull, placed_in
from studio_stencil.drawing.room import Room
from studio_stencil.drawing.scene import Ground, Layer
from studio_stencil.drawing.task import DrawingTask, Drawn, shape_of
from studio_stencil.motifs.colours import fill_difference, natural_colours
from studio_stencil.motifs.sizes import least_size_m

SKY, LAND = "#8fd0f0", "#6aa84f"
"""What sky and ground look like."""
IN_THE_SKY = frozenset("☀🌞☁🌙⭐🌟✨🌈🦋🐝🐦🦅🦜🦉🕊🚀🛸✈🚁🎈🪁🪐☄🌍🌕🛩🪶🦇")


def scattered(task: DrawingTask) -> Drawn:
    """Motifs all over the base colour, with round spots of the quieter colours between them."""
    background = plain(task.ground)
    placed = placed_in(background.fields, task.wishes, task.rng)
    taken = shapely.union_all([shape_of(place) for place in placed])
    if accents := task.accents[:3]:
        room = task.ground.width * task.ground.height / 1e6
        background = background._replace(
            layers=discs(task.ground, taken, accents, min(3 + int(room / 12), 14), task.rng)
        )
    return Drawn(background.layers, placed)


def flow(task: DrawingTask) -> Drawn:
    """Motifs in a field of the base colour between bands that flow along the surface."""
    background = flowing(task.ground, task.accents[:4], task.rng)
    fields = [field for field in background.fields if field.colour == 0]
    return Drawn(background.layers, placed_in(fields, task.wishes, task.rng))


def hero(task: DrawingTask) -> Drawn:
    """One large motif on fields that echo its shape, the others smaller around it."""
    if not task.wishes:  # a client may ask for a hero and name none
        return scattered(task)
    first = max(task.wishes, key=lambda wish: wish.relative)
    others = [wish._replace(number=wish.number - (wish is first)) for wish in task.wishes]
    others = [wish for wish in others if wish.number]
    best: Drawn | None = None
    for share in (0.92, 0.76, 0.62, 0.5):
        drawn = _hero(task, first, others, share)
        kinds = {place.emoji for place in drawn.placed}
        if best is None or len(kinds) > len({place.emoji for place in best.placed}):
            best = drawn
        if kinds == {wish.emoji for wish in task.wishes}:
            break
    assert best is not None
    return best


def _hero(task: DrawingTask, first: Wanted, others: list[Wanted], share: float) -> Drawn:
    """A hero at a share of the most that the surface takes, and its companions."""
    ground, accents = task.ground, task.accents
    room = ground.room
    box = hull(first.emoji, 1.0).bounds
    across, down = box[2] - box[0], box[3] - box[1]
    beside = 0.62 if others else 1.0
    wide, short = room.width > room.height, min(room.width, room.height)
    rings = min(2 if short > 6000 else 1 if short > 4200 else 0, len(accents))
    echo = 650.0 + 420.0 * (rings - 1) if rings else APART_MM
    most = min(
        ((room.width * (beside if wide else 1)) - 2 * echo - 300) / across,
        ((room.height * (1 if wide else beside)) - 2 * echo - 300) / down,
    )
    size = round(max(min(share * most, 9.0), least_size_m(first.emoji)), 2)
    shape = hull(first.emoji, size)
    x, y = _golden(room, size * across * 500 + echo, size * down * 500 + echo, bool(others), task.rng)
    if rings:
        below = accents[:rings][::-1]
        layers = pool(ground, translate(shape, x, y), below)
        inside, taken = below[-1], shapely.union_all([layer.area for layer in layers])
    else:
        layers, inside, taken = [], 0, translate(shape, x, y)
    place = Placed(first.emoji, x, y, size, 0.0, False, inside, first.colour)
    free = Field(0, ground.surface.difference(taken))
    companions = placed_in([free], others, task.rng, largest_m=0.8 * size) if others else []
    if accents:
        taken = shapely.union_all([taken, *map(shape_of, companions)])
        free_m2 = (ground.surface.area - taken.area) / 1e6
        layers = layers + discs(ground, taken, accents[rings:] or accents, min(int(free_m2 / 5), 8), task.rng)
    return Drawn(layers, [place, *companions])


def _golden(
    room: Room, half_width: float, half_height: float, aside: bool, rng: np.random.Generator
) -> tuple[float, float]:
    """The middle of the room; where something lies beside it, off it, but no nearer to the edge than it fits."""
    x, y = room.width / 2, room.height / 2
    if aside:
        side = 0.38 if rng.random() < 0.5 else 0.62
        x, y = (room.width * side, y) if room.width >= room.height else (x, room.height * side)
    low_x, low_y = min(half_width + 250, room.width / 2), min(half_height + 250, room.height / 2)
    x, y = min(max(x, low_x), room.width - low_x), min(max(y, low_y), room.height - low_y)
    return room.left + x, room.top + y


def panorama(task: DrawingTask) -> Drawn:
    """Ground, hills and sky, with each motif where it belongs.

    The base colour is the sky where it is blue and there is a colour for the ground, otherwise the ground.
    """
    accents = task.accents
    if not accents:
        return scattered(task)
    above = [wish for wish in task.wishes if wish.emoji[0] in IN_THE_SKY]
    below = [wish for wish in task.wishes if wish.emoji[0] not in IN_THE_SKY]
    base_is_sky = fill_difference(SKY, task.codes[0]) < fill_difference(LAND, task.codes[0])
    other = min(accents, key=lambda number: fill_difference(LAND if base_is_sky else SKY, task.codes[number]))
    hills = [number for number in accents if number != other][:1]
    weights = [sum(wish.number * wish.relative**2 for wish in wishes) for wishes in (above, below)]
    high = min(max(weights[0] / max(sum(weights), 1e-9), 0.3), 0.66)
    sky, land = (0, other) if base_is_sky else (other, 0)
    background = horizon(task.ground, [sky, *hills, land], high, task.rng)
    placed = placed_in(background.fields[:1], above, task.rng) if above else []
    placed += placed_in(background.fields[-1:], below, task.rng) if below else []
    return Drawn(background.layers, placed)


def medallions(task: DrawingTask) -> Drawn:
    """Round fields in a regular order, each with one motif."""
    accents = task.accents
    ground = task.ground
    emoji = [wish for wish in task.wishes for _ in range(wish.number)]
    if not accents or not emoji:
        return scattered(task)
    need = max(least_size_m(wish.emoji) for wish in task.wishes) * 1000 / 2 + APART_MM + 60
    columns, rows, radius = _lattice(ground, len(emoji), max(need, 620.0))
    if not columns:
        return hero(task)
    layers, placed = [], []
    for number in range(columns * rows):
        x = ground.width * (number % columns + 0.5) / columns
        y = ground.height * (number // columns + 0.5) / rows
        wish = emoji[number] if number < len(emoji) else None
        colour = _medallion_colour(task, wish, number + number // columns)
        layers.append(Layer(colour, translate(shapely.Point(0, 0).buffer(radius, quad_segs=32), x, y)))
        if wish is not None:
            reach = shapely.hausdorff_distance(shapely.Point(0, 0), hull(wish.emoji, 1.0))
            size = round((radius - APART_MM) / reach, 2)
            placed.append(Placed(wish.emoji, x, y, size, 0.0, False, colour, wish.colour))
        elif radius > 1000:
            layers.append(Layer(0, translate(shapely.Point(0, 0).buffer(0.55 * radius, quad_segs=32), x, y)))
    return Drawn(layers, placed)


def _medallion_colour(task: DrawingTask, wish: Wanted | None, turn: int) -> int:
    """A colour for a round field, in turns, but not one that its motif needs."""
    own = natural_colours(wish.emoji)[:1] if wish else ()
    fit = [number for number in task.accents if all(difference(task.codes[number], code) > 2 * CLOSE for code in own)]
    fit = fit or task.accents
    return fit[turn % len(fit)]


def _lattice(ground: Ground, most: int, least_radius: float) -> tuple[int, int, float]:
    """Columns, rows and radius of equal discs that fill the surface; no columns where none has room."""
    best = (0, 0, 0.0)
    for rows in range(1, 6):
        columns = max(1, round(rows * ground.width / ground.height))
        radius = min(ground.width / columns, ground.height / rows) / 2 - 160
        if radius >= least_radius and (not best[0] or columns * rows <= max(most, 2)):
            best = (columns, rows, min(radius, 2600.0))
    return best
