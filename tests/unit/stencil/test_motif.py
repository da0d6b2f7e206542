from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from studio_stencil.colour import difference
from studio_stencil.draw import draw
from studio_stencil.motif import Placed, shape_area, stamp
from studio_stencil.outlines import OUTLINES, curves
from studio_stencil.plan import make_plan
from studio_stencil.scale import MIN_ISLAND_M2

SURFACES = ((5, 5), (10, 3), (20, 14), (3, 12))
PALETTES = (("RH20", "RH41"), ("RH20", "RH26", "RH31"), ("RH20", "RH22", "RH26", "RH31", "RH41", "RH50"))
CASES = [*product(OUTLINES, SURFACES[:1], PALETTES[2:]), *product(["fish", "footprint"], SURFACES, PALETTES)]


@pytest.mark.parametrize("kind", OUTLINES)
def test_a_silhouette_is_one_piece_of_a_sensible_size(kind: str) -> None:
    mask = np.asarray(stamp(Placed(kind, 150, 150, 0.0, False, 1.0), 110, (300, 300))) > 0
    assert ndimage.label(mask)[1] == 1
    parts, _ = curves(kind)
    assert max(np.abs(part).max() for part in parts) < 1.35
    assert 0.8 < shape_area(kind) < 3.2
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()


@pytest.mark.parametrize(("kind", "surface", "palette"), CASES)
@pytest.mark.parametrize("seed", range(2))
def test_silhouettes_are_as_many_as_asked_apart_and_off_the_rim(
    kind: str, surface: tuple[float, float], palette: tuple[str, ...], seed: int
) -> None:
    plan = make_plan(f"3 {kind}", *surface, palette, "motif", seed)
    assert plan.motifs == ((kind, 3),)
    indices = draw(plan)
    silhouette = indices == len(plan.codes) - 1
    assert ndimage.label(silhouette)[1] == 3
    assert not silhouette[[0, -1]].any()
    assert not silhouette[:, [0, -1]].any()


@pytest.mark.parametrize("brief", ["three fish", "a whale", "stars and moons", "stepping stones", "24 flowers"])
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("palette", PALETTES, ids=len)
def test_the_planned_coverage_holds_silhouettes_included(
    brief: str, surface: tuple[float, float], palette: tuple[str, ...]
) -> None:
    plan = make_plan(brief, *surface, palette, None, 3)
    indices = draw(plan)
    shares = np.bincount(indices.ravel(), minlength=len(plan.codes)) / indices.size
    assert shares == pytest.approx(np.array(plan.coverage), abs=0.05)
    assert plan.coverage[0] >= 0.5


@pytest.mark.parametrize("palette", PALETTES[1:], ids=len)
def test_the_silhouettes_colour_stands_out_from_all_it_lies_on(palette: tuple[str, ...]) -> None:
    plan = make_plan("a whale", 5, 5, palette, None, 1)
    assert min(difference(plan.codes[-1], code) for code in plan.codes[:-1]) >= 20


def test_no_silhouette_is_smaller_than_the_smallest_island() -> None:
    plan = make_plan("40 stars", 5, 5, PALETTES[2], None, 1)
    ((kind, count),) = plan.motifs
    assert kind == "star"
    assert 1 < count < 40
    assert f"{count} × star" in plan.strategy_reason
    sizes = np.bincount(ndimage.label(draw(plan) == len(plan.codes) - 1)[0].ravel())[1:]
    assert sizes.min() * plan.mm_per_pixel**2 / 1e6 >= 0.8 * MIN_ISLAND_M2


def test_several_on_a_large_surface_are_more_than_on_a_small_one_but_few() -> None:
    small, large = (make_plan("fish", side, side, None, None, 1).motifs[0][1] for side in (4, 20))
    assert 2 <= small < large <= 9


def test_the_same_seed_draws_the_same_silhouettes() -> None:
    plan = make_plan("two turtles and shells", 6, 4, None, None, 5)
    assert np.array_equal(draw(plan), draw(plan))
    assert not np.array_equal(draw(plan), draw(plan._replace(seed=6)))


def test_each_kind_is_drawn_as_often_as_the_brief_says() -> None:
    assert make_plan("sun, moon and 5 stars", 5, 5, None, None, 1).motifs == (("sun", 1), ("moon", 1), ("star", 5))
