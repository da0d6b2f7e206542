"""The drawing: neighbours meet exactly, nothing is lost, and a real renderer shows the picture it was made from."""

import io
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
import resvg_py
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from studio_contracts.palette import PALETTE
from studio_postprocess.clamp.colour import ByteArray, palette_rgb
from studio_postprocess.export.boundary_graph import OUTSIDE, Ring, smooth, trace
from studio_postprocess.export.svg import area, outlines, svg
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.io.encode import paint
from tests.unit.postprocess.synthetic import regions

NAMESPACE = "{http://www.w3.org/2000/svg}"
WIDTH_MM, HEIGHT_MM = 6000.0, 4500.0


@pytest.fixture(scope="module")
def design() -> ByteArray:
    picture = regions(640, 480, 14, 5, seed=3)
    y, x = np.mgrid[0:480, 0:640]
    picture[np.hypot(x - 150, y - 330) < 70] = 5  # an island, and a ring around another
    picture[np.hypot(x - 480, y - 150) < 90] = 4
    picture[np.hypot(x - 480, y - 150) < 45] = 1
    return clean(picture, WIDTH_MM / 640).indices


@pytest.fixture(scope="module")
def outlined(design: ByteArray) -> list[Ring]:
    return outlines(design, WIDTH_MM, HEIGHT_MM)


def polygons(rings: list[Ring]) -> dict[int, shapely.Geometry]:
    """Each colour's region, with its holes cut out."""
    return {
        colour: shapely.build_area(
            shapely.MultiLineString([np.vstack([r.points, r.points[:1]]) for r in rings if r.colour == colour])
        )
        for colour in {ring.colour for ring in rings}
    }


def rendered(drawing: bytes, width: int) -> ByteArray:
    png = resvg_py.svg_to_bytes(svg_string=drawing.decode(), width=width, dpi=96.0, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_areas_sum_to_the_surface_and_each_is_its_colours_share(design: ByteArray, outlined: list[Ring]) -> None:
    surface = WIDTH_MM * HEIGHT_MM
    assert sum(area(ring.points) for ring in outlined) == pytest.approx(surface, rel=1e-9)
    for colour in np.unique(design).tolist():
        share = sum(area(ring.points) for ring in outlined if ring.colour == colour) / surface
        assert share == pytest.approx(float(np.mean(design == colour)), abs=0.001)


def test_there_is_no_gap_and_no_overlap(outlined: list[Ring]) -> None:
    shapes = polygons(outlined)
    assert all(shape.is_valid for shape in shapes.values())
    whole = shapely.union_all(list(shapes.values()))
    assert whole.equals(shapely.box(0, 0, WIDTH_MM, HEIGHT_MM))
    overlap = sum(shape.area for shape in shapes.values()) - whole.area
    assert overlap == pytest.approx(0.0, abs=1.0)  # mm²


def test_every_stretch_of_border_is_in_exactly_two_outlines_or_on_the_rim(outlined: list[Ring]) -> None:
    stretches: dict[tuple[float, ...], int] = {}
    for ring in outlined:
        for start, end in zip(ring.points.tolist(), np.roll(ring.points, -1, axis=0).tolist(), strict=True):
            stretches[(*start, *end)] = stretches.get((*start, *end), 0) + 1
    assert set(stretches.values()) == {1}
    for x1, y1, x2, y2 in stretches:
        on_rim = (x1 == x2 and x1 in (0, WIDTH_MM)) or (y1 == y2 and y1 in (0, HEIGHT_MM))
        assert on_rim or (x2, y2, x1, y1) in stretches


def test_outsides_run_one_way_and_holes_the_other(outlined: list[Ring]) -> None:
    disc_around_another = [area(ring.points) for ring in outlined if ring.colour == 4]
    assert min(disc_around_another) < 0 < max(disc_around_another)


def test_smoothing_takes_the_steps_out_and_keeps_the_place(design: ByteArray) -> None:
    for chain in trace(design):
        smoothed = smooth(chain)
        assert smoothed.closed or (smoothed.points[[0, -1]] == chain.points[[0, -1]]).all()
        away = shapely.hausdorff_distance(shapely.LineString(chain.points), shapely.LineString(smoothed.points))
        assert away < 4.0
        assert len(smoothed.points) <= len(chain.points)


def test_a_disc_becomes_round() -> None:
    y, x = np.mgrid[0:200, 0:200] + 0.5
    disc = (np.hypot(x - 100, y - 100) < 60).astype(np.uint8)
    (ring,) = [ring for ring in outlines(disc, 2000.0, 2000.0) if ring.colour == 1]
    radii = np.hypot(*(ring.points - 1000).T)
    assert radii == pytest.approx(np.full(len(radii), 600), abs=8)
    assert 20 < len(ring.points) < 120


@settings(deadline=None)
@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3)))
def test_any_picture_is_traced_whole(indices: ByteArray) -> None:
    height, width = indices.shape
    chains = trace(indices)
    cracks = int((np.diff(indices, axis=0) != 0).sum() + (np.diff(indices, axis=1) != 0).sum()) + 2 * (height + width)
    assert sum(len(chain.points) - 1 for chain in chains) == cracks
    assert all(chain.left != chain.right for chain in chains)
    assert not any(chain.closed and OUTSIDE in (chain.left, chain.right) for chain in chains)
    rings = outlines(indices, 1000.0 * width, 1000.0 * height)
    assert sum(area(ring.points) for ring in rings) == pytest.approx(1e6 * width * height)


def test_a_real_renderer_draws_the_picture(design: ByteArray, outlined: list[Ring]) -> None:
    drawing = svg(outlined, PALETTE, WIDTH_MM, HEIGHT_MM)
    # The renderer rounds the height up, from millimetres that are not whole pixels.
    shown, expected = rendered(drawing, 640)[:480], paint(design, PALETTE)
    assert shown.shape == expected.shape
    same = (shown == expected).all(axis=-1)
    inner = cv2.morphologyEx(design, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) == 0
    assert same[inner].mean() > 0.9999
    assert same.mean() > 0.99


def test_no_background_shows_between_colours(outlined: list[Ring]) -> None:
    shown = rendered(svg(outlined, PALETTE, WIDTH_MM, HEIGHT_MM), 1031)  # a width that no border falls in step with
    known = (shown[..., None, :] == palette_rgb(PALETTE)).all(axis=-1).any(axis=-1)
    assert known.all()


def test_the_drawing_is_in_millimetres_with_a_named_group_a_colour(design: ByteArray, outlined: list[Ring]) -> None:
    root = ElementTree.fromstring(svg(outlined, PALETTE, WIDTH_MM, HEIGHT_MM))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("6000mm", "4500mm", "0 0 6000 4500")
    used = [PALETTE[colour] for colour in np.unique(design)]
    groups = root.findall(f"{NAMESPACE}g")
    assert [group.get("id") for group in groups] == [colour.code for colour in used]
    assert [group.get("fill") for group in groups] == [colour.hex for colour in used]
    assert groups[0].findtext(f"{NAMESPACE}title") == " ".join(used[0])


def test_the_drawing_is_small_and_always_the_same(design: ByteArray, outlined: list[Ring]) -> None:
    drawing = svg(outlined, PALETTE, WIDTH_MM, HEIGHT_MM)
    assert drawing == svg(outlines(design, WIDTH_MM, HEIGHT_MM), PALETTE, WIDTH_MM, HEIGHT_MM)
    assert len(drawing) < 40_000
