"""One call makes everything a concept is stored with."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from studio_contracts.palette import BY_CODE
from studio_postprocess.clamp import Clamp, clamp_for
from studio_postprocess.colour import ByteArray, palette_rgb
from studio_postprocess.concept import make_concept
from studio_postprocess.decode import PictureError
from tests.unit.postprocess.synthetic import painted, regions

OCEAN = tuple(BY_CODE[code] for code in ("RH20", "RH23", "RH22", "RH26", "RH31", "RH70"))
SIZE = (288, 192)


def png(rgb: ByteArray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> ByteArray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def test_a_picture_becomes_a_concept() -> None:
    stencil = regions(*SIZE, 8, 6)
    rgb = painted(stencil, OCEAN)
    original = png(rgb)
    concept = make_concept(original, OCEAN, SIZE, stencil)
    indices = Clamp(OCEAN).indices(rgb)
    np.testing.assert_array_equal(opened(concept.quantized), palette_rgb(OCEAN)[indices])
    assert concept.original == original
    assert concept.original_media_type == "image/png"
    assert (concept.width, concept.height) == SIZE
    assert opened(concept.thumbnail).shape == (192, 288, 3)
    assert list(concept.shares) == [colour.code for colour in OCEAN]
    assert sum(concept.shares.values()) == pytest.approx(1.0)
    assert concept.shares["RH20"] == (indices == 0).mean()
    assert concept.quality.adherence is not None
    assert concept.quality.adherence > 0.8
    assert concept.warnings == ()


def test_without_a_stencil_adherence_is_left_out() -> None:
    concept = make_concept(png(painted(regions(*SIZE, 8, 6), OCEAN)), OCEAN, SIZE)
    assert concept.quality.adherence is None


def test_the_same_bytes_make_the_same_concept() -> None:
    original = png(painted(regions(*SIZE, 8, 6), OCEAN))
    first = make_concept(original, OCEAN, SIZE)
    clamp_for.cache_clear()
    assert make_concept(original, OCEAN, SIZE) == first


def test_a_picture_of_another_size_is_kept_and_said() -> None:
    stencil = regions(*SIZE, 8, 6)
    concept = make_concept(png(painted(regions(144, 96, 8, 6), OCEAN)), OCEAN, SIZE, stencil)
    assert (concept.width, concept.height) == (144, 96)
    assert [warning.code for warning in concept.warnings] == ["size_mismatch"]
    assert "144x96" in concept.warnings[0].text
    assert "288x192" in concept.warnings[0].text
    assert concept.quality.adherence is not None


def test_a_black_picture_is_recognised_and_a_dark_one_is_not() -> None:
    black = np.zeros((*SIZE[::-1], 3), np.uint8)
    concept = make_concept(png(black), OCEAN, SIZE)
    assert [warning.code for warning in concept.warnings] == ["all_black"]
    assert concept.quality.score < 0.3
    black[50:60, 50:60] = 40
    assert make_concept(png(black), OCEAN, SIZE).warnings == ()


def test_bytes_that_are_no_picture_are_an_error() -> None:
    with pytest.raises(PictureError):
        make_concept(b"<html>gone</html>", OCEAN, SIZE)


def test_memory_stays_within_what_is_stated() -> None:
    size = (1152, 768)
    original = png(painted(regions(*size, 8, 6), OCEAN))
    clamp_for.cache_clear()
    tracemalloc.start()
    try:
        make_concept(original, OCEAN, size)
        first = tracemalloc.get_traced_memory()[1]
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        make_concept(original, OCEAN, size)
        again = tracemalloc.get_traced_memory()[1] - kept
    finally:
        tracemalloc.stop()
    pixels = size[0] * size[1]
    assert again < 18 * pixels
    assert first < 18 * pixels + 40_000_000
