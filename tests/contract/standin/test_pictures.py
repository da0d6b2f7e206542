"""The pictures: reproducible, different from each other, and as far from the init image as asked."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from studio_standin.pictures import MAX_PIXELS, Format, PictureError, Recipe, render, size_of

from .conftest import png

SIZE = (288, 192)
INIT = png(SIZE)


def recipe(number: int = 0, strength: float = 0.7, seed: int = 3, init: bytes | None = INIT) -> Recipe:
    return Recipe("waves", seed, number, strength, SIZE, init)


def pixels(content: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(BytesIO(content)).convert("RGB")).astype(np.int16)


def distance(one: bytes, other: bytes) -> float:
    return float(np.abs(pixels(one) - pixels(other)).mean())


def test_the_same_recipe_gives_the_same_bytes() -> None:
    assert render(recipe()) == render(recipe())


def test_every_output_and_every_seed_differs() -> None:
    assert len({render(recipe(number, seed=seed)) for number in range(4) for seed in (3, 4)}) == 8


def test_a_negative_seed_works() -> None:
    assert render(recipe(seed=-1)) != render(recipe(seed=1))


def test_strength_zero_keeps_the_init_image() -> None:
    assert distance(render(recipe(strength=0)), INIT) == 0


def test_the_stronger_the_farther_from_the_init_image() -> None:
    means = [
        float(np.mean([distance(render(recipe(n, strength)), INIT) for n in range(8)])) for strength in (0.2, 0.7, 1.0)
    ]
    assert 0 < means[0] < means[1] < means[2]


def test_outputs_depart_unequally_so_that_ranking_has_something_to_rank() -> None:
    distances = [distance(render(recipe(n)), INIT) for n in range(8)]
    assert max(distances) > 1.5 * min(distances)


def test_colours_drift_off_the_flat_ones_and_edges_soften() -> None:
    colours = {tuple(colour) for colour in pixels(render(recipe())).reshape(-1, 3).tolist()}
    assert len(colours) > 1000


def test_a_picture_without_init_image_is_flat_design_not_noise() -> None:
    image = pixels(render(recipe(init=None)))
    assert image.std() > 20
    assert np.abs(np.diff(image, axis=1)).mean() < 6


def test_a_black_picture_is_black() -> None:
    assert pixels(render(recipe()._replace(flaw="black"))).max() == 0


def test_a_wrong_size_is_wrong() -> None:
    assert size_of(render(recipe()._replace(flaw="wrong_size"))) != SIZE


@pytest.mark.parametrize("fmt", ["png", "webp", "jpg"])
def test_every_format_decodes_to_the_size_asked(fmt: Format) -> None:
    assert size_of(render(recipe()._replace(format=fmt))) == SIZE


def test_the_png_writer_is_lossless() -> None:
    noise = render(recipe()._replace(flaw="noise"))
    assert distance(render(recipe(strength=0, init=noise)), noise) == 0
    assert pixels(noise).std() > 60


def test_what_is_not_a_picture_is_an_error() -> None:
    with pytest.raises(PictureError):
        size_of(b"<html>")
    with pytest.raises(PictureError):
        render(recipe(init=INIT[: len(INIT) // 2]))


def test_too_many_pixels_are_refused_before_decoding() -> None:
    buffer = BytesIO()
    Image.new("1", (8000, MAX_PIXELS // 8000 + 1)).save(buffer, "PNG")
    with pytest.raises(PictureError, match="pixels"):
        size_of(buffer.getvalue())
