"""Lengths are lengths on the ground: the same surface in smaller and larger pixels is laid and drawn alike."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely

from studio_colour.difference import ByteArray
from studio_postprocess.export.drawing import area, draw
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.installable.rules import inspect
from studio_stencil.motifs.library import find_motif

TOP = Path(__file__).parents[3]
DECISION = TOP / "docs" / "decisions" / "0033-lengths-are-millimetres.md"
CODE = (TOP / "services" / "postprocess", TOP / "contracts" / "studio_pictures")
GROUND_M, SIZE_M = 4.0, 2.6
PIXELS_MM = (4.0, 8.0, 12.0)


def test_every_constant_in_pixels_is_a_property_of_the_raster_that_the_decision_names() -> None:
    named = set(re.findall(r"^\| `(\w+)\.(\w+)` \|", DECISION.read_text(), re.MULTILINE))
    found = {
        (path.stem, name)
        for folder in CODE
        for path in folder.rglob("*.py")
        for line in re.findall(r"^([\w, ]+) =", path.read_text(), re.MULTILINE)
        for name in line.split(", ")
        if name.endswith("_PX")
    }
    assert found == named


def drawn(emoji: str, mm_per_pixel: float) -> ByteArray:
    """A motif in one colour on its ground."""
    motif = find_motif(emoji)
    assert motif is not None
    pixels = round(GROUND_M * 1000 / mm_per_pixel)
    picture, scale = np.zeros((pixels, pixels), np.uint8), SIZE_M / GROUND_M * pixels
    for polygon in shapely.get_parts(motif.silhouette):
        rings = [polygon.exterior, *polygon.interiors]
        corners = [np.round((np.asarray(ring.coords) * scale + pixels / 2) * 16).astype(np.int32) for ring in rings]
        cv2.fillPoly(picture, corners, (1,), shift=4)
    return picture


@pytest.mark.parametrize("emoji", ["🐫", "🐳", "🦋", "🏠", "🐙"])
def test_a_surface_is_laid_alike_in_pixels_of_four_eight_and_twelve_millimetres(emoji: str) -> None:
    finest, *coarser = [clean(drawn(emoji, mm), mm).indices for mm in PIXELS_MM]
    whole = np.count_nonzero(finest) / finest.size
    for indices, mm in zip(coarser, PIXELS_MM[1:], strict=True):
        assert not any(inspect(indices, mm).counts[rule] for rule in ("width", "gap", "area", "pieces"))
        assert np.count_nonzero(indices) / indices.size == pytest.approx(whole, rel=0.04)
        same = cv2.resize(indices, finest.shape[::-1], interpolation=cv2.INTER_NEAREST)
        assert np.mean(same != finest) <= 0.07 * whole


@pytest.mark.parametrize("mm", PIXELS_MM)
def test_straight_and_round_edges_are_drawn_within_five_millimetres_and_a_pixel(mm: float) -> None:
    """A square turned by 20 degrees and a disc: few nodes in pixels of any size, and the areas they have."""
    pixels = round(GROUND_M * 1000 / mm)
    indices = np.zeros((pixels, pixels), np.uint8)
    box = cv2.boxPoints(((pixels * 0.27, pixels / 2), (1400 / mm, 1400 / mm), 20.0))
    cv2.fillPoly(indices, [np.round(box * 16).astype(np.int32)], (1,), shift=4)
    cv2.circle(indices, (round(pixels * 0.75 * 16), pixels * 8), round(700 / mm * 16), (2,), -1, shift=4)
    rings = {ring.colour: ring for ring in draw(indices, GROUND_M * 1000, GROUND_M * 1000).rings if ring.colour}
    assert [len(rings[colour].points) for colour in (1, 2)] <= [6, 6]
    assert area(rings[1]) == pytest.approx(1400**2, abs=4 * 1400 * (5 + mm))
    assert area(rings[2]) == pytest.approx(np.pi * 700**2, abs=2 * np.pi * 700 * (5 + mm))
