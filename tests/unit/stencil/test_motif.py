from itertools import product

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from studio_postprocess.installable.cleaning import clean
from studio_postprocess.installable.layout import compose
from studio_postprocess.installable.rules import inspect
from studio_stencil.drawing.colour import difference
from studio_stencil.drawing.draw import draw
from studio_stencil.motifs.outlines import OUTLINES, curves
from studio_stencil.motifs.silhouette import Placed, shape_area, stamp
from studio_stencil.planning.plan import make_plan
from studio_stencil.planning.scale import MIN_FEATURE_MM, MIN_ISLAND_M2

SURFACES = ((5, 5), (10, 3), (20, 14), (3, 12))
PALETTES = (("RH20", "RH41"), ("RH20", "RH26", "RH31"), ("RH20", "RH22", "RH26", "RH31", "RH41", "RH50"))
CASES = [*product(OUTLINES, SURFACES[:1], PALETTES[2:]), *product(["fish", "footprint"], SURFACES, PALETTES)]
GALLERY = ((3, 3), (10, 4), (20, 13))


def silhouette(kind: str, area_m2: float, mm_per_pixel: float = 6.0) -> np.ndarray:
    """One silhouette of about this area on a plain surface."""
    unit = (area_m2 * 1e6 / shape_area(kind)) ** 0.5 / mm_per_pixel
    side = round(3.2 * unit)
    image = Image.new("L", (side, side))
    stamp(image, Placed(kind, side / 2, side / 2, 0.0, False, unit), 1, mm_per_pixel)
    return np.array(image)


@pytest.mark.parametrize("kind", OUTLINES)
def test_a_silhouette_is_one_piece_of_a_sensible_size(kind: str) -> None:
    mask = silhouette(kind, 0.4) > 0
    assert ndimage.label(mask)[1] == 1
    parts, _ = curves(kind)
    assert max(np.abs(part).max() for part in parts) < 1.35
    assert 1.5 < shape_area(kind) < 3.6
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()


@pytest.mark.parametrize("area_m2", [0.36, 0.6, 1.5, 6.0])
@pytest.mark.parametrize("kind", OUTLINES)
def test_a_silhouette_alone_can_be_laid_at_any_size_it_is_drawn_in(kind: str, area_m2: float) -> None:
    """Tips and notches are sharp but wide, or round; only some rounds are tighter than the rule."""
    found = inspect(silhouette(kind, area_m2), 6.0)
    assert {rule for rule, count in found.counts.items() if count} <= {"radius", "angle"}
    assert found.score >= 80


@pytest.mark.parametrize("kind", ["flower", "rocket"])
def test_a_cut_is_drawn_only_where_it_can_be_laid_itself(kind: str) -> None:
    small, large = (ndimage.label(silhouette(kind, area, 12.0) == 0)[1] for area in (1.5, 9.0))
    assert (small, large) == (1, 2)


@pytest.mark.parametrize("surface", GALLERY)
@pytest.mark.parametrize("kind", OUTLINES)
def test_an_installer_can_lay_a_stencil_as_it_is(kind: str, surface: tuple[float, float]) -> None:
    for seed, palette in enumerate(PALETTES):
        plan = make_plan(f"3 {kind}", *surface, palette, "motif", seed)
        indices = draw(plan)
        last = len(plan.codes) - 1
        composed = compose(indices, plan.layout.value, *surface, base=0, border=0)
        found = inspect(*composed)
        assert found.score >= 70
        assert found.counts["area"] == found.counts["gap"] == found.counts["pieces"] == 0
        assert ndimage.label(indices == last)[1] == 3
        cleaned = clean(*composed)
        assert np.mean(cleaned.indices != composed.indices) < 0.04
        assert ndimage.label(cleaned.indices == last)[1] == 3
        kept = (cleaned.indices == last) & (composed.indices == last)
        assert kept.sum() > 0.9 * (composed.indices == last).sum()


@pytest.mark.parametrize(
    "brief", ["three fish and a whale", "rockets and five stars", "footprints and shells", "waves"]
)
@pytest.mark.parametrize("surface", [*GALLERY, (14, 3.5), (3.5, 14), (6, 4.6)])
def test_silhouettes_lie_on_the_base_and_keep_apart_from_all_else(brief: str, surface: tuple[float, float]) -> None:
    plan = make_plan(brief, *surface, PALETTES[2], "motif", 4)
    indices = draw(plan)
    last = len(plan.codes) - 1
    pieces, count = ndimage.label(indices == last)
    assert count == sum(number for _, number in plan.motifs)
    apart = MIN_FEATURE_MM / plan.mm_per_pixel
    foreign = np.pad(~np.isin(indices, (0, last)), 1, constant_values=True)
    assert (ndimage.distance_transform_edt(~foreign)[1:-1, 1:-1][indices == last]).min() >= apart
    for number in range(1, count + 1):
        others = (pieces > 0) & (pieces != number)
        assert not others.any() or ndimage.distance_transform_edt(~others)[pieces == number].min() >= 0.95 * apart


