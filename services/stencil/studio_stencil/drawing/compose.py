"""From a reading and a direction to an exact picture in palette colours, with the surface's real shape."""

import io
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from shapely.geometry.base import BaseGeometry

from studio_contracts.brief import Strategy
from studio_contracts.palette import BY_CODE
from studio_contracts.reading import Reading, Subject
from studio_stencil.drawing import compositions, games, patterns, tilings, walkway
from studio_stencil.drawing.backgrounds import discs
from studio_stencil.drawing.bands import draw_bands
from studio_stencil.drawing.directions import Direction
from studio_stencil.drawing.motif_layers import MotifWish, layers_of, wish_for
from studio_stencil.drawing.placing import Placed, Wanted, wanted
from studio_stencil.drawing.room import Room
from studio_stencil.drawing.scene import Ground, Layer, rasterised
from studio_stencil.drawing.sheet import Sheet
from studio_stencil.drawing.task import DrawingTask, Drawn
from studio_stencil.motifs.library import find_motif
from studio_stencil.planning import scale
from studio_stencil.planning.roles import coverage

DRAW: dict[Strategy, Callable[[DrawingTask], Drawn]] = {
    "hero": compositions.hero,
    "scattered": compositions.scattered,
    "flowing": compositions.flow,
    "panorama": compositions.panorama,
    "path": walkway.path,
    "medallions": compositions.medallions,
    "track": games.track,
    "hopscotch": games.hopscotch,
    "snakes": games.snakes,
    "maze": games.maze,
    "pitch": games.pitch,
    "compass": games.compass,
    "stripes": patterns.stripes,
    "circles": patterns.circles,
    "hexagons": tilings.hexagons,
    "islands": patterns.islands,
    "spiral": patterns.spiral,
    "grid": tilings.squares,
    "voronoi": tilings.regions,
}
LETTERS = {"letters": "ABCDEFGHJKLMN", "digits": "123456789"}
WHOLE: frozenset[Strategy] = frozenset({"medallions", "track", "hopscotch", "snakes", "maze", "pitch", "compass"})
"""What is broken where an outline cuts it. A hero finds its own place."""
WHOLE_WITH_MOTIFS: frozenset[Strategy] = frozenset({"circles", "islands"})
MOST_SPOTS = 8
SEVERAL = ((12.0, 3), (60.0, 4), (float("inf"), 6))
"""How many several are, by the surface's area in m²."""
MOST_MOTIFS = 24


class Composition(NamedTuple):
    """A stencil: indices (rows, columns), uint8, into the codes it was drawn with; what it shows of the motifs asked
    for, and what it leaves out, how often and why. inside tells which pixels are laid, where not all are.
    """

    indices: np.ndarray
    drawn: tuple[tuple[str, int], ...]
    left_out: tuple[tuple[str, int, str], ...]
    inside: np.ndarray | None = None

    @property
    def laid(self) -> np.ndarray:
        """The indices that lie inside the surface's outline, in a row."""
        return np.asarray(self.indices.ravel() if self.inside is None else self.indices[self.inside])


class Sketch(NamedTuple):
    """A composition whose motifs are not made yet: they lie on `below`, and on them lies `above`.

    `field` is the ground on which motifs were placed. Where it is the room in an outline, its place there is `room`,
    out of which nothing goes. `blank` is the picture, and why it shows no motifs, where nothing is to be painted.
    """

    ground: Ground
    codes: Sequence[str]
    wishes: Sequence[Wanted]
    field: Ground
    below: list[Layer]
    placed: list[Placed]
    above: list[Layer]
    room: Room | None
    blank: tuple[np.ndarray, str] | None

    @property
    def motifs(self) -> list[MotifWish]:
        """What is to be made."""
        return [wish_for(place, self.codes, self.field) for place in self.placed]


