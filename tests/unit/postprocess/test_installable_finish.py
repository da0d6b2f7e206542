"""Everything the installer gets comes from one picture of the surface."""

import io

import numpy as np
import pytest
from ezdxf.filemanagement import read

from studio_colour.difference import ByteArray, FloatArray
from studio_contracts.brief import Strategy
from studio_contracts.palette import BY_CODE, PALETTE
from studio_contracts.plan import Layout
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.export.dxf import CUT_LAYER, dxf
from studio_postprocess.export.svg import svg
from studio_postprocess.installable import shapes
from studio_postprocess.installable.layout import border_of, compose
from studio_postprocess.installable.make_installable import make_installable
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.thin_regions import edge_distance
from studio_postprocess.scoring.kept import kept
from studio_stencil.planning.plan import Stencil, draw, make_plan
from studio_support.synthetic_pictures import painted, regions

COLOURS = PALETTE[4:10]


@pytest.mark.parametrize(
    ("layout", "size", "surface", "kg"),
    [
        ("full", (1024, 1024), (5.0, 5.0), 220.0),
        ("framed", (1152, 648), (10.0, 3.0), 264.0),
        ("tiled", (1152, 648), (12.0, 2.5), 264.0),
    ],
)
def test_a_concept_is_finished(layout: Layout, size: tuple[int, int], surface: tuple[float, float], kg: float) -> None:
    design = regions(*size, 8, len(COLOURS), seed=4)
    picture = clamp_for(COLOURS).indices(painted(design, COLOURS, grain=9))
    finished = make_installable(picture, COLOURS, layout, *surface)

    assert finished.composed.shape == finished.indices.shape
    assert finished.after.score >= finished.before.score
    assert finished.materials.kg == kg
    assert finished.materials.area_m2 == pytest.approx(surface[0] * surface[1])
    shares = np.bincount(finished.indices.ravel(), minlength=len(COLOURS)) / finished.indices.size
    assert {line.code: line.share for line in finished.materials.colours} == pytest.approx(
        {colour.code: share for colour, share in zip(COLOURS, shares, strict=True) if share}, abs=1e-4
    )
    drawing = finished.drawing
    assert f'viewBox="0 0 {surface[0] * 1000:g} {surface[1] * 1000:g}"'.encode() in svg(drawing, COLOURS)
    layers = {line.dxf.layer for line in read(io.StringIO(dxf(drawing, COLOURS).decode())).modelspace()}
    assert layers == {CUT_LAYER, *(line.code for line in finished.materials.colours)}
    assert svg(make_installable(picture, COLOURS, layout, *surface).drawing, COLOURS) == svg(drawing, COLOURS)


BRIEFS: dict[Strategy, str] = {
    "voronoi": "lagoon",
    "bands": "currents",
    "grid": "tiles",
    "scattered": "three fish and a whale",
}
CODES = ("RH20", "RH22", "RH26", "RH31", "RH50", "RH41")


def drawn(strategy: Strategy, surface: tuple[float, float], colours: int, seed: int) -> tuple[Stencil, Layout]:
    plan = make_plan(BRIEFS[strategy], *surface, CODES[:colours], strategy, seed)
    return draw(plan, plan.directions[0]), plan.fit.layout


