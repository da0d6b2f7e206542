"""Edits of a laid surface, on small index maps."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from studio_contracts.edits import Edit, Mirror, Recolour, Turn
from studio_stencil.drawing.compose import encode
from studio_stencil.editing.edit import Surface, edit, read_surface
from studio_stencil.editing.pieces import piece

MAP = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1]], np.uint8)
SURFACE = Surface(MAP, ("RH20", "RH30"), 4000, 3000)


def seen(surface: Surface) -> list[list[str]]:
    return [[surface.codes[index] for index in row] for row in surface.indices]


def test_a_picture_is_read_as_it_was_written() -> None:
    read = read_surface(encode(MAP, SURFACE.codes), 4000, 3000)
    assert seen(read) == seen(SURFACE)


def test_a_picture_in_colours_that_cannot_be_laid_is_refused() -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (1, 2, 3)).save(file, "PNG")
    with pytest.raises(ValueError, match="1 colours that cannot be laid"):
        read_surface(file.getvalue(), 1000, 1000)


def test_a_colour_is_exchanged_everywhere_or_in_one_piece() -> None:
    everywhere = edit(SURFACE, [Recolour(colour="RH30", to="RH41")])
    assert seen(everywhere)[1] == ["RH20", "RH41", "RH20", "RH41"]
    here = edit(SURFACE, [Recolour(colour="RH30", to="RH41", at=(3500, 1500))])
    assert seen(here)[1:] == [["RH20", "RH30", "RH20", "RH41"], ["RH20", "RH20", "RH20", "RH41"]]
    merged = edit(SURFACE, [Recolour(colour="RH30", to="RH20")])
    assert merged.codes == ("RH20",)


def test_an_edit_that_meets_nothing_changes_nothing() -> None:
    missed = [Recolour(colour="RH30", to="RH41", at=(100, 100)), Recolour(colour="RH70", to="RH41")]
    assert seen(edit(SURFACE, missed)) == seen(SURFACE)


def test_the_most_common_colour_is_the_base() -> None:
    assert edit(SURFACE, [Recolour(colour="RH20", to="RH10")]).codes == ("RH10", "RH30")


def test_mirrored_and_turned() -> None:
    flipped = edit(SURFACE, [Mirror(swap="left_right")])
    assert seen(flipped)[1] == ["RH30", "RH20", "RH30", "RH20"]
    assert seen(edit(SURFACE, [Mirror(swap="top_bottom")]))[0] == ["RH20", "RH20", "RH20", "RH30"]
    turned = edit(SURFACE, [Turn(quarters=1)])
    assert (turned.width_mm, turned.height_mm, turned.indices.shape) == (3000, 4000, (4, 3))
    assert seen(turned)[3] == ["RH30", "RH30", "RH20"]
    assert seen(edit(turned, [Turn(quarters=3)])) == seen(SURFACE)


def test_a_point_is_one_of_the_surface_as_it_is_by_then() -> None:
    edits: list[Edit] = [Turn(quarters=2), Recolour(colour="RH30", to="RH41", at=(500, 500))]
    assert seen(edit(SURFACE, edits))[0][0] == "RH41"


@pytest.mark.parametrize("seed", range(8))
def test_pieces_are_those_of_opencv(seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = random.random((37, 53)) < 0.6
    row, column = (int(value) for value in random.choice(np.argwhere(mask)))
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    assert (piece(mask, row, column) == (labels == labels[row, column])).all()