def sketched(
    reading: Reading,
    colours: Sequence[str],
    width_m: float,
    height_m: float,
    size_px: tuple[int, int],
    direction: Direction,
    seed: int,
    outline: BaseGeometry | None = None,
) -> Sketch:
    """Decide what a direction of a brief shows and where; the same arguments give the same picture, to the byte.

    `colours` are 1 to 6 palette codes in role order, the ground first. The surface lies in the middle of a picture of
    size_px columns and rows, multiples of 8, whose pixels are as large as covers it: what hangs over is cropped evenly.
    `outline` is what of it is laid, in mm from its top left corner, where that is not all.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    ground = Ground(width_m * 1000, height_m * 1000, *size_px, outline)
    wishes = wishes_of(reading, ground.surface.area / 1e6)
    sketch = Sketch(ground, colours, wishes, ground, [], [], [], None, None)
    if len(colours) == 1 or ground.short < scale.MIN_FEATURE_MM * 3:
        return sketch._replace(blank=(np.zeros(size_px[::-1], np.uint8), "no room or no colour for it"))
    if direction.strategy == "bands":
        return sketch._replace(blank=(draw_bands(sheet_of(colours, ground), rng), "bands shows a pattern"))
    return _arranged(sketch, DRAW[direction.strategy], direction.strategy, rng)


def _arranged(
    sketch: Sketch, way: Callable[[DrawingTask], Drawn], strategy: Strategy, rng: np.random.Generator
) -> Sketch:
    """What a way makes of a sketch. Inside an outline, what should be whole lies in the room, with spots around it."""
    ground = sketch.ground
    is_whole = strategy in WHOLE or (strategy in WHOLE_WITH_MOTIFS and sketch.wishes)
    if ground.outline is None or not is_whole:
        drawn = way(DrawingTask(ground, sketch.codes, sketch.wishes, rng))
        return sketch._replace(below=drawn.layers, placed=drawn.placed)
    task = DrawingTask(ground.in_room, sketch.codes, sketch.wishes, rng)
    drawn, room = way(task), ground.room
    count = min(int((ground.outline.area - room.box.area) / 5e6), MOST_SPOTS)
    spots = discs(ground, room.box, task.accents or task.colours, count, rng)
    return sketch._replace(field=task.ground, below=drawn.layers, placed=drawn.placed, above=spots, room=room)


def painted(sketch: Sketch) -> Composition:
    """The picture of a sketch; motifs that are not known yet are made."""
    ground, shown = sketch.ground, [place.emoji for place in sketch.placed]
    inside = None if ground.outline is None else rasterised([Layer(1, ground.outline)], ground) == 1
    if sketch.blank is not None:
        blank, why = sketch.blank
        return Composition(blank, (), _missing(sketch.wishes, [], why), inside)
    layers = [*sketch.below]
    for place in sketch.placed:
        layers += layers_of(place, sketch.codes, sketch.field)
    if sketch.room is not None:
        layers = [Layer(layer.colour, sketch.room.taking(layer.area)) for layer in layers]
    return Composition(
        rasterised(layers + sketch.above, ground),
        tuple(Counter(shown).items()),
        _missing(sketch.wishes, shown, "no room in which it could be laid"),
        inside,
    )


def wishes_of(reading: Reading, area_m2: float) -> list[Wanted]:
    """The motifs a reading asks for, each once, and letters or digits where it asks for them."""
    several = next(number for most, number in SEVERAL if area_m2 <= most)
    found: dict[str, Wanted] = {}
    for subject in reading.subjects:
        for emoji in _motifs_of(subject, several):
            if emoji in reading.refused_motifs or find_motif(emoji) is None:
                continue
            count = 1 if subject.motif is None else subject.count
            wish = wanted(emoji, count, subject.size, subject.colour, several)
            known = found.get(emoji)
            found[emoji] = wish._replace(number=min(wish.number + (known.number if known else 0), MOST_MOTIFS))
    return list(found.values())


def _motifs_of(subject: Subject, several: int) -> Sequence[str]:
    if subject.kind in LETTERS:
        return LETTERS[subject.kind][: subject.count or several]
    return [subject.motif] if subject.motif else []


def _missing(wishes: Sequence[Wanted], shown: Sequence[str], why: str) -> tuple[tuple[str, int, str], ...]:
    lacking = [(wish.emoji, wish.number - shown.count(wish.emoji)) for wish in wishes]
    return tuple((emoji, number, why) for emoji, number in lacking if number > 0)


def sheet_of(colours: Sequence[str], ground: Ground) -> Sheet:
    """What bands are drawn from: as many of the colours as can be laid, and how many bands."""
    size = ground.columns * ground.mm_per_pixel, ground.rows * ground.mm_per_pixel
    count = scale.colours_that_fit(len(colours), *size)
    bands = sum(scale.bands_per_colour(coverage(count), min(size))) if count > 1 else 1
    return Sheet(tuple(colours[:count]), coverage(count), bands, ground.columns, ground.rows, ground.mm_per_pixel)


def encode(indices: np.ndarray, colours: Sequence[str]) -> bytes:
    """Indexed PNG of an index map, with the colours as its palette."""
    image = Image.fromarray(indices, mode="P")
    image.putpalette([component for code in colours for component in BY_CODE[code].rgb])
    file = io.BytesIO()
    image.save(file, format="PNG", compress_type=zlib.Z_RLE)  # smaller than level 6 for flat colour, and faster
    return file.getvalue()
