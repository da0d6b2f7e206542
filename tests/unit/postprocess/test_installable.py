"""What cleaning takes away, what it keeps, and that it comes to rest."""

import math

import cv2
import numpy as np
import pytest

from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.clamp.colour import ByteArray
from studio_postprocess.installable.cleaning import clean, untouched, without_small_and_thin
from studio_postprocess.installable.merging import merge
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.rules import inspect
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.smoothing import smoothed
from studio_postprocess.scoring.kept import kept
from studio_support.synthetic_pictures import painted, regions

COLOURS = PALETTE[4:10]
SCALE = 6000 / 768


def crumbled(indices: ByteArray, seed: int) -> ByteArray:
    """The clamp of a picture a model made of a design: ragged edges, speckle, and blots of other colours."""
    rng = np.random.default_rng(seed)
    height, width = indices.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    drift = [
        cv2.resize(rng.normal(0, 3, (height // 25, width // 25)).astype(np.float32), (width, height)) for _ in range(2)
    ]
    moved = cv2.remap(indices, x + drift[0], y + drift[1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    ragged = moved.astype(np.uint8)
    for _ in range(40):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(2, 20)), int(rng.integers(2, 12)))
        cv2.ellipse(ragged, centre, axes, float(rng.uniform(0, 180)), 0, 360, (int(rng.integers(len(COLOURS))),), -1)
    return clamp_for(COLOURS).indices(painted(ragged, COLOURS, seed, grain=8))


@pytest.fixture(params=[1, 2, 3])
def design(request: pytest.FixtureRequest) -> ByteArray:
    return regions(1024, 768, 10, len(COLOURS), request.param)


def changed(after: ByteArray, before: ByteArray) -> float:
    return float(np.mean(after != before))


def canvas() -> ByteArray:
    """5 by 5 m at 10 mm a pixel."""
    return np.zeros((500, 500), np.uint8)


def test_a_crumbled_picture_becomes_the_design_again(design: ByteArray) -> None:
    raw = crumbled(design, seed=5)
    before, cleaned = inspect(raw, SCALE), clean(raw, SCALE)
    after = inspect(cleaned.indices, SCALE)
    assert before.score <= 40
    assert after.score >= inspect(design, SCALE).score - 10
    assert after.counts["area"] == after.counts["width"] == after.counts["gap"] == after.counts["pieces"] == 0
    assert float(np.mean(cleaned.indices == design)) > 0.95
    assert float(np.mean(cleaned.indices == design)) > float(np.mean(raw == design))
    assert changed(cleaned.indices, raw) < 0.08


def test_no_colour_is_new_and_no_pixel_is_left_out(design: ByteArray) -> None:
    raw = crumbled(design, seed=6)
    cleaned = clean(raw, SCALE).indices
    assert cleaned.shape == raw.shape
    assert cleaned.dtype == np.uint8
    assert set(np.unique(cleaned)) <= set(np.unique(raw))


def test_the_same_picture_is_cleaned_the_same_and_left_alone_itself(design: ByteArray) -> None:
    raw = crumbled(design, seed=7)
    before = raw.copy()
    first, second = clean(raw, SCALE), clean(raw.copy(), SCALE)
    assert (first.indices == second.indices).all()
    assert (raw == before).all()


def test_cleaning_again_hardly_changes_anything(design: ByteArray) -> None:
    once = clean(crumbled(design, seed=8), SCALE)
    twice = clean(once.indices, SCALE)
    assert changed(twice.indices, once.indices) < 0.01
    assert inspect(twice.indices, SCALE).score >= inspect(once.indices, SCALE).score - 20


@pytest.mark.parametrize("mm_per_pixel", [2.0, 5.0, 10.0, 20.0])
def test_a_clean_design_keeps_its_place(mm_per_pixel: float) -> None:
    y, x = (np.mgrid[0:500, 0:500] + 0.5) * mm_per_pixel
    radius = 150 * mm_per_pixel
    shape = (np.hypot(x - 250 * mm_per_pixel, y - 250 * mm_per_pixel) < max(radius, 330)).astype(np.uint8)
    cleaned = clean(shape, mm_per_pixel)
    assert changed(cleaned.indices, shape) < 0.01


def test_straight_edges_and_corners_of_a_grid_stay() -> None:
    grid = np.array([[0, 1, 2], [3, 0, 4], [1, 2, 0]], np.uint8).repeat(200, axis=0).repeat(200, axis=1)
    cleaned = clean(grid, 10.0)
    assert changed(cleaned.indices, grid) < 0.005
    assert inspect(cleaned.indices, 10.0).score == 100


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


def test_a_surface_too_small_for_anything_gets_one_colour() -> None:
    picture = np.zeros((64, 64), np.uint8)
    picture[:, 40:] = 1
    assert np.unique(clean(picture, 5.0).indices).tolist() == [0]


def test_pictures_of_any_shape_and_noise_are_cleaned(rng: np.random.Generator) -> None:
    for shape in ((1, 1), (1, 7), (3, 200), (150, 150)):
        noise = rng.integers(0, 6, shape, dtype=np.uint8)
        cleaned = clean(noise, 20.0).indices
        assert cleaned.shape == shape
        assert set(np.unique(cleaned)) <= set(np.unique(noise))


def test_pieces_that_touch_only_chosen_ones_wait_for_them() -> None:
    shapes = Shapes(np.array([[0, 0, 0, 0, 0, 1, 2, 3]], np.uint8))
    colour = shapes.pieces.colour
    assert merge(shapes, colour > 0).indices.tolist() == [[0] * 8]
    assert merge(shapes, np.ones(4, np.bool_)).indices.tolist() == [[0] * 8]
    assert merge(shapes, np.zeros(4, np.bool_)) is shapes
    assert merge(shapes, colour == 2).indices.tolist() == [[0, 0, 0, 0, 0, 1, 1, 3]]


def test_pieces_are_joined_by_edges_not_by_corners() -> None:
    pieces = pieces_of(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.uint8))
    assert pieces.colour.tolist() == [1, 0, 0, 1, 1]
    assert pieces.area.tolist() == [1, 3, 3, 1, 1]
    assert pieces.box.tolist() == [[0, 0, 1, 1], [1, 0, 2, 2], [0, 1, 2, 2], [1, 1, 1, 1], [2, 2, 1, 1]]
    assert pieces.spread(pieces.area, 0).tolist() == [[1, 3, 3], [3, 1, 3], [3, 3, 1]]
    assert pieces.largest(np.arange(9).reshape(3, 3)).tolist() == [0, 5, 7, 4, 8]


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
