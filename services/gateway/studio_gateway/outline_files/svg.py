"""The lines of an SVG, read by svgelements, after everything that refers to anything else was refused."""

import io
import math
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

from svgelements import SVG, Arc, CubicBezier, Path, QuadraticBezier, Shape

from studio_contracts.own_picture import OwnPictureError, check_svg
from studio_gateway.outline_files.found import MM_OF, OutlineFileError, Unit
from studio_gateway.outline_files.lines import MAX_LINE_POINTS, Line

_MM_OF_PIXEL = 25.4 / 96
_PHYSICAL = ("mm", "cm", "in", "pt", "pc", "q")
_SAMPLES = 48
"""Points on each curve: within 3 mm of it up to a radius of 20 m, where four make a circle."""


def svg_lines(data: bytes, unit: Unit | None) -> tuple[list[Line], Unit | None]:
    """All lines in mm, and the unit of its numbers: the one given, or None where width and height say their own.

    Raises OutlineFileError.
    """
    try:
        check_svg(data)
    except OwnPictureError as error:
        raise OutlineFileError(f"This SVG cannot be read: {error}.") from error
    try:
        drawing = SVG.parse(io.BytesIO(data), reify=True, ppi=96)
        mm = _mm_of_pixel(drawing, unit)
        return list(_lines(drawing, mm)), unit
    except (ParseError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        if isinstance(error, OutlineFileError):
            raise
        raise OutlineFileError("This SVG cannot be read: export it as plain SVG.") from error


def _mm_of_pixel(drawing: SVG, unit: Unit | None) -> float:
    """How long a pixel of what was read is: as the root says, or by the unit of its own numbers."""
    width = str(drawing.values.get("width") or "").strip().lower()
    if unit is None:
        if not width.endswith(_PHYSICAL):
            raise OutlineFileError("The SVG does not say how large it is: give unit=mm, cm, m, in or ft.")
        return _MM_OF_PIXEL
    box = drawing.viewbox
    if box is None or not box.width or not drawing.width:
        return MM_OF[unit]
    return MM_OF[unit] * float(box.width) / float(drawing.width)


def _lines(drawing: SVG, mm: float) -> Iterator[Line]:
    left = MAX_LINE_POINTS
    for element in drawing.elements():
        if not isinstance(element, Shape) or element.values.get("visibility") == "hidden":
            continue
        for part in Path(element).as_subpaths():
            line = [(x * mm, y * mm) for x, y in _points(Path(part))]
            left -= len(line)
            if left < 0:
                raise OutlineFileError("Its lines have too many points: leave everything out but the outline.")
            if not all(math.isfinite(value) for point in line for value in point):
                raise OutlineFileError("A line of the SVG leads nowhere: its numbers are not finite.")
            yield line


def _points(part: Path) -> Iterator[tuple[float, float]]:
    for segment in part:
        if isinstance(segment, Arc | CubicBezier | QuadraticBezier):
            places = [segment.point(number / _SAMPLES) for number in range(1, _SAMPLES + 1)]
        else:
            places = [segment.end]
        yield from ((float(place.x), float(place.y)) for place in places if place is not None)
