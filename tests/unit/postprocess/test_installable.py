"""What cleaning takes away from a whole picture, what it keeps, and that it comes to rest."""

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.installable.merging import merge
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.rules import inspect
from studio_postprocess.installable.shapes import Shapes
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