@pytest.mark.parametrize("surface", [(3.0, 3.0), (10.0, 4.0), (14.0, 3.0), (20.0, 13.0)])
@pytest.mark.parametrize("strategy", BRIEFS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("colours", [3, 6])
def test_cleaning_never_lowers_the_score_and_a_clean_stencil_stays_as_it_is(
    strategy: Strategy, surface: tuple[float, float], seed: int, colours: int
) -> None:
    stencil, layout = drawn(strategy, surface, colours, seed)
    finished = make_installable(stencil.indices, [BY_CODE[code] for code in stencil.codes], layout, *surface)
    assert finished.after.score >= finished.before.score
    assert set(np.unique(finished.indices)) == set(np.unique(finished.composed))
    if finished.before.score == 100:
        assert (finished.indices == finished.composed).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_however_bad_a_picture_is_no_fragment_of_it_is_left(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = drawn("voronoi", (6.0, 4.0), len(CODES), seed)[0].indices[::2, ::2]
    noise = rng.integers(0, len(CODES), picture.shape, np.uint8)
    finished = make_installable(np.where(rng.random(picture.shape) < share, noise, picture), COLOURS, "full", 6.0, 4.0)
    assert pieces_of(finished.indices).area.min() * finished.mm_per_pixel**2 / 1e6 >= 0.03


def test_what_is_the_same_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[int, ...]] = []

    def counted(indices: ByteArray) -> FloatArray:
        found.append(indices.shape)
        return edge_distance(indices)

    monkeypatch.setattr(shapes, "edge_distance", counted)
    picture = clamp_for(COLOURS).indices(painted(regions(1152, 768, 8, len(COLOURS), seed=4), COLOURS, grain=9))
    finished = make_installable(picture, COLOURS, "full", 6.0, 4.0)
    assert finished.before.score < 100
    whole = finished.indices.shape
    assert found.count(whole) == 1  # of the result: what was before is judged on the grid it was cleaned on
    kept(finished.cleaned.seen, finished.cleaned.laid, finished.cleaned.working_mm)
    assert found.count(whole) == 1


@pytest.mark.parametrize("strategy", BRIEFS)
@pytest.mark.parametrize("surface", [(3.0, 3.0), (10.0, 4.0)])
@pytest.mark.parametrize("seed", range(3))
def test_what_was_made_installable_is_as_good_when_it_is_made_so_again(
    strategy: Strategy, surface: tuple[float, float], seed: int
) -> None:
    stencil, layout = drawn(strategy, surface, len(CODES), seed)
    palette = tuple(BY_CODE[code] for code in stencil.codes)
    raw = clamp_for(palette).indices(painted(stencil.indices, palette, seed, grain=8))
    once = make_installable(raw, palette, layout, *surface)
    width_m, height_m = (side * once.mm_per_pixel / 1000 for side in once.indices.shape[::-1])
    twice = make_installable(once.indices, palette, "full", width_m, height_m)
    assert twice.after.score >= once.after.score
    assert float(np.mean(twice.indices != twice.composed)) < 0.01


def test_a_border_stands_out_from_the_base_and_meets_little_of_its_own_colour() -> None:
    palette = [BY_CODE[code] for code in ("RH20", "RH22", "RH31", "RH41")]
    picture = np.zeros((648, 1152), np.uint8)
    picture[300:348] = 2  # runs into both ends
    picture[100:200, 100:900] = 3
    picture[400:450, 400:500] = 1
    assert border_of(picture, palette, 0) in (1, 3)
    picture[picture == 1] = 0
    assert border_of(picture, palette, 0) == 3
    assert border_of(picture, palette, 2) == 3
    composed, mm_per_pixel = compose(picture, "framed", 10.0, 3.0, base=0, border=3)
    ends = np.flatnonzero((composed[:100] == 3).all(axis=0))
    assert len(ends) * mm_per_pixel == pytest.approx(2 * 187.5, abs=2 * mm_per_pixel)
    assert (composed[:, 504:1656] == picture).all()
    assert abs((ends < 504).sum() - (ends >= 1656).sum()) <= 1


@pytest.mark.parametrize("surface", [(2.0, 0.8), (10.0, 3.9), (3.9, 10.0), (40.0, 16.0)])
def test_a_border_is_wide_enough_to_lay_or_is_left_out(surface: tuple[float, float]) -> None:
    wide = surface[0] > surface[1]
    picture = np.ones((648, 1152) if wide else (1152, 648), np.uint8)
    composed, mm_per_pixel = compose(picture, "framed", *surface, base=0, border=2)
    line = composed[0] if wide else composed[:, 0]
    width = np.count_nonzero(line == 2) / 2 * mm_per_pixel
    assert width == 0 or 145 < width <= 605
    assert (width == 0) == (min(surface) < 1)
    assert np.count_nonzero(line == 0) > np.count_nonzero(line == 2)
