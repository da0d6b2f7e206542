"""Bands, which fill the whole surface."""

import io
from itertools import pairwise, product

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from studio_contracts.palette import BY_CODE
from studio_stencil.drawing.bands import draw_bands
from studio_stencil.drawing.colour import difference
from studio_stencil.drawing.compose import encode, sheet_of
from studio_stencil.drawing.scene import Ground
from studio_stencil.drawing.sheet import Sheet
from studio_stencil.planning.roles import in_role_order
from studio_stencil.planning.scale import MIN_FEATURE_MM
from studio_stencil.planning.size import fit

PALETTES = (
    ("RH20", "RH41"),
    ("RH20", "RH31", "RH50"),
    ("RH20", "RH22", "RH23", "RH26", "RH31"),
    ("RH12", "RH10", "RH11", "RH32", "RH41", "RH02"),
)
SURFACES = ((5, 5), (10, 3), (2, 2), (20, 14), (2, 20), (100, 80), (1, 1.2))
CASES = [
    pytest.param(surface, palette, seed, id=f"{surface[0]}x{surface[1]}-{len(palette)}-{seed}")
    for surface, palette, seed in product(SURFACES, PALETTES, range(2))
]


def sheet(surface: tuple[float, float], palette: tuple[str, ...]) -> Sheet:
    fitted = fit(*surface)
    ground = Ground(fitted.ground_m[0] * 1000, fitted.ground_m[1] * 1000, *fitted.size)
    return sheet_of(in_role_order(palette), ground)


def plan_and_map(surface: tuple[float, float], palette: tuple[str, ...], seed: int) -> tuple[Sheet, np.ndarray]:
    plan = sheet(surface, palette)
    return plan, draw_bands(plan, np.random.Generator(np.random.PCG64(seed)))


def regions(indices: np.ndarray) -> int:
    return sum(ndimage.label(indices == index)[1] for index in range(indices.max() + 1))


def neighbours(indices: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of indices that share a pixel edge."""
    pairs = set()
    for a, b in ((indices[:, 1:], indices[:, :-1]), (indices[1:], indices[:-1])):
        pairs |= set(zip(a[a != b].tolist(), b[a != b].tolist(), strict=True))
    return pairs


def thin_share(indices: np.ndarray, radius: float) -> float:
    """Share of the picture where a disc of this radius in pixels does not fit inside its colour."""
    thin = 0
    for index in range(indices.max() + 1):
        inside = np.pad(indices == index, int(2 * radius) + 3, mode="edge")
        core = ndimage.distance_transform_edt(inside) >= radius * 0.97
        thin += (inside & (ndimage.distance_transform_edt(~core) > radius)).sum()
    return thin / indices.size


@pytest.mark.parametrize(("surface", "palette", "seed"), CASES)
def test_a_picture_keeps_its_plan(surface: tuple[float, float], palette: tuple[str, ...], seed: int) -> None:
    plan, indices = plan_and_map(surface, palette, seed)
    assert indices.dtype == np.uint8
    assert indices.shape == (plan.height, plan.width)
    shares = np.bincount(indices.ravel(), minlength=len(plan.codes)) / indices.size
    assert len(shares) == len(plan.codes)
    assert shares == pytest.approx(np.array(plan.coverage), abs=0.05)
    assert regions(indices) == plan.regions
    for a, b in neighbours(indices):
        assert difference(plan.codes[a], plan.codes[b]) > 10


@pytest.mark.parametrize("surface", [(2, 2), (1, 1.2), (5, 5)])
@pytest.mark.parametrize("seed", [1])
def test_nothing_is_narrower_than_can_be_laid(surface: tuple[float, float], seed: int) -> None:
    plan, indices = plan_and_map(surface, PALETTES[3], seed)
    assert thin_share(indices, MIN_FEATURE_MM / 2 / plan.mm_per_pixel) < 0.01


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("palette", PALETTES, ids=len)
@pytest.mark.parametrize("seed", range(3))
def test_bands_flow_from_end_to_end_without_gaps_crossings_or_teeth(
    surface: tuple[float, float], palette: tuple[str, ...], seed: int
) -> None:
    _, indices = plan_and_map(surface, palette, seed)
    along = indices if (indices[:, 0] != indices[0, 0]).any() else indices.T
    first = along[:, 0]
    order = first[np.flatnonzero(np.diff(first, prepend=255))].tolist()
    edges = []
    for column in along.T:
        changes = np.flatnonzero(np.diff(column)) + 1
        assert [column[0], *column[changes]] == order
        edges.append(changes)
    assert all(a != b for a, b in pairwise(order))
    curves = np.array(edges)
    assert np.abs(np.diff(curves, axis=0)).max() <= 1
    reach = 16
    bend = curves[2 * reach :] - 2 * curves[reach:-reach] + curves[: -2 * reach]
    assert np.abs(bend).max() <= 2 + 0.2 * reach


def test_a_wave_is_metres_long_on_any_surface() -> None:
    for side in (5, 20, 60):
        plan, indices = plan_and_map((side, side * 0.6), PALETTES[1], 3)
        edge = np.argmax(indices != indices[0], axis=0).astype(float)
        turns = np.count_nonzero(np.diff(np.sign(np.convolve(np.diff(edge), np.ones(40), "valid"))))
        assert plan.width_mm / max(int(turns), 1) > 600


def test_larger_surfaces_get_more_bands() -> None:
    small, large = (sheet((side, side), PALETTES[1]).regions for side in (2, 20))
    assert small < large < 6 * small


def test_a_seed_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    plan, indices = plan_and_map((6, 4), PALETTES[2], 11)
    other, different = plan_and_map((6, 4), PALETTES[2], 12)
    _, again = plan_and_map((6, 4), PALETTES[2], 11)
    assert encode(indices, plan.codes) == encode(again, plan.codes)
    assert encode(indices, plan.codes) != encode(different, other.codes)


@pytest.mark.parametrize("palette", PALETTES, ids=len)
def test_the_encoded_picture_is_small_indexed_and_holds_the_palettes_colours(palette: tuple[str, ...]) -> None:
    plan, indices = plan_and_map((20, 14), palette, 5)
    png = encode(indices, plan.codes)
    assert len(png) < 60_000
    image = Image.open(io.BytesIO(png))
    assert (image.mode, image.size) == ("P", (plan.width, plan.height))
    colours = np.array([BY_CODE[code].rgb for code in plan.codes], dtype=np.uint8)
    assert np.array_equal(np.asarray(image.convert("RGB")), colours[indices])


def test_colours_that_look_alike_are_kept_apart_where_a_third_can_stand_between() -> None:
    plan, indices = plan_and_map((8, 5), ("RH20", "RH31", "RH65", "RH50"), 4)
    close = {plan.codes.index("RH31"), plan.codes.index("RH65")}
    assert all({a, b} != close for a, b in neighbours(indices))
