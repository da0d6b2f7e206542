"""Pictures from elsewhere, before and after cleaning, and the figures of docs/pictures.md on them.

The pictures lie beside the repository, in ../shared/pictures, or where STUDIO_SHARED_PICTURES says. Each row is one
picture on a surface of 5 x 5 m: the original, its exact clamp to the concept's own palette, and what would be laid.
"""

import io
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from studio_colour.difference import ByteArray
from studio_contracts.brief import Surface
from studio_contracts.installer import InstallerRule
from studio_contracts.palette import BY_CODE
from studio_pictures.decode import decode
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.clamp.hue import hue_first
from studio_postprocess.concept import make_concept
from studio_postprocess.installable.cleaning import WORKING_MM
from studio_postprocess.installable.layout import compose
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.results import ConceptPictures
from studio_postprocess.scoring.kept import kept
from studio_stencil.planning.plan import make_plan

TOP = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("STUDIO_SHARED_PICTURES", TOP.parent / "shared" / "pictures"))
SURFACE = Surface(width_m=5, height_m=5)
SECTION = ("<!-- cleaning -->", "<!-- /cleaning -->")
SIZE_RULES: tuple[InstallerRule, ...] = ("width", "gap", "area", "pieces")

BOX, GAP, CAPTION, COLUMNS = 300, 12, 46, 2
INK, PAPER = "#20201E", "#FAFAF7"


class Shared(NamedTuple):
    """One picture: its file, the brief a designer would write for it, whether it is flat, and the colours named."""

    file: str
    brief: str
    flat: bool
    asked: tuple[str, ...] = ()


PICTURES = (
    Shared("dragon-on-castle.png", "a dragon on a castle", True),
    Shared("house-scribble.png", "a house with sun and clouds, white on black", True, ("RH31", "RH70")),
    Shared("candy-jar-flat.jpg", "a sweet shop with rainbow and clouds", True),
    Shared("gum-trees-vector.jpg", "gum trees by a river", True),
    Shared("flag-rhombus.png", "yellow rhombus on green with a blue disc", True, ("RH41", "RH11", "RH20")),
    Shared(
        "flag-six-colours.png",
        "red, white, green, yellow, black and blue bands",
        True,
        ("RH02", "RH31", "RH12", "RH41", "RH70", "RH20"),
    ),
    Shared("steampunk-fish.jpg", "a big fish", False),
    Shared("bottle-at-dusk.jpg", "night sky in a bottle, purple and orange", False, ("RH21", "RH50")),
    Shared("fox-in-kitchen.jpg", "a fox cooking", False),
    Shared("mountains.jpg", "blue mountains at sunrise", False, ("RH20",)),
    Shared("fox-in-snow.jpg", "a fox in the snow", False),
    Shared("unicorn-rider.jpg", "a unicorn and an astronaut", False),
    Shared("engine-drawing.jpg", "an old steam engine", False),
)


class Outcome(NamedTuple):
    """A picture's concept, the mean difference in the palette its brief alone would have given, and CPU seconds.

    kept_of_all is what is kept of the picture as it is matched pixel by pixel, before soft regions become calm.
    """

    shared: Shared
    original: bytes
    concept: ConceptPictures
    kept_of_all: float
    planned_delta_e: float
    seconds: float


def outcomes() -> Iterator[Outcome]:
    """Every shared picture that is there, made into a concept."""
    for shared in PICTURES:
        path = FOLDER / shared.file
        if path.exists():
            yield _outcome(shared, path.read_bytes())


def _outcome(shared: Shared, original: bytes) -> Outcome:
    palette = tuple(BY_CODE[code] for code in make_plan(shared.brief, 5.0, 5.0, None, None, 1).codes)
    rgb = decode(original).rgb
    height, width = rgb.shape[:2]
    stencil = clamp_for(palette).indices(rgb)  # as if the model had kept to it
    planned = make_concept(original, palette, (width, height), stencil, "full", SURFACE)
    asked = [BY_CODE[code] for code in shared.asked]
    started = time.process_time()
    concept = make_concept(original, palette, (width, height), stencil, "full", SURFACE, asked)
    seconds = time.process_time() - started
    return Outcome(shared, original, concept, _kept_of_all(rgb, concept), planned.quality.mean_delta_e, seconds)


