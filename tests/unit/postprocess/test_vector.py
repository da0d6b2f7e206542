"""The drawing: neighbours meet exactly, nothing is lost, and a real renderer shows the picture it was made from."""

import io
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
import resvg_py
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from studio_colour.difference import ByteArray, FloatArray, palette_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.export.boundary_graph import OUTSIDE, trace
from studio_postprocess.export.curve_fit import TOLERANCE_MM, Path, fit
from studio_postprocess.export.drawing import Drawing, area, draw, radii
from studio_postprocess.export.svg import svg
from studio_postprocess.installable.cleaning import clean
from studio_postprocess.io.encode import paint
from studio_support.synthetic_pictures import regions

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
def drawing(design: ByteArray) -> Drawing:
    return draw(design, WIDTH_MM, HEIGHT_MM)


def walked(points: FloatArray, bulges: FloatArray, steps: int = 24) -> FloatArray:
    """The points of a path, and more of them on each of its arcs: the same ones in either direction."""
    found = [points[0]]
    for start, end, bulge in zip(points[:-1].tolist(), points[1:].tolist(), bulges.tolist(), strict=True):
        if bulge:
            one, other = complex(*start), complex(*end)
            centre = (one + other) / 2 - (other - one) / 2 * 1j * (1 - bulge * bulge) / (2 * bulge)
            turned = [centre + (one - centre) * np.exp(-4j * np.arctan(bulge) * n / steps) for n in range(1, steps)]
            found += [np.array([place.real, place.imag]) for place in turned]
        found.append(np.array(end))
    return np.array(found)


def polygons(drawing: Drawing) -> dict[int, shapely.Geometry]:
    """Each colour's region, with its holes cut out, every arc as a line of many points."""
    found: dict[int, list[shapely.Geometry]] = {}
    for ring in drawing.rings:
        closed = np.vstack([ring.points, ring.points[:1]])
        found.setdefault(ring.colour, []).append(shapely.LineString(walked(closed, ring.bulges)))
    return {colour: shapely.build_area(shapely.union_all(lines)) for colour, lines in found.items()}


