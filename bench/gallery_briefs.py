"""Stencils of two dozen briefs in five languages on three surfaces, and the figures of docs/pictures.md on them.

Each row is a brief: its directions on each surface, as the stencil service draws them, with the installer's score, and
the words that were not understood.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from studio_contracts.palette import BY_CODE
from studio_contracts.reading import Reading
from studio_postprocess.installable.rules import inspect
from studio_stencil.drawing.compose import Composition, painted, sketched
from studio_stencil.drawing.directions import Direction, choose_directions
from studio_stencil.motifs.palette import with_motif_colours
from studio_stencil.planning.palette_choice import choose_palette
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import in_role_order

TOP = Path(__file__).parents[1]
SURFACES = ((3, 3), (10, 3), (20, 8))
PIXELS = 1024**2
SEED = 7
SECTION = ("<!-- briefs -->", "<!-- /briefs -->")
BRIEFS = (
    "underwater world with a whale and three turtles",
    "space with rockets and planets",
    "jungle trail with footprints and leaves",
    "letters and numbers hopscotch",
    "dragon",
    "solar system",
    "dinosaur footprints",
    "snakes and ladders",
    "the school's logo: an oak tree",
    "fire engine",
    "Treffpunkt Wald mit Igel",
    "no fish please, only waves",
    "three green frogs on lily pads in a pond",
    "a red racing car track with start and finish line",
    "rainbow with clouds and unicorn",
    "farm with cows, pigs and a tractor",
    "une forêt avec des papillons et un grand soleil",
    "compass rose, navy and white",
    "elephant family under an acacia tree at sunset",
    "dark and moody skate park",
    "pastel rainbow",
    "football pitch",
    "blue",
    "ok",
    "tres tortugas en el mar",
    "due gatti e una luna",
)
HEIGHT, GAP, CAPTION = 150, 8, 20
INK, FAINT, PAPER = "#20201E", "#74746E", "#FAFAF7"


class Stencil(NamedTuple):
    """One direction of a brief on one surface; score is the installer's, seconds those of a processor."""

    surface: tuple[int, int]
    direction: Direction
    codes: tuple[str, ...]
    composition: Composition
    score: int
    seconds: float


class Row(NamedTuple):
    """A brief and its stencils."""

    brief: str
    reading: Reading
    stencils: tuple[Stencil, ...]


def size_px(width_m: float, height_m: float) -> tuple[int, int]:
    """A picture of about a megapixel in the surface's shape, in steps of 8 pixels."""
    scale = (PIXELS / (width_m * height_m)) ** 0.5
    return round(width_m * scale / 8) * 8, round(height_m * scale / 8) * 8


def make_row(brief: str) -> Row:
    reading = read_brief(brief)
    codes = with_motif_colours(in_role_order(choose_palette(reading).codes), reading)
    stencils = []
    for surface in SURFACES:
        size = size_px(*surface)
        for direction in choose_directions(reading, *surface, SEED):
            started = time.process_time()
            composition = painted(sketched(reading, codes, *surface, size, direction, SEED))
            seconds = time.process_time() - started
            mm_per_pixel = max(1000 * surface[0] / size[0], 1000 * surface[1] / size[1])
            score = inspect(composition.indices, mm_per_pixel).score
            stencils.append(Stencil(surface, direction, codes, composition, score, seconds))
    return Row(brief, reading, tuple(stencils))


def draw_row(row: Row) -> Image.Image:
    """The stencils side by side with captions, below the brief."""
    pictures = []
    for stencil in row.stencils:
        palette = np.array([BY_CODE[code].rgb for code in stencil.codes], np.uint8)
        picture = Image.fromarray(palette[stencil.composition.indices])
        pictures.append(picture.resize((round(HEIGHT * picture.width / picture.height), HEIGHT), Image.Resampling.BOX))
    width = sum(picture.width + GAP for picture in pictures) + GAP
    strip = Image.new("RGB", (width, HEIGHT + 2 * CAPTION + GAP), PAPER)
    pen = ImageDraw.Draw(strip)
    lost = f"   not understood: {', '.join(row.reading.not_understood)}" if row.reading.not_understood else ""
    pen.text((GAP, 2), row.brief + lost, INK, ImageFont.load_default(15))
    left = GAP
    for stencil, picture in zip(row.stencils, pictures, strict=True):
        strip.paste(picture, (left, CAPTION))
        caption = f"{stencil.direction.name}, {stencil.score}"
        pen.text((left, CAPTION + HEIGHT + 3), caption, FAINT, ImageFont.load_default(12))
        left += picture.width + GAP
    return strip


def sheet(rows: Sequence[Row]) -> Image.Image:
    strips = [draw_row(row) for row in rows]
    page = Image.new("RGB", (max(strip.width for strip in strips), sum(strip.height for strip in strips)), PAPER)
    top = 0
    for strip in strips:
        page.paste(strip, (0, top))
        top += strip.height
    return page


def figures(rows: Sequence[Row]) -> str:
    """What the section of docs/pictures.md says."""
    lines = [
        "| surface | stencils | can be laid | installer, mean | named subjects drawn | ms each |",
        "|---|---|---|---|---|---|",
    ]
    for surface in SURFACES:
        own = [stencil for row in rows for stencil in row.stencils if stencil.surface == surface]
        drawn = [_drawn(row, surface) for row in rows if _asked(row)]
        lines.append(
            f"| {surface[0]} × {surface[1]} m | {len(own)} | {sum(one.score == 100 for one in own)} "
            f"| {mean(one.score for one in own):.1f} | {sum(drawn)} of {len(drawn)} briefs "
            f"| {1000 * mean(one.seconds for one in own):.0f} |"
        )
    refused = sum(
        len(set(row.reading.refused_motifs) & {emoji for emoji, _ in stencil.composition.drawn})
        for row in rows
        for stencil in row.stencils
    )
    return "\n".join([*lines, "", f"Motifs drawn although the brief refuses them: {refused}."])


def _asked(row: Row) -> set[str]:
    named = {subject.motif for subject in row.reading.subjects if subject.motif}
    return named - set(row.reading.refused_motifs)


def _drawn(row: Row, surface: tuple[int, int]) -> bool:
    """Whether some direction of a brief shows every motif that the brief names."""
    shown = [
        {emoji for emoji, _ in stencil.composition.drawn} for stencil in row.stencils if stencil.surface == surface
    ]
    return any(_asked(row) <= motifs for motifs in shown)


def write_section(path: Path, text: str) -> None:
    """Put the text between the section's marks in a page."""
    before, rest = path.read_text().split(SECTION[0])
    after = rest.split(SECTION[1])[1]
    path.write_text(f"{before}{SECTION[0]}\n{text}\n{SECTION[1]}{after}")


def main(folder: Path) -> None:
    rows = [make_row(brief) for brief in BRIEFS]
    path = folder / "briefs.png"
    sheet(rows).save(path, optimize=True)
    write_section(TOP / "docs" / "pictures.md", figures(rows))
    print(f"{path}: {sum(len(row.stencils) for row in rows)} stencils of {len(rows)} briefs")


if __name__ == "__main__":
    target = TOP / "out" / "gallery"
    target.mkdir(parents=True, exist_ok=True)
    main(target)
