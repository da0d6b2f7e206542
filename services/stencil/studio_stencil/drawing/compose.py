"""From a reading and a direction to an exact picture in palette colours, with the surface's real shape."""

import io
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from PIL import Image
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from studio_contracts.brief import Strategy
from studio_contracts.palette import BY_CODE
from studio_contracts.reading import Reading, Subject
from studio_stencil.drawing import compositions, games, patterns, tilings, walkway
from studio_stencil.drawing.backgrounds import discs
from studio_stencil.drawing.bands import draw_bands
from studio_stencil.drawing.directions import Direction
from studio_stencil.drawing.placing import Wanted, wanted
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


def compose(
    reading: Reading,
    colours: Sequence[str],
    width_m: float,
    height_m: float,
    size_px: tuple[int, int],
    direction: Direction,
    seed: int,
    outline: BaseGeometry | None = None,
) -> Composition:
    """Draw a direction of a brief; the same arguments give the same picture, to the byte.

    `colours` are 1 to 6 palette codes in role order, the ground first. The surface lies in the middle of a picture of
    size_px columns and rows, multiples of 8, whose pixels are as large as covers it: what hangs over is cropped evenly.
    `outline` is what of it is laid, in mm from its top left corner, where that is not all.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    ground = Ground(width_m * 1000, height_m * 1000, *size_px, outline)
    inside = None if outline is None else rasterised([Layer(1, outline)], ground) == 1
    wishes = wishes_of(reading, ground.surface.area / 1e6)
    if len(colours) == 1 or ground.short < scale.MIN_FEATURE_MM * 3:
        blank, why = np.zeros(size_px[::-1], np.uint8), "no room or no colour for it"
        return Composition(blank, (), _missing(wishes, [], why), inside)
    if direction.strategy == "bands":
        indices = draw_bands(sheet_of(colours, ground), rng)
        return Composition(indices, (), _missing(wishes, [], f"{direction.strategy} shows a pattern"), inside)
    drawn = _drawn(DRAW[direction.strategy], DrawingTask(ground, colours, wishes, rng), direction.strategy)
    shown = [place.emoji for place in drawn.placed]
    return Composition(
        rasterised(drawn.layers, ground),
        tuple(Counter(shown).items()),
        _missing(wishes, shown, "no room in which it could be laid"),
        inside,
    )


def _drawn(way: Callable[[DrawingTask], Drawn], task: DrawingTask, strategy: Strategy) -> Drawn:
    """What a way makes of a task. Inside an outline, what should be whole lies in the room, with spots around it."""
    ground = task.ground
    is_whole = strategy in WHOLE or (strategy in WHOLE_WITH_MOTIFS and task.wishes)
    if ground.outline is None or not is_whole:
        return way(task)
    room = ground.room
    drawn = way(task._replace(ground=ground.in_room))
    layers = [Layer(layer.colour, translate(layer.area, room.left, room.top)) for layer in drawn.layers]
    box = shapely.box(room.left, room.top, room.left + room.width, room.top + room.height)
    layers = [Layer(layer.colour, layer.area.intersection(box)) for layer in layers]
    count = min(int((ground.outline.area - box.area) / 5e6), MOST_SPOTS)
    return drawn._replace(layers=layers + discs(ground, box, task.accents or task.colours, count, task.rng))


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
