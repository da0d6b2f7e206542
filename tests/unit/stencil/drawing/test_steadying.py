"""Stencils of coarse pixels: what can be laid in millimetres can be laid as it is drawn."""

import numpy as np
import pytest
import shapely

from studio_contracts.brief import Strategy
from studio_postprocess.installable.rules import inspect
from studio_stencil.drawing.motif_layers import layers_of
from studio_stencil.drawing.placing import Placed
from studio_stencil.drawing.scene import Ground, Layer, rasterised
from studio_stencil.drawing.steadying import Room, steady
from studio_stencil.planning.plan import draw, make_plan


@pytest.mark.parametrize(
    ("brief", "strategy"),
    [("solar system", "panorama"), ("unicornio con estrellas", "scattered"), ("a scorpion", "hero")],
)
def test_motifs_on_a_large_surface_have_no_edge_that_looks_too_tight(brief: str, strategy: Strategy) -> None:
    plan = make_plan(brief, 20, 8, None, strategy, 7)
    stencil = draw(plan, plan.directions[0])
    found = inspect(stencil.indices, plan.fit.mm_per_pixel)
    assert found.score == 100, found.counts


def test_a_disc_is_moved_between_pixels_until_it_looks_round() -> None:
    """Of 40 discs of coarse pixels some look too tight where they lie; moved, none does."""
    ground = Ground(2500, 2500, 200, 200)
    px = ground.mm_per_pixel
    bad = 0
    for number in range(40):
        radius = 380.0 + number
        disc = shapely.Point(1200 + 7.3 * number, 1250 + 3.1 * number).buffer(radius, quad_segs=24)
        bad += inspect(rasterised([Layer(1, disc)], ground), px).score < 100
        (x, y), left = steady([disc], [[Room(disc, radius)]], ground)
        assert 0 <= x < px
        assert 0 <= y < px
        assert left == 0
        moved = shapely.transform(disc, lambda points, by=(x, y): points + by)
        assert inspect(rasterised([Layer(1, moved)], ground), px).score == 100
    assert bad > 0


def test_equal_motifs_on_coarse_pixels_lie_alike_between_them_and_less_than_a_pixel_beside_their_place() -> None:
    """So each is looked at once; the picture hangs over the surface, so its pixels do not begin at the origin."""
    ground = Ground(20000, 7990, 1608, 648)
    px = ground.mm_per_pixel
    places = [(3000.0, 2500.0), (7123.4, 4321.9), (15001.7, 5006.1)]
    middles = []
    for x, y in places:
        (layer, *_) = layers_of(Placed("🐢", x, y, 2.4, 0.0, False, 0, None), ("RH20", "RH10", "RH41"), ground)
        left, top, right, bottom = layer.area.bounds
        middles.append(((left + right) / 2, (top + bottom) / 2))
    apart = np.diff(np.array(middles), axis=0)
    assert np.allclose(apart / px, np.round(apart / px), atol=1e-6)
    beside = np.array(middles) - np.array(places)
    assert np.ptp(beside, axis=0).max() < 2 * px
