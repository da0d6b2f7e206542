"""A drawing in fine lines is laid; specks are not taken for one."""

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_contracts.palette import BY_CODE
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.installable.fine_lines import ground_of, lines_are_lost, with_thicker_lines
from studio_postprocess.installable.rules import inspect
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.io.encode import paint
from studio_postprocess.scoring.kept import kept

COLOURS = [BY_CODE[code] for code in ("RH31", "RH65", "RH70")]
"""White, a pale grey and black."""
SCALE = 5.0
"""Millimetres a pixel: a surface of 3 m."""


def house(width: int) -> ByteArray:
    """The outline of a house in black lines of this width in pixels."""
    picture = np.zeros((600, 600), np.uint8)
    outline = np.array([[120, 520], [120, 260], [300, 90], [480, 260], [480, 520]])
    cv2.polylines(picture, [outline], True, (2,), width)
    cv2.polylines(picture, [np.array([[250, 520], [250, 380], [350, 380], [350, 520]])], False, (2,), width)
    return picture


@pytest.mark.parametrize("width", [2, 3, 4])
def test_lines_of_ten_to_twenty_millimetres_are_laid(width: int) -> None:
    picture = house(width)
    cleaned = clean(picture, SCALE, paint(picture, COLOURS), COLOURS)
    counts = inspect(cleaned.indices, SCALE).counts
    assert counts["width"] == counts["gap"] == counts["area"] == 0
    wide = cv2.resize(house(8), cleaned.laid.indices.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    assert kept(Shapes(wide), cleaned.laid, cleaned.working_mm).subject > 0.9


def test_the_pale_fringe_of_a_line_does_not_grow_over_it() -> None:
    picture = house(2)
    fringe = cv2.dilate((picture == 2).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    picture[fringe & (picture == 0)] = 1
    thicker = with_thicker_lines(picture, COLOURS, SCALE)
    assert np.count_nonzero(thicker[300, :200] == 2) >= 5
    assert np.count_nonzero(thicker[300, :200] == 1) <= 2


def test_specks_stay_as_they_are() -> None:
    specks = np.zeros((600, 600), np.uint8)
    specks[10:590:30, 10:590:30] = 2
    assert (with_thicker_lines(specks, COLOURS, SCALE) == specks).all()


def test_lines_are_lost_where_a_quarter_of_what_is_drawn_is_not_seen() -> None:
    drawn = house(4)
    assert ground_of(drawn) == 0
    assert lines_are_lost(drawn, Shapes(np.zeros_like(drawn)))
    assert lines_are_lost(drawn, Shapes(np.where(np.arange(600) < 400, drawn, 0).astype(np.uint8)))
    assert not lines_are_lost(drawn, Shapes(drawn))
    assert not lines_are_lost(np.zeros_like(drawn), Shapes(np.zeros_like(drawn)))
