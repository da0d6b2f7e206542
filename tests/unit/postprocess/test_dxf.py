"""The DXF opens without complaint and holds the same outlines as the drawing."""

import io
import os
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from ezdxf import bbox, path
from ezdxf.colors import DXF_DEFAULT_COLORS, int2rgb
from ezdxf.document import Drawing
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.filemanagement import read

from studio_colour.difference import delta_e, lab_from_rgb
from studio_contracts.palette import PALETTE
from studio_postprocess.export.aci import nearest, table
from studio_postprocess.export.boundary_graph import Ring
from studio_postprocess.export.drawing import Drawing as Outlines
from studio_postprocess.export.drawing import area, draw
from studio_postprocess.export.dxf import CUT_LAYER, dxf
from studio_support.synthetic_pictures import regions

WIDTH_MM, HEIGHT_MM = 5000.0, 4000.0


@pytest.fixture(scope="module")
def drawing() -> Outlines:
    picture = regions(250, 200, 9, 4, seed=1)
    picture[80:120, 80:120] = 4
    y, x = np.mgrid[0:200, 0:250]
    picture[np.hypot(x - 180, y - 60) < 25] = 5
    return draw(picture, WIDTH_MM, HEIGHT_MM)


@pytest.fixture(scope="module")
def document(drawing: Outlines) -> Drawing:
    return read(io.StringIO(dxf(drawing, PALETTE).decode()))


def polylines(document: Drawing, cut: bool = False) -> list[LWPolyline]:
    lines = [line for line in document.modelspace() if isinstance(line, LWPolyline)]
    assert len(lines) == len(document.modelspace())
    return [line for line in lines if (line.dxf.layer == CUT_LAYER) == cut]


def test_the_audit_finds_nothing(document: Drawing) -> None:
    audit = document.audit()
    assert not audit.errors
    assert not audit.fixes


def test_it_is_in_millimetres_with_a_layer_a_colour(document: Drawing, drawing: Outlines) -> None:
    assert document.header["$INSUNITS"] == 4
    for number in {ring.colour for ring in drawing.rings}:
        layer = document.layers.get(PALETTE[number].code)
        assert (layer.rgb, layer.description) == (PALETTE[number].rgb, PALETTE[number].name)
    assert not document.layers.has_entry(PALETTE[6].code)


def test_programs_without_true_colours_show_the_nearest_of_theirs(document: Drawing, drawing: Outlines) -> None:
    known = np.array([int2rgb(value) for value in DXF_DEFAULT_COLORS[1:]], np.uint8)
    agree = np.abs(table().astype(int) - known[:255]).max(axis=1) <= 1
    assert agree[:9].all()
    assert agree.mean() > 0.85  # programs differ in the darkest shades and the greys
    for number in {ring.colour for ring in drawing.rings}:
        assert document.layers.get(PALETTE[number].code).dxf.color == nearest(PALETTE[number])
    far = [
        float(delta_e(lab_from_rgb(table()[nearest(colour) - 1]), lab_from_rgb(np.array(colour.rgb, np.uint8))))
        for colour in PALETTE
    ]
    assert max(far) < 12
    assert 7 not in {nearest(colour) for colour in PALETTE}


def test_the_extents_and_the_view_show_it_whole(document: Drawing) -> None:
    assert tuple(document.header["$EXTMIN"])[:2] == (0, 0)
    assert tuple(document.header["$EXTMAX"])[:2] == (WIDTH_MM, HEIGHT_MM)
    (view,) = document.viewports.get_config("*Active")
    assert tuple(view.dxf.center)[:2] == (WIDTH_MM / 2, HEIGHT_MM / 2)
    assert view.dxf.height >= HEIGHT_MM
    assert view.dxf.height * view.dxf.aspect_ratio >= WIDTH_MM
    extents = bbox.extents(document.modelspace())
    assert extents.extmin.isclose((0, 0, 0), abs_tol=0.1)
    assert extents.extmax.isclose((WIDTH_MM, HEIGHT_MM, 0), abs_tol=0.1)


def test_every_outline_is_a_closed_line_on_its_colours_layer(document: Drawing, drawing: Outlines) -> None:
    lines = polylines(document)
    assert len(lines) == len(drawing.rings)
    assert all(line.closed for line in lines)
    for line, ring in zip(lines, drawing.rings, strict=True):
        assert line.dxf.layer == PALETTE[ring.colour].code
        points = np.array(line.get_points("xyb"))
        expected = np.stack([ring.points[:, 0], HEIGHT_MM - ring.points[:, 1], ring.bulges], axis=1)
        assert points == pytest.approx(expected, abs=1e-6)


def test_the_cut_layer_has_every_border_once(document: Drawing, drawing: Outlines) -> None:
    cut = polylines(document, cut=True)
    assert len(cut) == len(drawing.borders)
    steps: set[Any] = set()
    for line in cut:
        points = [tuple(point) for point in line.get_points("xy")]
        points += points[:1] if line.closed else []
        for one, other in pairwise(points):
            step = tuple(sorted((one, other)))
            assert step not in steps or (line.closed and len(points) == 3)  # two arcs make a disc
            steps.add(step)
    outlined = set()
    for line in polylines(document):
        points = [tuple(point) for point in line.get_points("xy")]
        outlined |= {tuple(sorted(step)) for step in pairwise([*points, points[0]])}
    assert steps == outlined


def test_another_program_finds_the_same_areas(document: Drawing) -> None:
    def inside(line: LWPolyline) -> float:
        x, y = np.array([(point.x, point.y) for point in path.make_path(line).flattening(0.01)]).T
        return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)

    total = sum(inside(line) for line in polylines(document))
    assert total == pytest.approx(WIDTH_MM * HEIGHT_MM, rel=1e-5)


def test_a_bulge_bends_the_way_it_does_in_the_drawing() -> None:
    disc = Ring(0, np.array([[1000.0, 500.0], [0.0, 500.0]]), np.array([1.0, 1.0]))
    assert area(disc) == pytest.approx(np.pi * 500**2)
    document = read(io.StringIO(dxf(Outlines(1000.0, 1000.0, [disc], []), PALETTE).decode()))
    (line,) = polylines(document)
    heights = [point.y for point in path.make_path(line).flattening(1)]
    assert (min(heights), max(heights)) == (pytest.approx(0, abs=1), pytest.approx(1000, abs=1))


def test_every_process_writes_the_same_bytes() -> None:
    script = """
import hashlib, numpy
from studio_contracts.palette import PALETTE
from studio_postprocess.export.drawing import draw
from studio_postprocess.export.dxf import dxf
indices = (numpy.arange(400).reshape(20, 20) % 20 // 7).astype(numpy.uint8)
print(hashlib.sha256(dxf(draw(indices, 1000.0, 1000.0), PALETTE)).hexdigest())
"""
    written = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "4")  # two orders of the same set
    }
    assert len(written) == 1