@pytest.mark.parametrize("surface", [(5, 4), (4, 5), (14, 3.5), (3.5, 14), (17, 4)])
def test_no_silhouette_lies_on_the_surfaces_edge(surface: tuple[float, float]) -> None:
    plan = make_plan("five stars", *surface, PALETTES[1], "motif", 2)
    last = len(plan.codes) - 1
    whole, _ = compose(draw(plan), plan.layout.value, *surface, base=0, border=0)
    for side in (whole[0], whole[-1], whole[:, 0], whole[:, -1]):
        assert not (side == last).any()


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
    assert sum(plan.coverage) == pytest.approx(1)
    # Where a tiled surface's ends leave silhouettes little room, the base keeps some of their share.
    assert shares == pytest.approx(np.array(plan.coverage), abs=0.05 if plan.layout != "tiled" else 0.12)
    assert shares[1:-1] == pytest.approx(np.array(plan.coverage[1:-1]), abs=0.05)
    assert plan.coverage[0] >= 0.5


@pytest.mark.parametrize("palette", PALETTES, ids=len)
@pytest.mark.parametrize("surface", [*GALLERY, (2, 2), (100, 80)])
@pytest.mark.parametrize("brief", ["a whale", "24 stars", "fish"])
def test_the_bands_below_are_as_many_as_planned_and_the_base_is_never_at_the_rim(
    brief: str, surface: tuple[float, float], palette: tuple[str, ...]
) -> None:
    plan = make_plan(brief, *surface, palette, "motif", 5)
    indices = draw(plan)
    below = np.where(indices == len(plan.codes) - 1, 0, indices)
    assert sum(ndimage.label(below == index)[1] for index in range(len(plan.codes) - 1)) == plan.regions
    across = below[:, 0] if (below[0] == below[0, 0]).all() else below[0]
    if len(set(across.tolist())) > 2:
        assert across[0] != 0
        assert across[-1] != 0


@pytest.mark.parametrize("palette", PALETTES[1:], ids=len)
def test_the_silhouettes_colour_stands_out_from_all_others(palette: tuple[str, ...]) -> None:
    plan = make_plan("a whale", 5, 5, palette, None, 1)
    assert min(difference(plan.codes[-1], code) for code in plan.codes[:-1]) >= 20


@pytest.mark.parametrize("kind", OUTLINES)
@pytest.mark.parametrize("surface", [(3, 3), (5, 5), (4, 3)])
def test_no_silhouette_is_smaller_than_the_smallest_island(kind: str, surface: tuple[float, float]) -> None:
    plan = make_plan(f"40 {kind}", *surface, PALETTES[2], "motif", 1)
    ((_, count),) = plan.motifs
    assert 1 < count < 40
    assert f"{count} × {kind}" in plan.strategy_reason
    assert f"no room that could be laid for {40 - count} more" in plan.strategy_reason
    sizes = np.bincount(ndimage.label(draw(plan) == len(plan.codes) - 1)[0].ravel())[1:]
    assert len(sizes) == count
    assert sizes.min() * plan.mm_per_pixel**2 / 1e6 >= 1.03 * MIN_ISLAND_M2


def test_silhouettes_that_find_room_are_all_drawn_and_nothing_is_said() -> None:
    plan = make_plan("three fish and a whale", 3, 3, PALETTES[2], None, 1)
    assert dict(plan.motifs) == {"fish": 3, "whale": 1}
    assert "no room" not in plan.strategy_reason


def test_several_on_a_large_surface_are_more_than_on_a_small_one_but_few() -> None:
    small, large = (make_plan("fish", side, side, None, None, 1).motifs[0][1] for side in (4, 20))
    assert 2 <= small < large <= 9


def test_the_same_seed_draws_the_same_silhouettes() -> None:
    plan = make_plan("two turtles and shells", 6, 4, None, None, 5)
    assert np.array_equal(draw(plan), draw(plan))
    assert not np.array_equal(draw(plan), draw(plan._replace(seed=6)))


def test_each_kind_is_drawn_as_often_as_the_brief_says() -> None:
    assert make_plan("sun, moon and 5 stars", 5, 5, None, None, 1).motifs == (("sun", 1), ("moon", 1), ("star", 5))
