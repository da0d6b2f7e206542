"""A client's own picture on the surface: upright, in shape, in colours one can buy, with a note of what was lost."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio_contracts.brief import Brief, OwnPicture, Surface
from studio_contracts.palette import BY_CODE
from studio_pictures.errors import PictureError
from studio_stencil.own_picture.fitting import SAME_SHAPE, Fitted, fitted
from studio_stencil.own_picture.plan import laid_pixels, surface_fit

SIZE = (320, 160)
BLUE, YELLOW, RED = (BY_CODE[code].rgb for code in ("RH20", "RH41", "RH02"))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def shown(made: Fitted) -> np.ndarray:
    with Image.open(io.BytesIO(made.stencil)) as image:
        return np.asarray(image.convert("RGB"))


def halves(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Blue, the right half yellow."""
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(YELLOW, (width // 2, 0, width, height))
    return image.convert(mode)


def at(pixels: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    height, width = pixels.shape[:2]
    return tuple(int(value) for value in pixels[int(y * height), int(x * width)])


def test_a_picture_of_the_same_shape_stays_whole() -> None:
    made = fitted(saved(halves(800, 400)), SIZE, "crop", None)
    assert made.note == SAME_SHAPE
    assert set(made.codes) == {"RH20", "RH41"}
    assert sum(made.shares) == pytest.approx(1)
    pixels = shown(made)
    assert pixels.shape == (160, 320, 3)
    assert (at(pixels, 0.1, 0.5), at(pixels, 0.9, 0.5)) == (BLUE, YELLOW)


@pytest.mark.parametrize(
    ("sides", "note"), [((400, 400), "50% cut off above and below"), ((1600, 400), "50% cut off at left and right")]
)
def test_what_is_cut_off_is_noted(sides: tuple[int, int], note: str) -> None:
    made = fitted(saved(halves(*sides)), SIZE, "crop", None)
    assert made.note == note
    assert (at(shown(made), 0.02, 0.5), at(shown(made), 0.98, 0.5)) == (BLUE, YELLOW)


@pytest.mark.parametrize(("sides", "size"), [((71, 47), (1152, 768)), ((61, 31), (320, 160)), ((18, 59), (104, 344))])
def test_rounding_cuts_nothing_beyond_the_picture(sides: tuple[int, int], size: tuple[int, int]) -> None:
    assert shown(fitted(saved(halves(*sides)), size, "crop", ("RH20", "RH41"))).shape == (*size[::-1], 3)


def test_contained_pictures_lie_on_the_ground() -> None:
    made = fitted(saved(Image.new("RGB", (200, 200), BLUE)), SIZE, "contain", ("RH02", "RH20"))
    assert made.note == "shown whole, with 50% ground at left and right"
    assert [at(shown(made), x, 0.5) for x in (0.1, 0.5, 0.9)] == [RED, BLUE, RED]


def test_what_is_transparent_shows_the_ground() -> None:
    image = Image.new("RGBA", (320, 160), (0, 0, 0, 0))
    image.paste((*BLUE, 255), (0, 0, 160, 160))
    for data in (saved(image), saved(image, "WEBP", lossless=True)):
        assert at(shown(fitted(data, SIZE, "crop", ("RH41", "RH20"))), 0.9, 0.5) == YELLOW
        assert at(shown(fitted(data, SIZE, "crop", None)), 0.9, 0.5) == BY_CODE["RH31"].rgb


def test_a_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the right edge of the file is the top
    made = fitted(saved(halves(160, 320).rotate(90, expand=True), "JPEG", quality=95, exif=exif), SIZE, "crop", None)
    assert (at(shown(made), 0.1, 0.5), at(shown(made), 0.9, 0.5)) == (BLUE, YELLOW)


def test_print_colours_and_grey_are_read() -> None:
    assert "RH70" in fitted(saved(Image.new("CMYK", (64, 32), (0, 0, 0, 255)), "JPEG"), SIZE, "crop", None).codes
    grey = saved(
        Image.new("L", (64, 32), 90),
        "PNG",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    assert fitted(grey, SIZE, "crop", None).codes == ("RH60",)


def test_of_an_animated_picture_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (64, 32), colour) for colour in (BLUE, YELLOW)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert fitted(data, SIZE, "crop", None).codes == ("RH20",)


def test_a_drawing_is_drawn_sharp_at_the_size_of_the_surface() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="2" height="2" fill="#0075bc"/></svg>'
    made = fitted(svg, SIZE, "crop", ("RH41", "RH20"))
    in_mm = svg.replace(b"viewBox", b'width="4000mm" height="2000mm" viewBox')  # as our own drawings are
    assert fitted(in_mm, SIZE, "crop", ("RH41", "RH20")).stencil == made.stencil
    assert made.note == SAME_SHAPE
    assert (at(shown(made), 0.49, 0.5), at(shown(made), 0.51, 0.5)) == (BLUE, YELLOW)


def test_soft_edges_bring_no_further_colours() -> None:
    disc = b'<circle cx="1" cy=".5" r=".4" fill="#0075bc"/>'
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1">' + disc + b"</svg>"
    assert set(fitted(svg, SIZE, "crop", None).codes) == {"RH20", "RH31"}


def test_a_colourful_picture_keeps_the_six_colours_that_it_shows_most(rng: np.random.Generator) -> None:
    noise = Image.fromarray(rng.integers(0, 256, (80, 160, 3), dtype=np.uint8))
    made = fitted(saved(noise), SIZE, "crop", None)
    assert len(made.codes) == 6
    assert list(made.shares) == sorted(made.shares, reverse=True)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"GIF89a" + b"\0" * 40, "not_a_picture"),
        (lambda: b"", "not_a_picture"),
        (lambda: b"<svg viewBox='0 0 1 1'><script/></svg>", "not_a_picture"),
        (lambda: "<svg viewBox='0 0 1 1'><desc>é</desc></svg>".encode("latin-1"), "not_a_picture"),
        (lambda: saved(Image.new("RGB", (4, 200))), "unusable"),
        (lambda: saved(Image.new("RGB", (64, 64)))[:-30], "damaged"),
        (lambda: saved(Image.new("1", (20_000, 20_000))), "too_large"),
    ],
    ids=["a GIF", "nothing", "a script", "not UTF-8", "a line", "cut off", "a bomb"],
)
def test_what_cannot_be_used_is_refused_with_its_reason(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(PictureError) as refused:
        fitted(make(), SIZE, "crop", None)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("how", "layout"), [("crop", "tiled"), ("contain", "framed")])
