"""Foreign bytes, kind: a number that is legal by itself and makes an array of gigabytes. Sizes are bounded by axis too.

A brief with such a surface is refused (see the gateway's tests); what follows would bear one all the same, and an error
of arithmetic or memory ends the job: another try would end the same way.
"""

from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from studio_contracts.brief import MAX_RATIO, MAX_SIDE_M, MIN_SIDE_M, Surface
from studio_contracts.plan import Layout
from studio_postprocess.installable.layout import MAX_SURFACE_PIXELS, MAX_SURFACE_SIDE, compose
from studio_stencil.planning.plan import make_plan

THIN = [(100.0, 1e-8), (1e-8, 100.0), (100.0, 1e-12), (1e-3, 1e-3), (1e9, 1e9)]
WIDEST = (
    (MIN_SIDE_M, MIN_SIDE_M * MAX_RATIO),
    (MAX_SIDE_M, MAX_SIDE_M / MAX_RATIO),
    (MAX_SIDE_M, MAX_SIDE_M),
    (MIN_SIDE_M, MIN_SIDE_M),
)


@pytest.mark.parametrize("surface", THIN)
@pytest.mark.parametrize("layout", get_args(Layout))
def test_no_surface_takes_more_than_its_pixels_and_its_sides(surface: tuple[float, float], layout: Layout) -> None:
    composed = compose(np.zeros((768, 1152), np.uint8), layout, *surface, 0, 0)
    assert max(composed.indices.shape) <= MAX_SURFACE_SIDE
    assert composed.indices.size <= MAX_SURFACE_PIXELS + MAX_SURFACE_SIDE


@pytest.mark.parametrize("surface", [*THIN, (5e-324, 100.0), (100.0, 5e-324)])
def test_a_brief_cannot_have_such_a_surface(surface: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="at most 20 times the shorter"):
        Surface(width_m=surface[0], height_m=surface[1])


@pytest.mark.parametrize("surface", WIDEST)
def test_the_extremes_that_a_brief_can_have_are_planned(surface: tuple[float, float]) -> None:
    assert Surface(width_m=surface[0], height_m=surface[1])
    for strategy in ("voronoi", "bands", "grid", "scattered"):
        plan = make_plan("blue fish", *surface, None, strategy, 1)
        assert plan.fit.size.width * plan.fit.size.height <= 2**21
