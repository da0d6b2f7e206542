"""What cleaning makes of single shapes: fragments, strips, necks, legs, bends and tips."""

import math

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_postprocess.installable.cleaning import clean, untouched, without_small_and_thin
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.rules import inspect
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.smoothing import smoothed
from studio_postprocess.scoring.kept import kept


def canvas() -> ByteArray:
    """5 by 5 m at 10 mm a pixel."""
    return np.zeros((500, 500), np.uint8)


def test_fragments_and_islands_go_to_the_colour_they_border_on_most() -> None:
    picture = canvas()
    picture[:, 250:] = 1
    picture[100:140, 220:255] = 2  # 0.14 m², mostly on colour 0
    picture[300:340, 245:280] = 3  # mostly on colour 1
    cleaned = clean(picture, 10.0)
    assert set(np.unique(cleaned.indices)) == {0, 1}
    assert float(np.mean(cleaned.indices[:, 255:] == 1)) > 0.99


def test_an_island_large_enough_stays() -> None:
    picture = canvas()
    cv2.circle(picture, (250, 250), round(100 * math.sqrt(0.36 / math.pi)), (1,), -1)
    assert float(np.mean(clean(picture, 10.0).indices == 1)) == pytest.approx(float(np.mean(picture == 1)), rel=0.08)


@pytest.mark.parametrize("width", [5, 8, 16])
def test_a_long_strip_thinner_than_120_mm_is_widened(width: int) -> None:
    picture = canvas()
    picture[:, 250:] = 1
    picture[:, 250 : 250 + width] = 2
    picture[:100, :100] = 2  # the colour lives elsewhere too
    cleaned = clean(picture, 10.0).indices
    assert 12 <= np.count_nonzero(cleaned[250] == 2) <= max(width, 15) + 1
    assert inspect(cleaned, 10.0).score == 100


def test_a_short_strip_goes_to_a_neighbour() -> None:
    picture = canvas()
    picture[:, 250:] = 1
    picture[200:280, 250:256] = 2
    assert np.unique(clean(picture, 10.0).indices).tolist() == [0, 1]


@pytest.mark.parametrize("width", [4, 9])
def test_a_neck_is_widened_and_the_bodies_stay_one(width: int) -> None:
    picture = canvas()
    picture[150:350, 50:200] = picture[150:350, 300:450] = 1
    picture[245 : 245 + width, 200:300] = 1
    cleaned = clean(picture, 10.0).indices
    assert len(pieces_of(cleaned).area) == 2
    assert np.count_nonzero(cleaned[:, 250]) >= 12


def legs(leg: int, gap: int) -> ByteArray:
    """A body of 2 by 0.8 m on four legs of `leg` by 90 pixels with gaps between the pairs, at 10 mm a pixel."""
    picture = canvas()
    picture[150:230, 150:350] = 1
    for left in (150, 150 + leg + gap, 350 - 2 * leg - gap, 350 - leg):
        picture[230:320, left : left + leg] = 1
    return picture


@pytest.mark.parametrize(("leg", "gap"), [(12, 5), (8, 6), (6, 12), (9, 9)])
def test_legs_stay_apart_and_on_the_body(leg: int, gap: int) -> None:
    cleaned = clean(legs(leg, gap), 10.0).indices
    assert len(pieces_of(cleaned).area) == 2
    across = np.flatnonzero(np.diff(cleaned[290].astype(int)))
    assert len(across) == 8  # in and out of four legs
    assert np.diff(across)[::2].min() >= 11
    counts = inspect(cleaned, 10.0).counts
    assert counts["width"] == counts["gap"] == counts["area"] == 0


def test_a_line_drawing_stays_a_line_drawing() -> None:
    picture = canvas()
    cv2.polylines(picture, [np.array([[120, 420], [120, 220], [250, 80], [380, 220], [380, 420]])], True, (1,), 5)
    cleaned = clean(picture, 10.0)
    counts = inspect(cleaned.indices, 10.0).counts
    assert counts["width"] == counts["gap"] == counts["area"] == 0
    assert len(pieces_of(cleaned.indices).area) == 3
    survived = kept(cleaned.seen, cleaned.laid, cleaned.working_mm)
    assert survived.subject > 0.95


def test_a_small_part_of_a_figure_becomes_part_of_the_figure_and_not_of_the_ground() -> None:
    picture, look = canvas(), np.zeros((500, 500, 3), np.uint8)
    look[:] = (150, 200, 230)
    picture[150:350, 150:350] = 1
    look[150:350, 150:350] = (120, 120, 120)
    picture[120:150, 230:265] = 2  # a turret, most of whose border is with the sky
    look[120:150, 230:265] = (140, 130, 130)
    assert (clean(picture, 10.0, look).indices[128:150, 236:260] == 1).mean() > 0.9


def test_an_edge_that_bends_too_tightly_between_large_pieces_is_eased() -> None:
    x = np.arange(1200)
    edge = 400 + 10 * np.sin(x / 1200 * 2 * np.pi * 12)  # waves 1 m long and 0.2 m deep: 250 mm at their tightest
    picture = (np.arange(800)[:, None] > edge).astype(np.uint8)
    before, cleaned = inspect(picture, 10.0), clean(picture, 10.0)
    assert before.counts["radius"] >= 20
    assert inspect(cleaned.indices, 10.0).counts["radius"] < before.counts["radius"] / 2