def rendered(drawing: bytes, width: int) -> ByteArray:
    png = resvg_py.svg_to_bytes(svg_string=drawing.decode(), width=width, dpi=96.0, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_areas_sum_to_the_surface_and_each_is_its_colours_share(design: ByteArray, drawing: Drawing) -> None:
    surface = WIDTH_MM * HEIGHT_MM
    assert sum(area(ring) for ring in drawing.rings) == pytest.approx(surface, rel=1e-9)
    for colour in np.unique(design).tolist():
        share = sum(area(ring) for ring in drawing.rings if ring.colour == colour) / surface
        assert share == pytest.approx(float(np.mean(design == colour)), abs=0.001)


def test_there_is_no_gap_and_no_overlap(drawing: Drawing) -> None:
    shapes = polygons(drawing)
    assert all(shape.is_valid for shape in shapes.values())
    assert shapely.union_all(list(shapes.values())).area == pytest.approx(WIDTH_MM * HEIGHT_MM, rel=1e-7)
    assert sum(shape.area for shape in shapes.values()) == pytest.approx(WIDTH_MM * HEIGHT_MM, rel=1e-7)


def test_every_step_of_border_is_in_exactly_two_outlines_or_on_the_rim(drawing: Drawing) -> None:
    steps: dict[tuple[float, ...], int] = {}
    for ring in drawing.rings:
        ends = np.roll(ring.points, -1, axis=0).tolist()
        for start, end, bulge in zip(ring.points.tolist(), ends, ring.bulges.tolist(), strict=True):
            steps[(*start, *end, bulge)] = steps.get((*start, *end, bulge), 0) + 1
    assert set(steps.values()) == {1}
    on_rim = 0
    for x1, y1, x2, y2, bulge in steps:
        rim = (x1 == x2 and x1 in (0, WIDTH_MM)) or (y1 == y2 and y1 in (0, HEIGHT_MM))
        on_rim += rim
        assert rim or (x2, y2, x1, y1, -bulge) in steps
    assert sum(len(path.bulges) for path in drawing.borders) == (len(steps) + on_rim) / 2


def test_outsides_run_one_way_and_holes_the_other(drawing: Drawing) -> None:
    disc_around_another = [area(ring) for ring in drawing.rings if ring.colour == 4]
    assert min(disc_around_another) < 0 < max(disc_around_another)


def test_edges_stay_within_the_tolerance_and_a_pixel_of_where_they_were(design: ByteArray) -> None:
    scale = np.array([WIDTH_MM / 640, HEIGHT_MM / 480])
    for chain in trace(design):
        path = fit(chain.points, chain.closed, scale)
        if not chain.closed:
            assert path.points[[0, -1]] == pytest.approx(chain.points[[0, -1]] * scale, abs=0.051)
        edge = shapely.LineString(walked(path.points, path.bulges))
        middles = (chain.points[:-1] + chain.points[1:]) / 2 * scale
        away = shapely.distance(edge, shapely.points(middles))
        assert away.max() < TOLERANCE_MM + 1.5 * float(scale.max())  # where a corner was eased or straightened
        assert away.mean() < TOLERANCE_MM
        assert len(path.points) <= len(chain.points)


@pytest.mark.parametrize("degrees", [0, 3, 11, 27, 45, 68])
@pytest.mark.parametrize("mm_per_pixel", [4.9, 8.7, 12.0])
def test_a_straight_side_is_one_line_and_a_corner_is_a_corner(degrees: float, mm_per_pixel: float) -> None:
    side = 2100.0
    count = round(2 * side / mm_per_pixel)
    y, x = (np.mgrid[0:count, 0:count] + 0.5 - count / 2) * mm_per_pixel
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    square = ((np.abs(x * cos + y * sin) < side / 2) & (np.abs(y * cos - x * sin) < side / 2)).astype(np.uint8)
    drawing = draw(square, count * mm_per_pixel, count * mm_per_pixel)
    (ring,) = [ring for ring in drawing.rings if ring.colour == 1]
    assert len(ring.points) == 4
    # Each corner is where it is in truth, within the tolerance and a pixel, and each side within the tolerance.
    corners = (np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * side / 2) @ np.array([[cos, sin], [-sin, cos]])
    away = np.hypot(*(ring.points[:, None] - count * mm_per_pixel / 2 - corners[None]).transpose(2, 0, 1)).min(axis=0)
    assert away.max() < TOLERANCE_MM + mm_per_pixel
    edge = shapely.LineString(walked(np.vstack([ring.points, ring.points[:1]]), ring.bulges))
    truth = shapely.LinearRing(corners + count * mm_per_pixel / 2)
    assert shapely.hausdorff_distance(edge, truth) < TOLERANCE_MM + mm_per_pixel


@pytest.mark.parametrize("radius", [300.0, 600.0, 1500.0])
def test_a_disc_is_a_few_arcs_of_its_own_radius(radius: float) -> None:
    count = round(2.4 * radius / 5)
    y, x = (np.mgrid[0:count, 0:count] + 0.5 - count / 2) * 5.0
    drawing = draw((np.hypot(x, y) < radius).astype(np.uint8), 5.0 * count, 5.0 * count)
    (ring,) = [ring for ring in drawing.rings if ring.colour == 1]
    assert len(ring.points) <= 4
    assert radii(ring) == pytest.approx(np.full(len(ring.points), radius), rel=0.05)
    assert area(ring) == pytest.approx(np.pi * radius**2, rel=0.01)


def test_a_path_walked_back_is_the_same_path() -> None:
    path = Path(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]), np.array([0.5, -0.25]))
    there, back = walked(path.points, path.bulges), walked(path.reversed().points, path.reversed().bulges)
    assert there == pytest.approx(back[::-1])
    assert there[12] == pytest.approx([5.0, 2.5])  # a positive bulge is on the right: y points down


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3)))
def test_any_picture_is_traced_whole(indices: ByteArray) -> None:
    height, width = indices.shape
    chains = trace(indices)
    cracks = int((np.diff(indices, axis=0) != 0).sum() + (np.diff(indices, axis=1) != 0).sum()) + 2 * (height + width)
    assert sum(len(chain.points) - 1 for chain in chains) == cracks
    assert all(chain.left != chain.right for chain in chains)
    assert not any(chain.closed and OUTSIDE in (chain.left, chain.right) for chain in chains)
    drawing = draw(indices, 1000.0 * width, 1000.0 * height)
    assert sum(area(ring) for ring in drawing.rings) == pytest.approx(1e6 * width * height)


def test_a_real_renderer_draws_the_picture(design: ByteArray, drawing: Drawing) -> None:
    # The renderer rounds the height up, from millimetres that are not whole pixels.
    shown, expected = rendered(svg(drawing, PALETTE), 640)[:480], paint(design, PALETTE)
    assert shown.shape == expected.shape
    same = (shown == expected).all(axis=-1)
    inner = cv2.morphologyEx(design, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) == 0
    assert same[inner].mean() > 0.9999
    assert same.mean() > 0.99


def test_no_background_shows_between_colours(drawing: Drawing) -> None:
    shown = rendered(svg(drawing, PALETTE), 1031)  # a width that no border falls in step with
    known = (shown[..., None, :] == palette_rgb(PALETTE)).all(axis=-1).any(axis=-1)
    assert known.all()


def test_the_drawing_is_in_millimetres_with_a_named_group_a_colour(design: ByteArray, drawing: Drawing) -> None:
    root = ElementTree.fromstring(svg(drawing, PALETTE))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("6000mm", "4500mm", "0 0 6000 4500")
    used = [PALETTE[colour] for colour in np.unique(design)]
    groups = root.findall(f"{NAMESPACE}g")
    assert [group.get("id") for group in groups] == [colour.code for colour in used]
    assert [group.get("fill") for group in groups] == [colour.hex for colour in used]
    assert groups[0].findtext(f"{NAMESPACE}title") == " ".join(used[0])


def test_the_drawing_is_small_and_always_the_same(design: ByteArray, drawing: Drawing) -> None:
    written = svg(drawing, PALETTE)
    assert written == svg(draw(design, WIDTH_MM, HEIGHT_MM), PALETTE)
    assert len(written) < 12_000
    assert sum(len(path.bulges) for path in drawing.borders) < 200  # lines alone took 583
