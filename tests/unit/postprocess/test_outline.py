"""A concept on a surface that is no rectangle: what lies outside its outline is in no picture, figure or drawing."""

import io

import ezdxf.path
import numpy as np
import pytest
import shapely
from ezdxf.filemanagement import read
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio_contracts.brief import Surface
from studio_contracts.installer import MIN_AREA_M2
from studio_contracts.outline import Outline
from studio_contracts.palette import BY_CODE
from studio_pictures.outline_mask import inside_mask
from studio_postprocess.concept import make_concept
from studio_postprocess.export.dxf import CUT_LAYER, OUTLINE_LAYER, dxf
from studio_postprocess.installable.make_installable import Installable, make_installable, outside_of
from studio_postprocess.installable.outside import VOID
from studio_postprocess.io.encode import encode_indexed
from studio_postprocess.results import ConceptPictures
from studio_postprocess.scoring.measure import measure
from studio_support.outlines import L_SHAPE, ROUND, circle

PALETTE = [BY_CODE[code] for code in ("RH20", "RH31", "RH30")]


def polygon_of(surface: Surface) -> shapely.Polygon:
    assert surface.outline is not None
    outer, *holes = ([(x * 1000, y * 1000) for x, y in ring] for ring in surface.outline.rings)
    return shapely.Polygon(outer, holes)


