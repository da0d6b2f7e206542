"""The indexed PNG loses nothing; the thumbnail is small and keeps flat colour flat."""

import io

import numpy as np
import pytest
from PIL import Image

from studio_colour.difference import palette_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.io.encode import THUMBNAIL_SIDE, encode_indexed, encode_thumbnail, paint
from studio_support.synthetic_pictures import regions


@pytest.mark.parametrize(("colours", "bits"), [(1, 1), (2, 1), (4, 2), (6, 4), (16, 4), (17, 8), (21, 8)])
def test_indexed_png_holds_the_palette_in_order_and_every_pixel(
    colours: int, bits: int, rng: np.random.Generator
) -> None:
    indices = rng.integers(0, colours, (37, 53), dtype=np.uint8)
    data = encode_indexed(indices, PALETTE[:colours])
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        assert image.getpalette() == palette_rgb(PALETTE[:colours]).ravel().tolist()
        np.testing.assert_array_equal(np.asarray(image), indices)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), palette_rgb(PALETTE)[indices])
    assert data[24] == bits


def test_a_flat_design_takes_little_room() -> None:
    assert len(encode_indexed(regions(1152, 768, 10, 6), PALETTE[:6])) < 12_000


@pytest.mark.parametrize(
    ("size", "thumbnail"),
    [
        ((1152, 768), (384, 256)),
        ((648, 1152), (216, 384)),
        ((1024, 1024), (384, 384)),
        ((200, 100), (200, 100)),
        ((2000, 3), (384, 1)),
    ],
)
def test_thumbnail_fits_its_box_and_keeps_the_shape(size: tuple[int, int], thumbnail: tuple[int, int]) -> None:
    data = encode_thumbnail(np.zeros(size[::-1], np.uint8), PALETTE[:3])
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        assert image.size == thumbnail
        assert max(image.size) <= THUMBNAIL_SIDE


def test_thumbnail_keeps_flat_colour_exact_and_smooths_edges() -> None:
    indices = regions(1152, 768, 8, 3)
    data = encode_thumbnail(indices, PALETTE[:3])
    with Image.open(io.BytesIO(data)) as image:
        colours, counts = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0, return_counts=True)
    exact = (colours[:, None] == palette_rgb(PALETTE[:3])).all(axis=2).any(axis=1)
    assert 0.9 < counts[exact].sum() / counts.sum() < 1.0
    assert len(data) < 12_000


def test_paint_gives_each_index_its_colour(rng: np.random.Generator) -> None:
    indices = rng.integers(0, len(PALETTE), (20, 30), dtype=np.uint8)
    np.testing.assert_array_equal(paint(indices, PALETTE), palette_rgb(PALETTE)[indices])
