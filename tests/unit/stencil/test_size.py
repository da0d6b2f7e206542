"""Every surface is filled with a picture of its own shape, at a size the model draws well."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_contracts.models import MEGAPIXEL_SIZES
from studio_contracts.plan import Layout
from studio_stencil.planning.size import fit

SIDES = (0.5, 1, 2, 2.5, 3, 5, 7.5, 10, 13, 20, 55, 100)
sides = st.floats(0.5, 100)


@pytest.mark.parametrize(
    ("width", "height", "size", "layout"),
    [
        (5, 5, (1024, 1024), "full"),
        (10, 3, (1792, 536), "full"),
        (3, 10, (536, 1792), "full"),
        (12, 8, (1216, 808), "full"),
        (16, 9, (1344, 752), "full"),
        (20, 8, (1600, 640), "full"),
        (20, 5, (2048, 512), "full"),
        (16, 3, (1344, 752), "tiled"),
        (3, 16, (752, 1344), "tiled"),
    ],
)
def test_a_surface_gets_a_picture_of_its_own_shape(
    width: float, height: float, size: tuple[int, int], layout: Layout
) -> None:
    fitted = fit(width, height)
    assert (fitted.size, fitted.layout) == (size, layout)


@given(sides, sides)
def test_every_surface_up_to_four_to_one_is_filled_with_less_than_eight_pixels_cropped(
    width: float, height: float
) -> None:
    size, layout, mm, _ = fit(width, height)
    longer, shorter = max(width, height), min(width, height)
    assert (layout == "full") == (longer <= 4 * shorter * (1 + 1e-9))
    if layout == "full":
        over = size.width - width * 1000 / mm, size.height - height * 1000 / mm
        assert all(-1e-6 <= pixels < 8 for pixels in over)
        assert min(over) == pytest.approx(0, abs=1e-6)


@given(sides, sides)
def test_a_size_is_near_a_trained_one_and_in_steps_of_eight(width: float, height: float) -> None:
    size = fit(width, height).size
    assert size.width % 8 == size.height % 8 == 0

    def off(trained: tuple[int, int]) -> float:
        return max(abs(math.log(size.width / trained[0])), abs(math.log(size.height / trained[1])))

    assert min(map(off, MEGAPIXEL_SIZES)) < 0.11
    assert 0.83 < size.width * size.height / 2**20 < 1.1


@given(st.floats(4.01, 20), st.floats(0.5, 5))
def test_longer_surfaces_get_an_odd_number_of_panels_that_fill_them(ratio: float, height: float) -> None:
    width = ratio * height
    size, layout, mm, _ = fit(width, height)
    panels = width * 1000 / mm / size.width
    whole = math.ceil(panels - 1e-9)
    assert layout == "tiled"
    assert whole % 2 == 1
    assert -1e-6 <= whole - panels < 8 * whole / size.width + 1e-6
    assert size.height * mm == pytest.approx(height * 1000)


@pytest.mark.parametrize("width", SIDES)
@pytest.mark.parametrize("height", SIDES)
@pytest.mark.parametrize("framed", [False, True])
def test_a_turned_surface_gets_the_turned_picture(width: float, height: float, framed: bool) -> None:
    fitted, turned = fit(width, height, framed=framed), fit(height, width, framed=framed)
    assert turned.size == fitted.size[::-1]
    assert turned.ground_m == pytest.approx(fitted.ground_m[::-1])
    assert turned.layout is fitted.layout
    assert turned.mm_per_pixel == pytest.approx(fitted.mm_per_pixel)


@pytest.mark.parametrize(("surface", "layout"), [((10, 3), "framed"), ((20, 2), "framed"), ((5, 5), "full")])
def test_a_frame_is_a_choice_where_the_surface_is_long(surface: tuple[float, float], layout: Layout) -> None:
    size, found, mm, _ = fit(*surface, framed=True)
    assert found is layout
    assert size.width * mm <= surface[0] * 1000 * (1 + 1e-9)
    assert size.height * mm == pytest.approx(surface[1] * 1000)


def test_a_five_metre_square_has_4_9_millimetres_per_pixel() -> None:
    assert fit(5, 5).mm_per_pixel == pytest.approx(4.88, abs=0.01)


@pytest.mark.parametrize("side", [0, -1, math.nan, math.inf])
def test_a_side_that_is_no_length_is_refused(side: float) -> None:
    with pytest.raises(ValueError, match="positive finite"):
        fit(side, 5)
    with pytest.raises(ValueError, match="positive finite"):
        fit(5, side)


@pytest.mark.parametrize(
    ("surface", "ground"), [((5, 5), (5, 5)), ((10, 3), (10, 3)), ((18, 3), (6, 3)), ((2, 40), (2, 8))]
)
def test_a_picture_shows_the_whole_surface_or_one_of_its_panels(
    surface: tuple[float, float], ground: tuple[float, float]
) -> None:
    assert fit(*surface).ground_m == pytest.approx(ground)
