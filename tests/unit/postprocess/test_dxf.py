"""The DXF opens without complaint and holds the same outlines as the drawing."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from ezdxf.document import Drawing
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.filemanagement import read

from studio_contracts.palette import PALETTE
from studio_postprocess.export.boundary_graph import Ring
from studio_postprocess.export.dxf import dxf
from studio_postprocess.export.svg import area, outlines
from tests.unit.postprocess.synthetic import regions

WIDTH_MM, HEIGHT_MM = 5000.0, 4000.0


@pytest.fixture(scope="module")
def outlined() -> list[Ring]:
    picture = regions(250, 200, 9, 4, seed=1)
    picture[80:120, 80:120] = 4
    picture[90:110, 90:110] = 5
    return outlines(picture, WIDTH_MM, HEIGHT_MM)


@pytest.fixture(scope="module")
def document(outlined: list[Ring]) -> Drawing:
    return read(io.StringIO(dxf(outlined, PALETTE, HEIGHT_MM).decode()))


def polylines(document: Drawing) -> list[LWPolyline]:
    return [line for line in document.modelspace() if isinstance(line, LWPolyline)]


def test_the_audit_finds_nothing(document: Drawing) -> None:
    audit = document.audit()
    assert not audit.errors
    assert not audit.fixes


def test_it_is_in_millimetres_with_a_layer_a_colour(document: Drawing, outlined: list[Ring]) -> None:
    assert document.header["$INSUNITS"] == 4
    for number in {ring.colour for ring in outlined}:
        assert document.layers.get(PALETTE[number].code).rgb == PALETTE[number].rgb
    assert not document.layers.has_entry(PALETTE[6].code)


def test_every_outline_is_a_closed_line_on_its_colours_layer(document: Drawing, outlined: list[Ring]) -> None:
    lines = polylines(document)
    assert len(lines) == len(document.modelspace()) == len(outlined)
    assert all(line.closed for line in lines)
    for line, ring in zip(lines, outlined, strict=True):
        assert line.dxf.layer == PALETTE[ring.colour].code
        points = np.array(line.get_points("xy"))
        assert points == pytest.approx(np.stack([ring.points[:, 0], HEIGHT_MM - ring.points[:, 1]], axis=1))


def test_areas_sum_to_the_surface(document: Drawing) -> None:
    total = sum(-area(np.array(line.get_points("xy"))) for line in polylines(document))
    assert total == pytest.approx(WIDTH_MM * HEIGHT_MM, rel=1e-9)


def test_the_same_outlines_give_the_same_bytes(outlined: list[Ring]) -> None:
    assert dxf(outlined, PALETTE, HEIGHT_MM) == dxf(outlined, PALETTE, HEIGHT_MM)


def test_every_process_writes_the_same_bytes() -> None:
    script = """
import hashlib, numpy
from studio_contracts.palette import PALETTE
from studio_postprocess.export.boundary_graph import Ring
from studio_postprocess.export.dxf import dxf
square = Ring(0, numpy.array([[0.0, 0.0], [0.0, 100.0], [100.0, 100.0], [100.0, 0.0]]))
print(hashlib.sha256(dxf([square], PALETTE, 100.0)).hexdigest())
"""
    written = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "4")  # two orders of the same set
    }
    assert len(written) == 1
