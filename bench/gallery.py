"""Contact sheets of stencils to look at: one per strategy, three surfaces by three palettes, in out/gallery/."""

import io
import sys
import time
from pathlib import Path
from statistics import median

from PIL import Image, ImageDraw

from studio_contracts.palette import BY_CODE
from studio_stencil.draw import draw, encode
from studio_stencil.plan import StencilPlan, make_plan
from studio_stencil.scale import Strategy

SURFACES = ((3.0, 3.0), (10.0, 4.0), (20.0, 13.0))
PALETTES: tuple[tuple[str, ...] | None, ...] = (
    None,  # chosen from the brief
    ("RH12", "RH41", "RH31"),
    ("RH21", "RH22", "RH90", "RH26", "RH31", "RH50"),
)
BRIEFS = {
    Strategy.VORONOI: ("ocean lagoon", "forest clearing", "candy land"),
    Strategy.BANDS: ("ocean currents", "sunset ribbons", "flowing meadow"),
    Strategy.GRID: ("modern city squares", "rainbow hopscotch", "autumn tiles"),
    Strategy.MOTIF: ("ocean with three fish and a whale", "butterflies in a meadow", "rockets and five stars in space"),
}
TILE, CAPTION, GAP = 400, 46, 12


def tile(plan: StencilPlan, png: bytes, title: str) -> Image.Image:
    """A picture with what was asked for and the palette's chips below it."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((TILE, TILE))
    card = Image.new("RGB", (TILE, TILE + CAPTION), "white")
    card.paste(picture, ((TILE - picture.width) // 2, (TILE - picture.height) // 2))
    pen = ImageDraw.Draw(card)
    pen.text((2, TILE + 4), title, fill="black")
    for number, code in enumerate(plan.codes):
        pen.rectangle((2 + 26 * number, TILE + 22, 24 + 26 * number, TILE + 40), fill=BY_CODE[code].hex, outline="grey")
    return card


def sheet(strategy: Strategy) -> tuple[Image.Image, list[float]]:
    """Contact sheet of a strategy, and the seconds each picture took to plan, draw and encode."""
    step_x, step_y = TILE + GAP, TILE + CAPTION + GAP
    page = Image.new("RGB", (3 * step_x + GAP, 3 * step_y + GAP), "white")
    seconds = []
    for row, palette in enumerate(PALETTES):
        for column, (width, height) in enumerate(SURFACES):
            brief, seed = BRIEFS[strategy][column], 3 * row + column
            started = time.perf_counter()
            plan = make_plan(brief, width, height, palette, strategy, seed)
            png = encode(draw(plan), plan)
            seconds.append(time.perf_counter() - started)
            page.paste(
                tile(plan, png, f"{brief}, {width:g} x {height:g} m"), (GAP + column * step_x, GAP + row * step_y)
            )
    return page, seconds


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/gallery")
    folder.mkdir(parents=True, exist_ok=True)
    for strategy in Strategy:
        page, seconds = sheet(strategy)
        page.save(folder / f"{strategy}.png")
        took = f"median {median(seconds) * 1000:.0f} ms, slowest {max(seconds) * 1000:.0f} ms a picture"
        print(f"{folder / f'{strategy}.png'}: {took}")


if __name__ == "__main__":
    main()
