"""One call makes everything a concept is stored with."""

import io
import tracemalloc
from functools import partial

import numpy as np
import pytest
from PIL import Image

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.brief import Surface
from studio_contracts.palette import BY_CODE
from studio_pictures.errors import PictureError
from studio_postprocess.clamp.clamp import Clamp, clamp_for
from studio_postprocess.concept import make_concept
from studio_postprocess.io.encode import encode_indexed
from studio_postprocess.picture_work import work_on_picture
from studio_postprocess.results import ConceptPictures
from studio_support.synthetic_pictures import painted, regions

OCEAN = tuple(BY_CODE[code] for code in ("RH20", "RH23", "RH22", "RH26", "RH31", "RH70"))
SIZE = (288, 192)
FLAT = np.zeros((192, 288), np.uint8)
GROUND = Surface(width_m=6, height_m=4)


def png(rgb: ByteArray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> ByteArray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def codes(concept: ConceptPictures) -> list[str]:
    return [warning.code for warning in concept.warnings]


def test_a_picture_becomes_a_concept() -> None:
    stencil = regions(*SIZE, 8, 6)
    rgb = painted(stencil, OCEAN)
    original = png(rgb)
    concept = make_concept(original, OCEAN, SIZE, stencil, "full", GROUND)
    indices = Clamp(OCEAN).indices(rgb)
    np.testing.assert_array_equal(opened(concept.pictures["quantized"].data), palette_rgb(OCEAN)[indices])
    assert concept.pictures["original"].data == original
    assert concept.pictures["original"].media_type == "image/png"
    assert concept.pictures["quantized"][2:] == SIZE
    assert opened(concept.pictures["thumbnail"].data).shape == (192, 288, 3)
    assert list(concept.shares) == [colour.code for colour in OCEAN]
    assert sum(concept.shares.values()) == pytest.approx(1.0)
    laid = opened(concept.pictures["installable"].data)
    assert concept.shares["RH20"] == (laid == BY_CODE["RH20"].rgb).all(axis=2).mean()
    assert concept.quality.adherence is not None
    assert concept.quality.adherence > 0.8
    assert codes(concept) == ["colour_unused"]  # the design has no cream


def test_a_draft_is_its_own_clamp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its picture is the stencil, so a palette that no picture had before costs no table."""

    def refuse(_: object) -> None:
        raise AssertionError("a draft was clamped")

    stencil = regions(*SIZE, 8, 6)
    data = encode_indexed(stencil, OCEAN)
    clamped = make_concept(data, OCEAN, SIZE, stencil, "full", GROUND)
    work_again = partial(work_on_picture, data, data, [colour.code for colour in OCEAN], SIZE, "full", GROUND)
    assert work_again() == clamped  # the first warms up with a picture of its own
    monkeypatch.setattr("studio_postprocess.concept.clamp_for", refuse)
    assert work_again() == clamped


def test_a_concept_brings_what_an_installer_needs() -> None:
    concept = make_concept(png(painted(regions(*SIZE, 8, 6), OCEAN)), OCEAN, SIZE, FLAT, "full", GROUND)
    laid = opened(concept.pictures["installable"].data)
    assert {tuple(pixel) for pixel in np.unique(laid.reshape(-1, 3), axis=0)} <= {colour.rgb for colour in OCEAN}
    assert concept.vectors["svg"].data.startswith((b"<svg", b"<?xml"))
    assert concept.vectors["dxf"][2:] == (6000, 4000)
    assert concept.installer.score >= concept.installer.score_before
    assert {violation.code for violation in concept.installer.violations} <= {colour.code for colour in OCEAN}
    assert concept.materials.area_m2 == 24
    assert sum(line.kg for line in concept.materials.colours) == pytest.approx(concept.materials.kg)
    assert concept.quality.installability is not None


def test_with_all_figures_the_cleaner_design_still_scores_higher() -> None:
    clean = regions(*SIZE, 10, 6)
    rng = np.random.default_rng(5)

    def speckled(share: float) -> ByteArray:
        noise = rng.integers(0, 6, clean.shape, np.uint8)
        return np.where(rng.random(clean.shape) < share, noise, clean).astype(np.uint8)

    designs = [clean, speckled(0.05), speckled(0.2), regions(*SIZE, 300, 6), speckled(1.0)]
    scores = [
        make_concept(png(palette_rgb(OCEAN)[design]), OCEAN, SIZE, clean, "full", GROUND).quality.score
        for design in designs
    ]
    assert scores == sorted(scores, reverse=True), scores
    assert scores[0] > scores[-1] + 0.3


def test_the_same_bytes_make_the_same_concept() -> None:
    original = png(painted(regions(*SIZE, 8, 6), OCEAN))
    first = make_concept(original, OCEAN, SIZE, FLAT, "full", GROUND)
    clamp_for.cache_clear()
    assert make_concept(original, OCEAN, SIZE, FLAT, "full", GROUND) == first


def test_a_picture_of_another_size_is_kept_and_said() -> None:
    stencil = regions(*SIZE, 8, 6)
    concept = make_concept(png(painted(regions(144, 96, 8, 6), OCEAN)), OCEAN, SIZE, stencil, "full", GROUND)
    assert concept.pictures["quantized"][2:] == (144, 96)
    assert codes(concept) == ["size_mismatch", "colour_unused"]
    assert "144x96" in concept.warnings[0].text
    assert "288x192" in concept.warnings[0].text
    assert concept.quality.adherence is not None


def test_a_black_picture_is_recognised_and_a_dark_one_is_not() -> None:
    black = np.zeros((*SIZE[::-1], 3), np.uint8)
    concept = make_concept(png(black), OCEAN, SIZE, FLAT, "full", GROUND)
    assert [warning.code for warning in concept.warnings] == ["all_black", "colour_unused", "blank_surface"]
    assert concept.quality.score < 0.3
    black[50:60, 50:60] = 40
    dark = make_concept(png(black), OCEAN, SIZE, FLAT, "full", GROUND)
    assert "all_black" not in codes(dark)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 117, 188)])
def test_a_picture_of_one_colour_is_called_blank_and_a_faint_one_is_not(colour: tuple[int, int, int]) -> None:
    picture = np.full((*SIZE[::-1], 3), colour, np.uint8)
    concept = make_concept(png(picture), OCEAN, SIZE, FLAT, "full", GROUND)
    assert [warning.code for warning in concept.warnings] == ["blank", "colour_unused", "blank_surface"]
    picture[50:60, 50:60] //= 2
    assert "blank" not in codes(make_concept(png(picture), OCEAN, SIZE, FLAT, "full", GROUND))


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 15), (3_200, 100)])
def test_a_picture_too_small_or_too_long_is_an_error(size: tuple[int, int]) -> None:
    picture = np.zeros((*size[::-1], 3), np.uint8)
    with pytest.raises(PictureError) as caught:
        make_concept(png(picture), OCEAN, SIZE, FLAT, "full", GROUND)
    assert caught.value.reason == "unusable"
    assert "{}x{}".format(*size) in str(caught.value)


def test_a_colour_that_cannot_be_laid_anywhere_is_said_to_be_left_out() -> None:
    dotted = np.zeros(SIZE[::-1], np.uint8)
    dotted[10:180:40, 10:280:40] = 5  # dots of a few pixels, as a model's fringes leave them
    assert "colour_lost" not in codes(make_concept(png(palette_rgb(OCEAN)[dotted]), OCEAN, SIZE, FLAT, "full", GROUND))
    for y, x in np.argwhere(dotted):
        dotted[y : y + 6, x : x + 6] = 5
    concept = make_concept(png(palette_rgb(OCEAN)[dotted]), OCEAN, SIZE, FLAT, "full", GROUND)
    assert codes(concept) == ["colour_lost", "colour_unused", "blank_surface", "subject_lost"]
    share = float(np.mean(dotted == 5))
    assert f"RH70 covered {share:.1%}" in concept.warnings[0].text
    assert "RH20" in concept.warnings[2].text
    assert concept.quality.score <= 0.4
    assert concept.installer.score <= 40
    assert concept.installer.kept_subject == 0


def test_a_colour_that_was_asked_for_and_that_no_pixel_got_is_reported() -> None:
    halves = np.zeros(SIZE[::-1], np.uint8)
    halves[:, 144:] = 4
    chosen = make_concept(png(palette_rgb(OCEAN)[halves]), OCEAN, SIZE, FLAT, "full", GROUND)
    assert codes(chosen) == ["colour_unused"]
    assert "Azure RH23, Light Blue RH22, Turquoise RH26, Black RH70" in chosen.warnings[0].text
    asked = [BY_CODE["RH50"]]
    fitted = make_concept(png(palette_rgb(OCEAN)[halves]), OCEAN, SIZE, FLAT, "full", GROUND, asked)
    assert codes(fitted) == ["colour_unused"]
    assert "Orange RH50" in fitted.warnings[0].text


def test_a_refused_colour_is_not_used() -> None:
    picture = png(painted(regions(*SIZE, 8, 3), OCEAN[:3]))
    refused = [BY_CODE[code] for code in ("RH20", "RH21", "RH22", "RH23")]
    fitted = make_concept(picture, OCEAN, SIZE, FLAT, "full", GROUND, (), refused)
    assert not set(fitted.shares) & {colour.code for colour in refused}


def test_where_the_client_chose_no_colours_they_are_those_of_the_picture() -> None:
    forest = tuple(BY_CODE[code] for code in ("RH12", "RH11", "RH32"))
    picture = png(painted(regions(*SIZE, 8, 3), forest))
    given = make_concept(picture, OCEAN, SIZE, FLAT, "full", GROUND)
    fitted = make_concept(picture, OCEAN, SIZE, FLAT, "full", GROUND, asked=())
    assert set(given.shares) == {colour.code for colour in OCEAN}
    assert set(fitted.shares) == {colour.code for colour in forest}
    assert fitted.quality.mean_delta_e < given.quality.mean_delta_e / 2
    assert {line.code for line in fitted.materials.colours} == set(fitted.shares)


def test_the_surface_is_matched_hue_first_and_the_quantized_picture_exactly() -> None:
    colours = tuple(BY_CODE[code] for code in ("RH31", "RH20", "RH70"))
    navy = np.full((*SIZE[::-1], 3), 255, np.uint8)
    navy[:, 144:] = (0, 0, 60)
    concept = make_concept(png(navy), colours, SIZE, FLAT, "full", GROUND)
    assert opened(concept.pictures["installable"].data)[96, 250].tolist() == list(BY_CODE["RH20"].rgb)
    np.testing.assert_array_equal(
        opened(concept.pictures["quantized"].data), palette_rgb(colours)[Clamp(colours).indices(navy)]
    )


def test_bytes_that_are_no_picture_are_an_error() -> None:
    with pytest.raises(PictureError):
        make_concept(b"<html>gone</html>", OCEAN, SIZE, FLAT, "full", GROUND)


def test_memory_stays_within_what_is_stated() -> None:
    size = (1152, 768)
    original = png(painted(regions(*size, 8, 6), OCEAN))
    clamp_for.cache_clear()
    tracemalloc.start()
    try:
        make_concept(original, OCEAN, size, np.zeros(size[::-1], np.uint8), "full", GROUND)
        first = tracemalloc.get_traced_memory()[1]
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        make_concept(original, OCEAN, size, np.zeros(size[::-1], np.uint8), "full", GROUND)
        again = tracemalloc.get_traced_memory()[1] - kept
    finally:
        tracemalloc.stop()
    pixels = size[0] * size[1]
    assert again < 42 * pixels
    assert first < 42 * pixels + 40_000_000