def test_a_small_silhouette_keeps_its_character() -> None:
    picture = canvas()
    tips = [
        (250 + r * math.sin(k * math.pi / 5), 250 - r * math.cos(k * math.pi / 5))
        for k in range(10)
        for r in [170 if k % 2 == 0 else 85]
    ]
    cv2.fillPoly(picture, [np.round(tips).astype(np.int32)], (1,))
    cleaned = clean(picture, 10.0).indices
    both = np.count_nonzero((cleaned == 1) & (picture == 1))
    either = np.count_nonzero((cleaned == 1) | (picture == 1))
    assert both / either > 0.93
    assert cv2.convexHull(np.argwhere(cleaned == 1).astype(np.int32)).size > 0
    hull = cv2.contourArea(cv2.convexHull(np.argwhere(cleaned == 1).astype(np.int32)))
    assert np.count_nonzero(cleaned == 1) / hull < 0.75  # a star still, no blob


def test_smoothing_moves_nothing_where_it_is_told_not_to() -> None:
    picture = canvas()
    picture[200:300, 200:300] = 1
    assert (smoothed(picture, 20.0, where=np.zeros(picture.shape, np.float32)) == picture).mean() > 0.9999
    assert (smoothed(picture, 20.0) != picture).sum() > 200


def test_on_a_small_surface_a_piece_nearly_large_enough_is_grown_and_keeps_its_shape() -> None:
    picture = np.zeros((300, 300), np.uint8)
    picture[:, 240:] = 1
    cv2.circle(picture, (80, 80), 26, (2,), -1)  # 0.21 m² of 9
    cv2.circle(picture, (80, 220), 17, (2,), -1)  # 0.09 m²
    cleaned = clean(picture, 10.0)
    assert 0.30 <= np.count_nonzero(cleaned.indices == 2) / 1e4 < 0.40
    assert cleaned.indices[80, 80] == 2
    assert inspect(cleaned.indices, 10.0).counts["area"] == 0


def test_on_a_large_surface_such_a_piece_is_absorbed_while_its_colour_lives_elsewhere() -> None:
    picture = np.zeros((700, 700), np.uint8)
    picture[:, 600:] = 2
    cv2.circle(picture, (150, 150), 26, (2,), -1)
    cleaned = clean(picture, 10.0)
    assert (cleaned.indices[:, :550] == 0).all()


def test_a_colours_last_piece_is_grown_on_any_surface_so_that_the_colour_stays() -> None:
    picture = np.zeros((700, 700), np.uint8)
    cv2.circle(picture, (150, 150), 23, (2,), -1)  # 0.17 m² of 49
    cv2.circle(picture, (500, 500), 15, (3,), -1)  # 0.07 m² is too little to say it was meant
    cleaned = clean(picture, 10.0)
    assert np.unique(cleaned.indices).tolist() == [0, 2]
    assert inspect(cleaned.indices, 10.0).score == 100


def test_edges_move_only_near_a_bend_that_is_too_tight() -> None:
    x = np.arange(1200)
    edge = 400 + np.where(x < 400, 10 * np.sin(x / 400 * 2 * np.pi * 4), 0)
    picture = (np.arange(800)[:, None] > edge).astype(np.uint8)
    cleaned = clean(picture, 10.0)
    assert (cleaned.indices[:, 480:] == picture[:, 480:]).mean() > 0.9999
    assert (cleaned.indices[:, :400] != picture[:, :400]).any()


def test_a_colours_last_strip_is_widened_until_it_can_be_laid() -> None:
    picture = canvas()
    picture[:, 250:] = 1
    picture[:, 250:258] = 2
    cleaned = clean(picture, 10.0)
    assert (cleaned.indices[250] == 2).sum() >= 12
    assert inspect(cleaned.indices, 10.0).score == 100


def test_an_acute_tip_is_cut_blunt_and_the_shape_stays() -> None:
    picture = np.zeros((500, 500), np.uint8)
    cv2.fillPoly(picture, [np.array([[80, 120], [420, 250], [80, 380]], np.int32)], (1,))
    before, cleaned = inspect(picture, 10.0), clean(picture, 10.0)
    assert before.counts["angle"] == 1
    after = inspect(cleaned.indices, 10.0)
    assert after.counts["angle"] == 0
    assert np.mean((cleaned.indices == 1) != (picture == 1)) < 0.01


def test_a_short_neck_narrower_than_a_gap_may_be_is_closed() -> None:
    picture = np.zeros((400, 400), np.uint8)
    picture[200:] = 1
    picture[160:240, 80:180] = picture[160:240, 198:300] = 2
    picture[197:203, 170:210] = 2
    surface = Shapes(picture)
    assert inspect(picture, 10.0).counts["gap"] == 1
    cleaned = without_small_and_thin(untouched(surface, 10.0), 10.0)
    assert inspect(cleaned.indices, 10.0).counts["gap"] == 0
