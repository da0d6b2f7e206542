"""What stands out and is nearly large enough gets room, and nothing is cut in two for it."""

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_contracts.installer import MIN_AREA_M2, MIN_WIDTH_MM
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.installable.easing import Bends, Place, eased
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.room import grow_where_room
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.thin_regions import between_parts

SCALE = 20.0
"""Millimetres a pixel."""
BLACK, WHITE = 0, 255


def wall_with_gate(wall: int, gate: tuple[int, int]) -> ByteArray:
    """A dark wall of this width in pixels, on light ground, with a hole (width, height) in it."""
    picture = np.zeros((200, 200), np.uint8)
    picture[:, 100 - wall // 2 : 100 + wall // 2] = 1
    across, down = gate
    picture[100 - down // 2 : 100 + down // 2, 100 - across // 2 : 100 + across // 2] = 0
    return picture


def painted(indices: ByteArray, dark: int = BLACK, light: int = WHITE) -> ByteArray:
    return np.array([(light,) * 3, (dark,) * 3], np.uint8)[indices]


def area_of_gate(shapes: Shapes) -> float:
    pieces = shapes.pieces
    return float(pieces.area[pieces.labels[100, 100]]) * SCALE**2 / 1e6


def test_a_gate_grows_to_an_island_in_a_wall_that_is_thick_enough() -> None:
    picture = wall_with_gate(80, (16, 30))  # 0.19 m²
    grown = grow_where_room(Shapes(picture), SCALE, MIN_WIDTH_MM, painted(picture))
    assert MIN_AREA_M2 < area_of_gate(grown) < 1.15 * MIN_AREA_M2
    assert (grown.indices[100] == 1).sum() * SCALE >= 2 * MIN_WIDTH_MM


@pytest.mark.parametrize(
    ("wall", "gate", "dark"),
    [(26, (16, 30), BLACK), (80, (8, 12), BLACK), (80, (16, 30), WHITE - 20)],
    ids=["too thin a wall", "too small a gate", "hardly to be seen"],
)
def test_it_stays_as_it_is_otherwise(wall: int, gate: tuple[int, int], dark: int) -> None:
    shapes = Shapes(wall_with_gate(wall, gate))
    grown = grow_where_room(shapes, SCALE, MIN_WIDTH_MM, painted(shapes.indices, dark))
    np.testing.assert_array_equal(grown.indices, shapes.indices)


def test_a_cleaned_surface_keeps_such_a_gate() -> None:
    picture = wall_with_gate(80, (16, 30))
    cleaned = clean(picture, SCALE, painted(picture))
    assert cleaned.indices[100, 100] == 0
    assert area_of_gate(cleaned.surface) >= MIN_AREA_M2


def test_a_line_through_ground_that_it_encloses_is_no_gap() -> None:
    picture = np.zeros((200, 200), np.uint8)
    cv2.rectangle(picture, (40, 40), (160, 199), (1,), 5)  # meets the surface's edge, which the ground within does not
    picture[100:103, 60:140] = 1
    picture[70:101, 98:101] = 1
    shapes = Shapes(picture)
    narrow = pieces_of(picture, picture == 1)
    assert not between_parts(shapes.pieces, narrow).any()


def test_easing_cuts_no_line_in_two() -> None:
    picture = np.zeros((120, 120), np.uint8)
    picture[57:64, 10:110] = 1
    shapes = Shapes(picture)
    place = Place(False, False, np.array([[60, 57]]))

    def tearing(changed: Shapes) -> Shapes:
        torn = changed.indices.copy()
        if (torn != picture).any():
            torn[:, 57:63] = 0
        return Shapes(torn)

    result, _ = eased(shapes, Bends([place], np.zeros_like(picture)), 160.0, SCALE, tearing)
    assert np.count_nonzero(pieces_of(result.indices).colour == 1) == 1
