"""What is kept of pictures that nobody here made. They lie beside the repository or where the variable says."""

import os
from pathlib import Path
from statistics import mean

import pytest

from studio_contracts.brief import Surface
from studio_contracts.palette import BY_CODE
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.concept import make_concept
from studio_postprocess.io.decode import decode
from studio_postprocess.results import ConceptPictures

FOLDER = Path(os.environ.get("STUDIO_SHARED_PICTURES", Path(__file__).parents[4] / "shared" / "pictures"))
SURFACE = Surface(width_m=5, height_m=5)
PLANNED = tuple(BY_CODE[code] for code in ("RH20", "RH31", "RH41", "RH02", "RH11", "RH70"))
OTHERS = ("steampunk-fish.jpg", "bottle-at-dusk.jpg", "fox-in-kitchen.jpg", "mountains.jpg", "unicorn-rider.jpg")

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no shared pictures in {FOLDER}; STUDIO_SHARED_PICTURES names another folder"
)


def made(file: str, *asked: str) -> ConceptPictures:
    original = (FOLDER / file).read_bytes()
    rgb = decode(original).rgb
    stencil = clamp_for(PLANNED).indices(rgb)  # as if the model had kept to it
    colours = [BY_CODE[code] for code in asked]
    return make_concept(original, PLANNED, (rgb.shape[1], rgb.shape[0]), stencil, "full", SURFACE, colours)


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("dragon-on-castle.png", ()),
        ("house-scribble.png", ("RH31", "RH70")),
        ("flag-rhombus.png", ("RH41", "RH11", "RH20")),
        ("flag-six-colours.png", ("RH02", "RH31", "RH12", "RH41", "RH70", "RH20")),
    ],
)
def test_a_flat_picture_is_kept_and_obeys_every_size_rule(file: str, asked: tuple[str, ...]) -> None:
    report = made(file, *asked).installer
    assert report.kept is not None
    assert report.kept >= 0.9
    assert report.kept_subject is not None
    assert report.kept_subject >= 0.95
    assert {rule for rule, count in report.counts.items() if count} <= {"radius", "angle"}
    assert report.score > report.score_before


def test_of_other_pictures_three_quarters_are_kept_on_average() -> None:
    reports = [made(file).installer for file in OTHERS]
    assert mean(report.kept or 0.0 for report in reports) >= 0.75
    assert all(report.kept is not None and report.kept >= 0.65 for report in reports)
    assert all(report.score >= report.score_before for report in reports)


def test_a_navy_field_is_laid_in_blue() -> None:
    concept = made("flag-six-colours.png", "RH02", "RH31", "RH12", "RH41", "RH70", "RH20")
    assert concept.shares["RH20"] > 0.15


def test_none_is_ranked_above_a_flag_that_is_kept_whole() -> None:
    flag = made("flag-rhombus.png", "RH41", "RH11", "RH20").quality.score
    assert all(made(file).quality.score < flag for file in OTHERS)