def test_on_a_long_surface_a_whole_picture_is_framed_and_a_cropped_one_repeated(how: Any, layout: str) -> None:
    brief = Brief(prompt="a", surface=Surface(width_m=20, height_m=2), picture=OwnPicture(sha256="0" * 64, fit=how))
    assert surface_fit(brief).layout == layout


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


CORNER = {"outer": [(0, 0), (2, 0), (2, 1), (8, 1), (8, 4), (0, 4)]}
"""A surface of 8 × 4 m without its upper right corner of 6 × 1 m."""


def test_shares_and_colours_are_those_inside_the_outline() -> None:
    picture = Image.new("RGB", (1600, 800), BLUE)
    picture.paste(RED, (500, 0, 1600, 150))  # outside
    picture.paste(YELLOW, (800, 200, 1600, 800))  # 12 of the 26 m² that are laid
    brief = Brief(prompt="x", surface=Surface.model_validate({"outline": CORNER}))
    size = surface_fit(brief)
    made = fitted(saved(picture), size.size, "crop", None, laid_pixels(brief, size))
    assert made.codes == ("RH20", "RH41")
    assert made.shares == pytest.approx((14 / 26, 12 / 26), abs=0.01)
    assert fitted(saved(picture), size.size, "crop", None).codes[-1] == "RH02", "without an outline it is laid"


def test_of_a_repeated_picture_each_copy_counts_with_what_is_laid_of_it() -> None:
    outline = {"outer": [(0, 0), (4, 0), (4, 1), (12, 1), (12, 2), (0, 2)]}  # the first of three panels is whole
    brief = Brief(prompt="x", surface=Surface.model_validate({"outline": outline}))
    size = surface_fit(brief)
    laid = laid_pixels(brief, size)
    assert size.layout == "tiled"
    assert laid is not None
    height, width = laid.shape
    assert [laid[height // 4, width // 2], laid[height * 3 // 4, width // 2]] == [1, 3]
    assert laid_pixels(Brief(prompt="x"), size) is None
