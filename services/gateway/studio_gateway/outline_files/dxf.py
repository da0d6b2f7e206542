"""The lines of a DXF in ASCII, read by ezdxf: blocks are taken apart, arcs and splines are flattened."""

import io
from collections.abc import Iterator
from itertools import islice

from ezdxf import path
from ezdxf.disassemble import recursive_decompose
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.lldxf.const import DXFError
from ezdxf.recover import read

from studio_gateway.outline_files.found import MM_OF, OutlineFileError, Unit
from studio_gateway.outline_files.lines import FLATTENED_MM, MAX_LINE_POINTS, MAX_LINES, Line

OUTLINE_LAYERS = ("outline", "umriss")
"""Where nobody names a layer, one of these names alone is read, as in our own drawings."""
_LINES = frozenset({"LINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE", "LWPOLYLINE", "POLYLINE"})
_UNITS: dict[int, Unit] = {1: "in", 2: "ft", 4: "mm", 5: "cm", 6: "m"}
"""By the values of $INSUNITS."""


def dxf_lines(data: bytes, unit: Unit | None, layer: str | None) -> tuple[list[Line], Unit, str | None]:
    """All lines in mm with y downwards, the unit of its numbers, and the layer read. Raises OutlineFileError."""
    try:
        document, _ = read(io.BytesIO(data))
    except (DXFError, OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise OutlineFileError("This DXF cannot be read: save it anew, as ASCII DXF of any release.") from error
    unit = unit or _UNITS.get(document.units)
    if unit is None:
        raise OutlineFileError("The DXF does not say its unit: give unit=mm, cm, m, in or ft.")
    layer = _layer(document, layer)
    lines: list[Line] = []
    points = 0
    for entity in _entities(document):
        if layer is not None and entity.dxf.layer.lower() != layer.lower():
            continue
        for line in _flattened(entity, MM_OF[unit]):
            lines.append(line)
            points += len(line)
            if points > MAX_LINE_POINTS:
                raise OutlineFileError("Its lines have too many points: leave everything out but the outline.")
    return lines, unit, layer


def _layer(document: Drawing, wanted: str | None) -> str | None:
    names = {layer.dxf.name.lower(): str(layer.dxf.name) for layer in document.layers}
    if wanted is None:
        return next((names[name] for name in OUTLINE_LAYERS if name in names), None)
    if wanted.lower() not in names:
        known = ", ".join(sorted(names.values())[:20])
        raise OutlineFileError(f"There is no layer {wanted[:60]}. There are: {known}.")
    return names[wanted.lower()]


def _entities(document: Drawing) -> Iterator[DXFEntity]:
    """What is drawn in model space, blocks taken apart, as far as it is a line. Raises OutlineFileError."""
    found = islice(recursive_decompose(document.modelspace()), MAX_LINES + 1)
    for number, entity in enumerate(found):
        if number >= MAX_LINES:
            raise OutlineFileError(f"It has more than {MAX_LINES} parts: leave everything out but the outline.")
        if entity.dxftype() in _LINES:
            yield entity


def _flattened(entity: DXFEntity, mm: float) -> Iterator[Line]:
    try:
        whole = path.make_path(entity)
        for part in whole.sub_paths():
            points = islice(part.flattening(FLATTENED_MM / mm), MAX_LINE_POINTS + 1)
            line = [(point.x * mm, -point.y * mm) for point in points]
            yield [*line, line[0]] if line and part.is_closed else line
    except (DXFError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise OutlineFileError(f"A {entity.dxftype()} in it cannot be read: draw it anew.") from error
