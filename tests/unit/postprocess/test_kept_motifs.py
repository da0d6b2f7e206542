"""Sixty drawings of 2.1 m keep their legs and tails when they are cleaned."""

from statistics import mean

import cv2
import numpy as np
import pytest
import shapely

from studio_colour.difference import ByteArray
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.rules import inspect
from studio_postprocess.scoring.kept import kept
from studio_stencil.motifs.library import find_motif

MOTIFS = tuple(
    "🐫🦒🐒🚀🐳🐢🐙🐠🦕🌵🦖🪐👽⭐🦁🐘🐎🐄🐖🐑🐓🦆🦉🦋🐌🐝🕷🦀🐊🐉"
    "🐍🦔🐿🐇🐈🐕🦌🌳🌲🌴🌻🌷🍀🍄🚂🚒🚜🏰🏠⛵✈🚁🚲🎸⚓🔑🌂🦜🦩🦈"
)
SIZE_M, GROUND_M, PIXELS = 2.1, 3.0, 600
SCALE = GROUND_M * 1000 / PIXELS


def silhouette(emoji: str) -> ByteArray:
    """A drawing in one colour on its ground, with its thin parts unchanged."""
    motif = find_motif(emoji)
    assert motif is not None, emoji
    picture = np.zeros((PIXELS, PIXELS), np.uint8)
    scale = SIZE_M / GROUND_M * PIXELS
    for polygon in shapely.get_parts(motif.silhouette):
        rings = [polygon.exterior, *polygon.interiors]
        corners = [np.round(np.asarray(ring.coords) * scale + PIXELS / 2).astype(np.int32) for ring in rings]
        cv2.fillPoly(picture, corners, (1,))
    return picture


def test_sixty_motifs_are_kept_and_obey_the_size_rules() -> None:
    assert len(MOTIFS) == 60
    subjects, broken = {}, {}
    for emoji in MOTIFS:
        cleaned = clean(silhouette(emoji), SCALE)
        subjects[emoji] = kept(cleaned.seen, cleaned.laid, cleaned.working_mm).subject
        counts = inspect(cleaned.indices, SCALE).counts
        broken[emoji] = counts["width"] + counts["gap"] + counts["area"] + counts["pieces"]
    assert mean(subjects.values()) >= 0.97
    assert min(subjects.values()) >= 0.9, subjects
    assert not any(broken.values()), broken


@pytest.mark.parametrize("emoji", ["🐫", "🐒", "🐕", "🐎", "🦩", "🕷"])
def test_legs_and_tails_stay_attached(emoji: str) -> None:
    cleaned = clean(silhouette(emoji), SCALE)
    survived = kept(cleaned.seen, cleaned.laid, cleaned.working_mm)
    assert survived.subject >= 0.9
    figures = pieces_of(cleaned.indices)
    assert np.count_nonzero(figures.colour == 1) == 1


def test_the_legs_of_a_running_horse_stay_four() -> None:
    """The gap between its hooves is 60 mm wide: closed, it would take the ground between its legs with it."""
    laid = clean(silhouette("🐎"), SCALE).indices
    legs = np.count_nonzero(np.diff(laid[PIXELS // 2 :].astype(int)) == 1, axis=1)
    assert np.count_nonzero(legs == 4) * SCALE > 60
