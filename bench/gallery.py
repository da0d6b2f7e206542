"""Contact sheets to look at: one per strategy, in out/gallery/.

Each row is one surface and palette: the stencil, the picture a model would give back for it (the provider stand-in's),
its clamp, and the whole surface cleaned so that it can be laid, with the installer's score before and after cleaning.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import gallery_briefs
import gallery_cleaning
from PIL import Image, ImageDraw, ImageFont

from studio_colour.difference import ByteArray
from studio_contracts.brief import Strategy
from studio_contracts.palette import BY_CODE
from studio_pictures.decode import decode
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.installable.make_installable import Installable, make_installable
from studio_postprocess.io.encode import paint
from studio_postprocess.scoring.kept import kept
from studio_standin.pictures import Recipe, render
from studio_stencil.drawing.compose import encode
from studio_stencil.planning.plan import Stencil, StencilPlan, draw, make_plan

SURFACES = ((3.0, 3.0), (10.0, 4.0), (20.0, 13.0), (14.0, 3.5))
PALETTES: tuple[tuple[str, ...] | None, ...] = (
    None,  # chosen from the brief
    ("RH12", "RH41", "RH31"),
    ("RH21", "RH22", "RH90", "RH26", "RH31", "RH50"),
)
BRIEFS: dict[Strategy, tuple[str, str, str, str]] = {
    "voronoi": ("ocean lagoon", "forest clearing", "candy land", "savanna"),
    "bands": ("ocean currents", "sunset ribbons", "flowing meadow", "winding river"),
    "grid": ("modern city squares", "rainbow hopscotch", "autumn tiles", "harvest blocks"),
    "scattered": (
        "ocean with three fish and a whale",
        "butterflies in a meadow",
        "rockets and five stars in space",
        "footprints and shells on the beach",
    ),
}
STRENGTH = 0.7  # of img2img: the predictor's default

BOX_WIDTH, BOX_HEIGHT = 440, 300
GAP, TITLE, CAPTION, CHIP = 14, 34, 26, 22
INK, FAINT, PAPER = "#20201E", "#74746E", "#FAFAF7"


class Row(NamedTuple):
    """One plan and what became of it; clamped holds indices into stencil.codes, shape (height, width)."""

    title: str
    plan: StencilPlan
    stencil: Stencil
    original: ByteArray
    clamped: ByteArray
    laid: Installable
    seconds: float
    """To plan, draw and encode the stencil, which is what the stencil service does."""


def make_row(
    brief: str, surface: tuple[float, float], palette: Sequence[str] | None, strategy: Strategy, seed: int
) -> Row:
    width_m, height_m = surface
    started = time.perf_counter()
    plan = make_plan(brief, width_m, height_m, palette, strategy, seed)
    stencil = draw(plan, plan.directions[0])
    png = encode(stencil.indices, stencil.codes)
    seconds = time.perf_counter() - started
    colours = tuple(BY_CODE[code] for code in stencil.codes)
    original, _ = decode(render(Recipe(brief, seed, 0, STRENGTH, plan.fit.size, png)))
    clamped = clamp_for(colours).indices(original)
    laid = make_installable(clamped, colours, plan.fit.layout, width_m, height_m)
    title = f"{brief}, {width_m:g} x {height_m:g} m, {'given' if palette else 'chosen'} palette"
    return Row(title, plan, stencil, original, clamped, laid, seconds)


def draw_row(row: Row) -> Image.Image:
    """Title and palette chips, the four pictures, and a caption under each."""
    colours = [BY_CODE[code] for code in row.stencil.codes]
    before, after = row.laid.before, row.laid.after
    broken = ", ".join(f"{count} {rule}" for rule, count in after.counts.items() if count) or "nothing broken"
    cleaned = row.laid.cleaned
    survived = f"{kept(cleaned.seen, cleaned.laid, cleaned.working_mm).overall:.0%} kept"
    outcome = f"{row.plan.fit.layout}, installer score {before.score} to {after.score}: {broken}; {survived}"
    shown = {
        f"stencil, {row.stencil.reason}": paint(row.stencil.indices, colours),
        "model's picture": row.original,
        "clamp": paint(row.clamped, colours),
        outcome: paint(row.laid.indices, colours),
    }
    pictures = [Image.fromarray(pixels) for pixels in shown.values()]
    for picture in pictures:
        picture.thumbnail((BOX_WIDTH, BOX_HEIGHT), Image.Resampling.BOX)
    height = TITLE + max(picture.height for picture in pictures) + CAPTION
    strip = Image.new("RGB", (len(pictures) * (BOX_WIDTH + GAP) + GAP, height), PAPER)
    pen = ImageDraw.Draw(strip)
    pen.text((GAP, 6), row.title, INK, ImageFont.load_default(18))
    for number, colour in enumerate(colours):
        left = strip.width - GAP - (len(colours) - number) * 3 * CHIP
        pen.rectangle((left, 4, left + CHIP, 4 + CHIP), colour.hex, FAINT)
        pen.text((left + CHIP + 4, 9), colour.code[2:], FAINT, ImageFont.load_default(13))
    for column, (caption, picture) in enumerate(zip(shown, pictures, strict=True)):
        left = GAP + column * (BOX_WIDTH + GAP)
        strip.paste(picture, (left, TITLE))
        pen.text((left, TITLE + picture.height + 5), caption, INK, ImageFont.load_default(14))
    return strip


def sheet(rows: Sequence[Row]) -> Image.Image:
    strips = [draw_row(row) for row in rows]
    page = Image.new("RGB", (strips[0].width, GAP + sum(strip.height + GAP for strip in strips)), PAPER)
    top = GAP
    for strip in strips:
        page.paste(strip, (0, top))
        top += strip.height + GAP
    return page


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/gallery")
    folder.mkdir(parents=True, exist_ok=True)
    for strategy in BRIEFS:
        rows = [
            make_row(BRIEFS[strategy][number], surface, palette, strategy, len(SURFACES) * group + number)
            for group, palette in enumerate(PALETTES)
            for number, surface in enumerate(SURFACES)
        ]
        path = folder / f"{strategy}.png"
        sheet(rows).save(path, optimize=True)
        milliseconds = median(row.seconds for row in rows) * 1000
        before = median(row.laid.before.score for row in rows)
        after = median(row.laid.after.score for row in rows)
        print(f"{path}: median {milliseconds:.0f} ms a stencil, installer score {before:g} to {after:g} by cleaning")
    gallery_cleaning.main(folder)
    gallery_briefs.main(folder)


if __name__ == "__main__":
    main()
