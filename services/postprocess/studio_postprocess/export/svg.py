"""SVG of a surface, for screens and everything that reads vector drawings."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from studio_contracts.palette import Colour
from studio_postprocess.export.boundary_graph import Ring
from studio_postprocess.export.drawing import Drawing, radii


def svg(drawing: Drawing, palette: Sequence[Colour]) -> bytes:
    """SVG in mm with one group a colour, whose id is the code and whose title the code, name and hex.

    Edges are drawn without blending, so that no hairline shows where two colours meet.
    """
    width, height = drawing.width_mm, drawing.height_mm
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.10g}mm" height="{height:.10g}mm" '
        f'viewBox="0 0 {width:.10g} {height:.10g}" shape-rendering="crispEdges">',
    ]
    for number, colour in enumerate(palette):
        path = "".join(_path(ring) for ring in drawing.rings if ring.colour == number)
        if path:
            title = escape(" ".join(colour))
            lines += [f'<g id="{colour.code}" fill="{colour.hex}">', f"<title>{title}</title>"]
            lines += [f'<path fill-rule="evenodd" d="{path}"/>', "</g>"]
    return "\n".join([*lines, "</svg>", ""]).encode()


def _path(ring: Ring) -> str:
    """Path data: lines as L, arcs as A, which turns clockwise (sweep 1) where it bends to the left."""
    points: list[tuple[float, float]] = ring.points.tolist()
    x, y = points[0]
    steps = zip([*points[1:], (x, y)], ring.bulges.tolist(), radii(ring).tolist(), strict=True)
    parts = [_step(end, bulge, radius) for end, bulge, radius in steps]
    if not ring.bulges[-1]:
        parts.pop()  # Z draws the last line
    return f"M{x:.10g},{y:.10g}" + "".join(parts) + "Z"


def _step(end: tuple[float, float], bulge: float, radius: float) -> str:
    to = f"{end[0]:.10g},{end[1]:.10g}"
    return f"A{radius:.1f} {radius:.1f} 0 0 {int(bulge < 0)} {to}" if bulge else f"L{to}"
