"""Where one granule is not the colour that was named or shown, a mixture is offered; elsewhere it is not."""

import io

import numpy as np
import pytest
from PIL import Image

from studio_colour.difference import ByteArray
from studio_colour.mixing import PARTS
from studio_contracts.brief import Surface
from studio_contracts.concept import Materials
from studio_contracts.palette import BY_CODE
from studio_contracts.reading import UnsoldColour
from studio_postprocess.concept import make_concept

CODES = ("RH31", "RH10", "RH70")
PLAN = [BY_CODE[code] for code in CODES]
NAVY = UnsoldColour(word="navy", hex="#01153e", code="RH10")
SURFACE = Surface(width_m=6, height_m=4)
SIZE = (288, 192)


def materials_of(rgb: ByteArray, unsold: tuple[UnsoldColour, ...] = ()) -> Materials:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    stencil = np.zeros(SIZE[::-1], np.uint8)
    return make_concept(file.getvalue(), PLAN, SIZE, stencil, "full", SURFACE, unsold=unsold).materials


@pytest.fixture
def flat() -> ByteArray:
    """A cream surface, the right half green."""
    picture = np.full((SIZE[1], SIZE[0], 3), BY_CODE["RH31"].rgb, np.uint8)
    picture[:, SIZE[0] // 2 :] = BY_CODE["RH10"].rgb
    return picture


@pytest.fixture
def gravel(flat: ByteArray, rng: np.random.Generator) -> ByteArray:
    """As `flat`, with one pixel in four of the green half black."""
    half = flat[:, SIZE[0] // 2 :]
    half[rng.random(half.shape[:2]) < 0.25] = BY_CODE["RH70"].rgb
    return flat


def test_a_flat_picture_in_colours_that_are_sold_needs_no_blend(flat: ByteArray) -> None:
    assert materials_of(flat).blends == ()


def test_a_named_colour_that_is_not_sold_has_a_recipe_for_all_of_its_area(flat: ByteArray) -> None:
    needs = materials_of(flat, (NAVY,))
    (blend,) = needs.blends
    line = next(line for line in needs.colours if line.code == "RH10")
    assert (blend.reason, blend.word, blend.hex, blend.code) == ("named", "navy", "#01153e", "RH10")
    assert (blend.area_m2, blend.kg) == (line.area_m2, line.kg)
    assert sum(part.parts for part in blend.recipe) == PARTS
    assert sum(part.kg for part in blend.recipe) == pytest.approx(blend.kg, abs=0.2)
    assert blend.delta_e < blend.delta_e_alone


def test_no_recipe_for_a_named_colour_that_is_not_laid(flat: ByteArray) -> None:
    assert materials_of(flat, (NAVY.model_copy(update={"code": "RH20"}),)).blends == ()


def test_a_speckled_area_gets_the_mixture_it_looks_like(gravel: ByteArray) -> None:
    (blend,) = materials_of(gravel).blends
    assert (blend.reason, blend.word) == ("texture", "")
    assert {part.code for part in blend.recipe} == {"RH10", "RH70"}
    shares = {part.code: part.parts for part in blend.recipe}
    assert shares["RH70"] == pytest.approx(0.25 * PARTS, abs=1)
    assert blend.area_m2 == pytest.approx(12, abs=1.5)


def test_materials_of_older_documents_have_no_blends(flat: ByteArray) -> None:
    stored = materials_of(flat).model_dump(mode="json")
    del stored["blends"]
    assert Materials.model_validate(stored).blends == ()
