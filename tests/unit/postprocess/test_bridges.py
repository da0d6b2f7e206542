"""A thin place that holds a piece together is widened, not taken away."""

import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_postprocess.installable.bridges import with_bridges
from studio_postprocess.installable.easing import with_adjoining
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.width_check import WidthCheck, check_widths

SCALE = 12.0
"""Millimetres a pixel."""


def checked(picture: ByteArray) -> tuple[Shapes, WidthCheck]:
    shapes = Shapes(picture)
    places = check_widths(shapes, SCALE)
    assert places is not None
    return shapes, places


def leg(foot: int) -> ByteArray:
    """A body with a foot, `length` pixels long and 14 wide, on a leg that is 6 wide."""
    picture = np.zeros((240, 240), np.uint8)
    picture[40:100, 60:180] = 1
    picture[100:150, 117:123] = 1
    picture[150 : 150 + foot, 113:127] = 1
    return picture


def test_a_leg_is_widened_where_the_foot_would_be_lost_without_it() -> None:
    shapes, places = checked(leg(foot=30))  # 0.06 m²
    bridged = with_bridges(shapes, places, SCALE)
    assert np.count_nonzero(bridged.indices[125] == 1) >= 10
    assert len(pieces_of(bridged.indices).area) == 2


@pytest.mark.parametrize("foot", [0, 4])
def test_a_leg_without_a_foot_holds_nothing(foot: int) -> None:
    shapes, places = checked(leg(foot))
    assert with_bridges(shapes, places, SCALE) is shapes


def test_a_strip_between_two_pieces_that_can_be_laid_alone_is_no_bridge() -> None:
    picture = np.zeros((240, 300), np.uint8)
    picture[60:160, 20:120] = picture[60:160, 180:280] = 1
    picture[107:113, 120:180] = 1
    shapes, places = checked(picture)
    assert with_bridges(shapes, places, SCALE) is shapes


def test_the_way_into_a_bay_stays_open() -> None:
    picture = np.zeros((240, 240), np.uint8)
    picture[60:180, 60:180] = 1
    picture[90:130, 90:150] = 0  # 0.35 m² would be an island, 0.29 m² is none
    picture[90:98, 90:150] = 1
    picture[130:180, 118:123] = 0  # 60 mm
    shapes, places = checked(picture)
    assert places.gaps.any()
    bridged = with_bridges(shapes, places, SCALE)
    assert np.count_nonzero(bridged.indices[160, 100:140] == 0) >= 7
    assert len(pieces_of(bridged.indices).area) == 2


def test_easing_that_is_taken_back_leaves_no_step_beside_it() -> None:
    """The change of the first two places goes on from one to the other along ten pixels, that of the third is apart."""
    regions, changed = np.zeros((60, 100), np.int32), np.zeros((60, 100), np.bool_)
    for place, left in enumerate((10, 40, 70), start=1):
        regions[:, left : left + 30] = place
    changed[20:30, 20:60] = changed[20:30, 80:90] = True
    failed = np.array([False, True, False, False])
    assert with_adjoining(failed, regions, changed, 3).tolist() == [False, True, True, False]
    assert with_adjoining(failed, regions, changed, 11).tolist() == failed.tolist()
    assert with_adjoining(failed, regions, np.zeros_like(changed), 3).tolist() == failed.tolist()
