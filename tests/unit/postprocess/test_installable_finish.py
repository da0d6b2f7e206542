"""Everything the installer gets comes from one picture of the surface."""

import io

import numpy as np
import pytest
from ezdxf.filemanagement import read

from studio_contracts.job import LayoutKind
from studio_contracts.palette import PALETTE
from studio_postprocess.clamp import clamp_for
from studio_postprocess.finish import finish
from tests.unit.postprocess.synthetic import painted, regions

COLOURS = PALETTE[4:10]


@pytest.mark.parametrize(
    ("layout", "size", "surface", "kg"),
    [
        ("full", (1024, 1024), (5.0, 5.0), 220.0),
        ("framed", (1152, 648), (10.0, 3.0), 264.0),
        ("tiled", (1152, 648), (12.0, 2.5), 264.0),
    ],
)
def test_a_concept_is_finished(
    layout: LayoutKind, size: tuple[int, int], surface: tuple[float, float], kg: float
) -> None:
    design = regions(*size, 8, len(COLOURS), seed=4)
    picture = clamp_for(COLOURS).indices(painted(design, COLOURS, grain=9))
    finished = finish(picture, COLOURS, layout, *surface)

    assert finished.composed.shape == finished.installable.shape
    assert finished.after.score >= finished.before.score
    assert finished.changed == pytest.approx(float(np.mean(finished.composed != finished.installable)))
    assert finished.materials.kg == kg
    assert finished.materials.area_m2 == pytest.approx(surface[0] * surface[1])
    shares = np.bincount(finished.installable.ravel(), minlength=len(COLOURS)) / finished.installable.size
    assert {line.code: line.share for line in finished.materials.colours} == pytest.approx(
        {colour.code: share for colour, share in zip(COLOURS, shares, strict=True) if share}, abs=1e-4
    )
    assert f'viewBox="0 0 {surface[0] * 1000:g} {surface[1] * 1000:g}"'.encode() in finished.svg
    layers = {line.dxf.layer for line in read(io.StringIO(finished.dxf.decode())).modelspace()}
    assert layers == {line.code for line in finished.materials.colours}
    assert finish(picture, COLOURS, layout, *surface).svg == finished.svg
