"""What a person sees of a picture, and how much of it is laid."""

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.scoring.kept import Kept, kept

SCALE = 12.0


def animal(leg: float = 1.0, shift: int = 0) -> ByteArray:
    """A body on two legs, at 12 mm a pixel, its legs shortened to a part of their length."""
    picture = np.zeros((400, 400), np.uint8)
    picture[100:180, 100 + shift : 260 + shift] = 1
    for left in (110, 235):
        picture[180 : 180 + round(120 * leg), left + shift : left + shift + 14] = 1
    return picture


def survived(seen: ByteArray, laid: ByteArray) -> Kept:
    return kept(Shapes(seen), Shapes(laid), SCALE)


def test_what_did_not_change_is_kept() -> None:
    assert survived(animal(), animal()) == (1.0, 1.0, {0: 1.0, 1: 1.0})
    blank = np.zeros((50, 60), np.uint8)
    assert survived(blank, blank).overall == 1.0


def test_legs_count_though_they_are_few_pixels() -> None:
    without = survived(animal(), animal(leg=0))
    assert np.mean(animal() != animal(leg=0)) < 0.03
    assert without.subject < 0.7
    assert without.by_colour[1] < 0.7
    assert without.subject < survived(animal(), animal(leg=0.5)).subject < 1


@pytest.mark.parametrize(("pixels", "survives"), [(4, True), (20, False)])
def test_what_moved_by_up_to_60_mm_is_still_there(pixels: int, survives: bool) -> None:
    assert (survived(animal(), animal(shift=pixels)).subject > 0.97) == survives


def test_a_line_that_is_widened_is_kept_and_one_that_is_gone_is_not() -> None:
    thin, wide = np.zeros((400, 400), np.uint8), np.zeros((400, 400), np.uint8)
    for picture, width in ((thin, 3), (wide, 11)):
        cv2.rectangle(picture, (80, 80), (320, 320), (1,), width)
    assert survived(thin, wide).subject > 0.98
    gone = survived(thin, np.zeros_like(thin))
    assert gone.subject == gone.by_colour[1] == 0
    assert gone.overall < 0.5


def test_the_subject_counts_whatever_its_colours() -> None:
    two = animal()
    two[:, 240:][two[:, 240:] == 1] = 2
    merged = survived(two, animal())
    assert merged.subject == 1.0
    assert merged.by_colour[2] < 0.5
    assert merged.overall < 1.0


def test_texture_that_nobody_sees_from_where_they_stand_is_not_missed() -> None:
    speckled = animal()
    speckled[10:90:20, 10:390:20] = 2
    assert survived(speckled, animal()).overall == 1.0
