import math

import numpy as np
import pytest

from studio_stencil.planning.size import MODEL_SIZES, Layout, ModelSize, fit

SIDES = (0.1, 0.5, 1, 2, 2.5, 3, 5, 7.5, 10, 13, 20, 55, 100)


@pytest.mark.parametrize(
    ("width", "height", "ratio", "layout"),
    [
        (5, 5, "1:1", Layout.FULL),
        (10, 3, "16:9", Layout.FRAMED),
        (3, 10, "9:16", Layout.FRAMED),
        (12, 8, "3:2", Layout.FULL),
        (6, 8, "3:4", Layout.FULL),
        (16, 9, "16:9", Layout.FULL),
        (14, 4, "16:9", Layout.TILED),
        (4, 14, "9:16", Layout.TILED),
        (100, 0.1, "16:9", Layout.TILED),
    ],
)
def test_a_surface_gets_the_size_and_layout_nearest_to_its_shape(
    width: float, height: float, ratio: str, layout: str
) -> None:
    fitted = fit(width, height)
    assert (fitted.size.ratio, fitted.layout) == (ratio, layout)


@pytest.mark.parametrize("width", SIDES)
@pytest.mark.parametrize("height", SIDES)
def test_a_turned_surface_gets_the_turned_picture(width: float, height: float) -> None:
    fitted, turned = fit(width, height), fit(height, width)
    assert (turned.size.width, turned.size.height) == (fitted.size.height, fitted.size.width)
    assert turned.layout is fitted.layout
    assert turned.mm_per_pixel == pytest.approx(fitted.mm_per_pixel)


@pytest.mark.parametrize("width", SIDES)
@pytest.mark.parametrize("height", SIDES)
def test_no_other_size_is_nearer_in_log_ratio(width: float, height: float) -> None:
    def off(size: ModelSize) -> float:
        return abs(math.log(width / height) - math.log(size.width / size.height))

    assert off(fit(width, height).size) == pytest.approx(min(map(off, MODEL_SIZES)))


@pytest.mark.parametrize("width", SIDES)
@pytest.mark.parametrize("height", SIDES)
def test_the_evenly_scaled_picture_meets_the_surface_as_its_layout_says(width: float, height: float) -> None:
    size, layout, mm, _ = fit(width, height)
    across, down = size.width * mm / (width * 1000), size.height * mm / (height * 1000)
    touching, other = (down, across) if abs(down - 1) < abs(across - 1) else (across, down)
    assert touching == pytest.approx(1)
    if layout is Layout.FULL:
        assert 1 - 1e-9 <= other < math.exp(0.3)
    else:
        assert other < 1
    if layout is Layout.TILED:
        assert max(width / height, height / width) >= 3.5


def test_a_five_metre_square_has_4_9_millimetres_per_pixel() -> None:
    assert fit(5, 5).mm_per_pixel == pytest.approx(4.88, abs=0.01)


@pytest.mark.parametrize("side", [0, -1, math.nan, math.inf])
def test_a_side_that_is_no_length_is_refused(side: float) -> None:
    with pytest.raises(ValueError, match="positive finite"):
        fit(side, 5)
    with pytest.raises(ValueError, match="positive finite"):
        fit(5, side)


@pytest.mark.parametrize(
    ("surface", "layout", "cut"),
    [
        ((5, 5), Layout.FULL, (512, 512)),
        ((5, 4.5), Layout.FULL, (512, 384 * 1.2)),
        ((10, 4), Layout.FRAMED, (576, 324)),
        ((16, 3), Layout.TILED, (576, 324)),  # three whole copies
        ((12, 2.25), Layout.TILED, (576, 324)),
        ((14, 3.5), Layout.TILED, (1152 - 2 * 648, 324)),
    ],
)
def test_it_is_told_where_the_surfaces_edge_cuts_the_picture(
    surface: tuple[float, float], layout: Layout, cut: tuple[float, float]
) -> None:
    found, turned = fit(*surface), fit(*reversed(surface))
    assert found.layout is layout
    assert found.cut == pytest.approx(np.abs(cut), abs=0.01)
    assert turned.cut == pytest.approx(found.cut[::-1])
