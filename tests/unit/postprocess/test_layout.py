"""The picture keeps its proportions on every surface."""

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_contracts.plan import Layout
from studio_postprocess.installable.layout import MAX_SURFACE_PIXELS, compose
from studio_stencil.planning.size import fit


def disc(width: int, height: int, radius: int) -> ByteArray:
    """A disc of colour 2 in the middle of colour 1."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return np.where(np.hypot(x - width / 2, y - height / 2) < radius, 2, 1).astype(np.uint8)


@pytest.mark.parametrize(
    ("layout", "size", "surface"),
    [
        ("full", (1024, 1024), (5.0, 5.0)),
        ("full", (1024, 768), (5.0, 4.5)),
        ("full", (768, 1024), (4.5, 5.0)),
        ("framed", (1152, 648), (10.0, 3.0)),
        ("framed", (648, 1152), (3.0, 10.0)),
        ("tiled", (1152, 648), (12.0, 3.0)),
        ("tiled", (648, 1152), (2.0, 20.0)),
        ("full", (1024, 1024), (100.0, 97.3)),
        ("tiled", (1152, 648), (100.0, 2.0)),
    ],
)
def test_a_disc_stays_a_disc_in_the_middle(layout: Layout, size: tuple[int, int], surface: tuple[float, float]) -> None:
    composed, mm_per_pixel = compose(disc(*size, 200), layout, *surface, base=0, border=0)
    height, width = composed.shape
    assert width * mm_per_pixel == pytest.approx(surface[0] * 1000)
    assert height * mm_per_pixel == pytest.approx(surface[1] * 1000, rel=0.01)
    found, _, stats, centres = cv2.connectedComponentsWithStats((composed == 2).astype(np.uint8))
    middle = 1 + int(np.hypot(*(centres[1:] - (width / 2, height / 2)).T).argmin())
    assert centres[middle] == pytest.approx(((width - 1) / 2, (height - 1) / 2), abs=1)
    scales = [side * 1000 / pixels for side, pixels in zip(surface, size, strict=True)]
    diameter = 400 * (max(scales) if layout == "full" else min(scales)) / mm_per_pixel
    assert stats[middle, cv2.CC_STAT_WIDTH] == pytest.approx(diameter, abs=3, rel=0.01)
    assert stats[middle, cv2.CC_STAT_HEIGHT] == pytest.approx(diameter, abs=3, rel=0.01)
    assert composed.size <= MAX_SURFACE_PIXELS * 1.01
    assert found > 1


@pytest.mark.parametrize(
    "surface",
    [(3, 3), (10, 3), (20, 8), (2, 8), (0.5, 0.51), (7.3, 2.9), (40, 10), (16, 3), (100, 2), (1, 19), (12, 0.5)],
)
def test_what_a_stencil_shows_is_laid_with_a_distortion_of_at_most_two_percent(surface: tuple[float, float]) -> None:
    planned = fit(*surface)
    width, height = planned.size
    radius = min(planned.ground_m) * 400 / planned.mm_per_pixel
    y, x = np.mgrid[0:height, 0:width] + 0.5
    drawn = (np.hypot(x - width / 2, y - height / 2) < radius).astype(np.uint8)
    laid, mm_per_pixel = compose(drawn, planned.layout, *surface, base=0, border=0)
    rows, columns = laid.shape
    reach = round(radius * planned.mm_per_pixel / mm_per_pixel) + 2
    middle = (
        laid[:, columns // 2][abs(np.arange(rows) - rows // 2) <= reach],
        laid[rows // 2][abs(np.arange(columns) - columns // 2) <= reach],
    )
    down, across = (np.count_nonzero(line) for line in middle)
    pixel = surface[1] * 1000 / rows, mm_per_pixel
    meant = 2 * radius * planned.mm_per_pixel
    for length, side in zip((down, across), pixel, strict=True):
        assert length * side == pytest.approx(meant, rel=0.02, abs=2.5 * side)
    assert pixel[0] / pixel[1] == pytest.approx(1, abs=0.02)


def test_a_surface_of_the_pictures_own_ratio_shows_the_picture_itself(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 6, (768, 1152), dtype=np.uint8)
    composed, mm_per_pixel = compose(picture, "full", 6.0, 4.0, base=0, border=0)
    assert (composed == picture).all()
    assert mm_per_pixel == pytest.approx(6000 / 1152)


def test_full_crops_evenly_at_both_ends(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 6, (1024, 1024), dtype=np.uint8)
    composed, _ = compose(picture, "full", 5.0, 4.0, base=0, border=0)
    assert composed.shape == (819, 1024)
    assert (composed[409] == picture[512]).all()
    same = [int((composed[row] == picture).all(axis=1).argmax()) for row in (0, -1)]
    assert same[0] + same[1] == 1023


def test_framed_is_the_whole_picture_in_the_middle_of_the_base(rng: np.random.Generator) -> None:
    picture = rng.integers(1, 6, (648, 1152), dtype=np.uint8)
    composed, mm_per_pixel = compose(picture, "framed", 10.0, 3.0, base=0, border=0)
    assert composed.shape == (648, 2160)
    assert mm_per_pixel == pytest.approx(3000 / 648)
    assert (composed[:, 504:1656] == picture).all()
    assert (composed[:, :504] == 0).all()
    assert (composed[:, 1656:] == 0).all()


@pytest.mark.parametrize("turned", [False, True])
def test_tiled_repeats_outwards_from_the_centre_every_other_copy_mirrored(
    rng: np.random.Generator, turned: bool
) -> None:
    picture = rng.integers(0, 6, (64, 96), dtype=np.uint8)
    surface = (15.0, 2.0)  # 5 copies of 3 m
    if turned:
        composed, _ = compose(np.ascontiguousarray(picture.T), "tiled", *surface[::-1], base=0, border=0)
        composed = composed.T
    else:
        composed, _ = compose(picture, "tiled", *surface, base=0, border=0)
    mirrored = picture[:, ::-1]
    assert (composed == np.hstack([picture, mirrored, picture, mirrored, picture])).all()


def test_a_picture_of_another_size_than_planned_is_laid_by_its_own_proportions() -> None:
    composed, _ = compose(disc(512, 512, 100), "full", 5.0, 5.0, base=0, border=0)
    assert composed.shape == (512, 512)


def test_the_smallest_picture_covers_the_largest_surface() -> None:
    composed, mm_per_pixel = compose(np.full((1, 1), 3, np.uint8), "full", 100.0, 100.0, base=0, border=0)
    assert (composed == 3).all()
    assert mm_per_pixel == 100_000


def test_composing_leaves_the_picture_alone() -> None:
    picture = disc(96, 54, 10)
    before = picture.copy()
    compose(picture, "framed", 10.0, 3.0, base=0, border=0)
    assert (picture == before).all()


@pytest.mark.parametrize("layout", ["full", "framed"])
def test_what_is_laid_is_a_copy(layout: Layout) -> None:
    picture = np.ones((40, 60), np.uint8)
    laid = compose(picture, layout, 6, 4, 0, 2).indices
    laid[:] = 9
    assert (picture == 1).all()