def _kept_of_all(rgb: ByteArray, concept: ConceptPictures) -> float:
    colours = tuple(BY_CODE[code] for code in concept.shares)
    drawn, mm_per_pixel = compose(hue_first(rgb, colours), "full", SURFACE.width_m, SURFACE.height_m, 0, 0)
    with Image.open(io.BytesIO(concept.pictures["installable"].data)) as image:
        laid = np.array(image)
    side = round(1000 * SURFACE.width_m / max(WORKING_MM, mm_per_pixel))
    seen, there = (
        Shapes(cv2.resize(indices, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.uint8))
        for indices in (drawn, laid)
    )
    return kept(seen, there, 1000 * SURFACE.width_m / side).overall


def sheet(made: Sequence[Outcome]) -> Image.Image:
    rows = -(-len(made) // COLUMNS)
    width = 3 * (BOX + GAP) + GAP
    page = Image.new("RGB", (COLUMNS * width, rows * (BOX + CAPTION) + GAP), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for number, outcome in enumerate(made):
        left, top = number % COLUMNS * width + GAP, number // COLUMNS * (BOX + CAPTION) + GAP
        pictures = outcome.concept.pictures
        files = outcome.original, pictures["quantized"].data, pictures["installable"].data
        for place, data in enumerate(files):
            with Image.open(io.BytesIO(data)) as opened:
                picture = opened.convert("RGB")
            picture.thumbnail((BOX, BOX), Image.Resampling.BOX)
            page.paste(picture, (left + place * (BOX + GAP), top))
        pen.text((left, top + BOX + 4), _caption(outcome), INK, font)
    return page


def _caption(outcome: Outcome) -> str:
    report = outcome.concept.installer
    broken = ", ".join(f"{count} {rule}" for rule, count in report.counts.items() if count) or "nothing broken"
    warnings = ", ".join(warning.code for warning in outcome.concept.warnings)
    line = f"{outcome.shared.brief}: kept {report.kept:.0%}, subject {report.kept_subject:.0%}"
    return f"{line}\ninstaller {report.score_before} to {report.score}: {broken}{f' ({warnings})' if warnings else ''}"


def figures(made: Sequence[Outcome]) -> str:
    """The section of docs/pictures.md."""
    lines = [
        "| picture | kept | of all | subject | size rules broken | installer | mean ΔE by brief | fitted | score |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for outcome in made:
        report, quality = outcome.concept.installer, outcome.concept.quality
        broken = sum(report.counts[rule] for rule in SIZE_RULES)
        cells = (
            f"{outcome.shared.file}{' (flat)' if outcome.shared.flat else ''}",
            f"{report.kept:.2f}",
            f"{outcome.kept_of_all:.2f}",
            f"{report.kept_subject:.2f}",
            str(broken),
            f"{report.score_before} → {report.score}",
            f"{outcome.planned_delta_e:.1f}",
            f"{quality.mean_delta_e:.1f}",
            f"{quality.score:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    flat, others = (
        [one.concept.installer.kept or 0.0 for one in made if one.shared.flat == is_flat] for is_flat in (True, False)
    )
    lines += [
        "",
        f"Kept, mean: flat {mean(flat):.2f}, others {mean(others):.2f}; of all that is drawn "
        f"{mean(one.kept_of_all for one in made):.2f}. Mean ΔE: "
        f"{mean(one.planned_delta_e for one in made):.1f} in the palette of the brief, "
        f"{mean(one.concept.quality.mean_delta_e for one in made):.1f} in the picture's own.",
    ]
    return "\n".join(lines)


def write_section(path: Path, text: str) -> None:
    """Put the text between the section's marks in a page."""
    before, rest = path.read_text().split(SECTION[0])
    after = rest.split(SECTION[1])[1]
    path.write_text(f"{before}{SECTION[0]}\n{text}\n{SECTION[1]}{after}")


def main(folder: Path) -> None:
    made = list(outcomes())
    if not made:
        print(f"no shared pictures in {FOLDER}: their sheet and figures are left out")
        return
    path = folder / "cleaning.png"
    sheet(made).save(path, optimize=True)
    write_section(TOP / "docs" / "pictures.md", figures(made))
    print(f"{path}: {len(made)} pictures, mean {mean(one.seconds for one in made) * 1000:.0f} ms of a processor each")


if __name__ == "__main__":
    target = TOP / "out" / "gallery"
    target.mkdir(parents=True, exist_ok=True)
    main(target)