def waves(surface: Surface) -> np.ndarray:
    """Bands of all colours from edge to edge, with a spot, 10 mm a pixel."""
    height, width = round(surface.height_m * 100), round(surface.width_m * 100)
    rows, columns = np.indices((height, width))
    bands = ((rows + 60 * np.sin(columns / 150)) // 140).astype(np.int64) % len(PALETTE)
    bands[(rows - 250) ** 2 + (columns - 300) ** 2 < 90**2] = 1
    return np.asarray(bands, np.uint8)


def laid(surface: Surface, indices: np.ndarray) -> Installable:
    return make_installable(indices, PALETTE, "full", surface.width_m, surface.height_m, outline=surface.outline)


@pytest.fixture(scope="module", params=[L_SHAPE, ROUND], ids=["L", "round"])
def surface(request: pytest.FixtureRequest) -> Surface:
    found: Surface = request.param
    return found


@pytest.fixture(scope="module")
def on_it(surface: Surface) -> Installable:
    return laid(surface, waves(surface))


def test_colours_lie_inside_and_everywhere_inside(surface: Surface, on_it: Installable) -> None:
    assert surface.outline is not None
    outside = outside_of(surface.outline, on_it.indices.shape, surface.width_m, surface.height_m)
    assert ((on_it.indices == VOID) == outside).all()
    assert set(np.unique(on_it.indices).tolist()) == {0, 1, 2, VOID}


def test_materials_are_for_the_area_inside(surface: Surface, on_it: Installable) -> None:
    assert on_it.materials.area_m2 == pytest.approx(surface.area_m2, abs=0.006)
    assert sum(line.area_m2 for line in on_it.materials.colours) == pytest.approx(on_it.materials.area_m2)


def test_drawings_end_exactly_at_the_outline(surface: Surface, on_it: Installable) -> None:
    wanted = polygon_of(surface)
    found: dict[str, list[shapely.Geometry]] = {}
    for entity in read(io.StringIO(dxf(on_it.drawing, PALETTE).decode())).modelspace():
        corners = [
            (point.x, surface.height_m * 1000 - point.y) for point in ezdxf.path.make_path(entity).flattening(0.01)
        ]
        found.setdefault(entity.dxf.layer, []).append(shapely.LineString(corners))
    outline = [shapely.Polygon(line) for line in found.pop(OUTLINE_LAYER)]
    assert shapely.Polygon(outline[0].exterior, [hole.exterior for hole in outline[1:]]).equals(wanted)
    borders = shapely.union_all(found.pop(CUT_LAYER))
    assert wanted.boundary.difference(borders.buffer(0.01)).is_empty
    assert sorted(found) == sorted(colour.code for colour in PALETTE)
    areas = []
    for lines in found.values():
        area = shapely.Polygon()
        for line in lines:  # a hole lies inside its outside
            area = area.symmetric_difference(shapely.Polygon(line).buffer(0))
        assert area.difference(wanted).area < 100
        areas.append(area.area)
    assert sum(areas) == pytest.approx(wanted.area, rel=1e-6)


def test_what_the_outline_cuts_too_small_joins_its_neighbour() -> None:
    """A spot of 0.5 m² of which the outline leaves 0.15: on the rectangle it is laid, here it is not."""
    indices = np.zeros((700, 900), np.uint8)
    rows, columns = np.indices(indices.shape)
    indices[(rows - 383) ** 2 + (columns - 650) ** 2 < 40**2] = 1
    whole = make_installable(indices, PALETTE, "full", 9, 7)
    cut = laid(L_SHAPE, indices)
    assert {int(colour) for colour in np.unique(whole.indices)} == {0, 1}
    assert {int(colour) for colour in np.unique(cut.indices)} == {0, VOID}
    assert cut.after.score == 100
    assert MIN_AREA_M2 > 0.15


@pytest.mark.parametrize("surface", [L_SHAPE, ROUND], ids=["L", "round"])
def test_the_outline_itself_breaks_no_rule(surface: Surface) -> None:
    plain = laid(surface, np.zeros((round(surface.height_m * 100), round(surface.width_m * 100)), np.uint8))
    assert (plain.before.score, plain.after.score) == (100, 100)
    assert [ring.colour for ring in plain.drawing.rings] == [0] * (1 + len(plain.drawing.outline[1:]))


def test_pictures_are_transparent_outside(surface: Surface, on_it: Installable) -> None:
    picture = Image.open(io.BytesIO(encode_indexed(on_it.indices, PALETTE))).convert("RGBA")
    seen = np.asarray(picture)
    outside = on_it.indices == VOID
    assert (seen[outside] == (255, 255, 255, 0)).all()
    assert (seen[~outside, 3] == 255).all()
    assert {tuple(rgb) for rgb in seen[~outside][:, :3].tolist()} <= {colour.rgb for colour in PALETTE}


def concept_of(surface: Surface, indices: np.ndarray) -> ConceptPictures:
    png = encode_indexed(indices, PALETTE)
    height, width = indices.shape
    return make_concept(png, PALETTE, (width, height), indices, "full", surface)


def test_figures_do_not_know_what_lies_outside() -> None:
    """Noise in the corner that is cut off changes nothing."""
    indices = waves(L_SHAPE)
    noisy = indices.copy()
    noisy[360:, 410:] = np.random.Generator(np.random.PCG64(3)).integers(0, 3, (340, 490))
    calm, other = concept_of(L_SHAPE, indices), concept_of(L_SHAPE, noisy)
    assert calm.shares == pytest.approx(other.shares, abs=2e-3)
    assert sum(calm.shares.values()) == pytest.approx(1)
    assert calm.quality.score == pytest.approx(other.quality.score, abs=0.02)
    assert calm.warnings == other.warnings
    thumbnail = np.asarray(Image.open(io.BytesIO(calm.pictures["thumbnail"].data)))
    assert (thumbnail[-1, -1, 3], thumbnail[0, 0, 3]) == (0, 255)


def test_measures_count_pixels_inside_alone() -> None:
    indices = np.zeros((60, 60), np.uint8)
    rgb = np.full((60, 60, 3), PALETTE[0].rgb, np.uint8)
    rgb[30:] = (255, 0, 0)
    cut = np.where(np.arange(60)[:, np.newaxis] < 30, indices, np.uint8(VOID))
    quality = measure(rgb, cut, PALETTE, indices)
    assert (quality.fidelity, quality.flatness, quality.adherence, quality.contrast) == (1, 1, 1, 0)


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.3, 1.0), min_size=5, max_size=12),
    st.sampled_from([(7, 9), (40, 33), (120, 160)]),
)
def test_inside_is_inside(radii: list[float], shape: tuple[int, int]) -> None:
    """A star of any radii: a pixel is inside if its centre is, as a well-kept library sees it."""
    points = circle(5, 5, 1, len(radii))
    star = [(5 + 5 * (x - 5) * r, 5 + 5 * (y - 5) * r) for (x, y), r in zip(points, radii, strict=True)]
    left, top = (min(column) for column in zip(*star, strict=True))
    outline = Outline.model_validate({"outer": [(x - left, y - top) for x, y in star]})
    width, height = outline.size_m
    rows, columns = shape
    pixel = width * 1000 / columns, height * 1000 / rows
    mask = inside_mask(outline, shape, pixel)
    y, x = np.indices(shape) + 0.5
    centres = shapely.points(x * pixel[0] / 1000, y * pixel[1] / 1000)
    polygon = shapely.Polygon(outline.outer)
    doubtful = shapely.distance(centres, polygon.boundary) < 1e-9
    assert ((mask == shapely.contains(polygon, centres)) | doubtful).all()
