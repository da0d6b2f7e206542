"""Vector drawings of a surface, in millimetres: the outlines of every colour, and the SVG made of them."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from studio_contracts.palette import Colour
from studio_postprocess.clamp.colour import ByteArray, FloatArray
from studio_postprocess.export.boundary_graph import Ring, rings, smooth, trace

SVG_MEDIA_TYPE = "image/svg+xml"

_DECIMALS = 1


def outlines(indices: ByteArray, width_mm: float, height_mm: float) -> list[Ring]:
    """The outlines of every colour on a surface whose index map is (height, width), by colour.

    Points are x and y in mm from the top left corner, to 0.1 mm. The rings of one colour make up its regions, holes
    running against their outsides; neighbours share every point of their border.
    """
    height, width = indices.shape
    scale = np.array([width_mm / width, height_mm / height])

    def place(points: FloatArray) -> FloatArray:
        placed: FloatArray = np.round(points * scale, _DECIMALS)
        return placed

    return rings([smooth(chain) for chain in trace(indices)], place)


def area(points: FloatArray) -> float:
    """Area inside a ring, (n, 2): positive for an outside, negative for a hole."""
    x, y = points.T
    return float((np.roll(x, -1) * y - x * np.roll(y, -1)).sum() / 2)


def svg(outlined: Sequence[Ring], palette: Sequence[Colour], width_mm: float, height_mm: float) -> bytes:
    """SVG in mm with one group a colour, whose id is the code and whose title the code, name and hex.

    Edges are drawn without blending, so that no hairline shows where two colours meet.
    """
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_mm:.10g}mm" height="{height_mm:.10g}mm" '
        f'viewBox="0 0 {width_mm:.10g} {height_mm:.10g}" shape-rendering="crispEdges">',
    ]
    for number, colour in enumerate(palette):
        path = "".join(_path(ring.points) for ring in outlined if ring.colour == number)
        if path:
            title = escape(" ".join(colour))
            lines += [f'<g id="{colour.code}" fill="{colour.hex}">', f"<title>{title}</title>"]
            lines += [f'<path fill-rule="evenodd" d="{path}"/>', "</g>"]
    return "\n".join([*lines, "</svg>", ""]).encode()


def _path(points: FloatArray) -> str:
    return "M" + "L".join(f"{x:.10g},{y:.10g}" for x, y in points.tolist()) + "Z"
