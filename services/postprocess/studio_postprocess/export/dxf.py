"""DXF of a surface, for the programs installers and cutters work with.

Written plainly, group code and value on a line each: the AutoCAD 2004 format (AC1018), the oldest with true colours.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import numpy as np

from studio_colour.difference import FloatArray
from studio_contracts.palette import Colour
from studio_postprocess.export.aci import nearest
from studio_postprocess.export.drawing import Drawing

CUT_LAYER = "CUT"
"""Holds every border once, for a cutter. The layers of the colours hold each of their outlines, so borders twice."""
OUTLINE_LAYER = "OUTLINE"
"""Holds the border and the holes of a surface that is no rectangle."""
_CUT_ACI, _OUTLINE_ACI = 1, 7
_CLOSED = 1
_ROOT, _GROUPS, _LAYOUTS = "C", "D", "1A"
_MODEL_BLOCK, _PAPER_BLOCK, _MODEL_LAYOUT, _PAPER_LAYOUT = "1F", "1B", "22", "1E"
_FIRST_FREE = 0x100

Tags = Iterable[tuple[int, object]]


def dxf(drawing: Drawing, palette: Sequence[Colour]) -> bytes:
    """DXF in mm, y upwards, with a layer a colour, named by its code, CUT_LAYER, and where the surface is no rectangle
    OUTLINE_LAYER. Extents and view show it whole.

    Every outline is a closed LWPOLYLINE of lines and arcs (bulges); holes run against their outsides. The same drawing
    gives the same bytes.
    """
    handles = (f"{number:X}" for number in count(_FIRST_FREE))
    used = [palette[number] for number in sorted({ring.colour for ring in drawing.rings})]
    tables = list(_tables(drawing, used, handles))
    entities = list(_entities(drawing, palette, handles))
    sections = {
        "HEADER": _header(drawing),
        "CLASSES": (),
        "TABLES": tables,
        "BLOCKS": _blocks(handles),
        "ENTITIES": entities,
        "OBJECTS": _objects(drawing),
    }
    tags: list[tuple[int, object]] = []
    for name, content in sections.items():
        tags += [(0, "SECTION"), (2, name), *content, (0, "ENDSEC")]
    return "".join(f"{code}\n{value}\n" for code, value in [*tags, (0, "EOF")]).encode("ascii")


def _header(drawing: Drawing) -> Iterator[tuple[int, object]]:
    far = [(10, _number(drawing.width_mm)), (20, _number(drawing.height_mm))]
    variables: dict[str, Tags] = {
        "$ACADVER": [(1, "AC1018")],
        "$DWGCODEPAGE": [(3, "ANSI_1252")],
        "$HANDSEED": [(5, "FFFFFF")],
        "$INSUNITS": [(70, 4)],  # millimetres
        "$MEASUREMENT": [(70, 1)],  # metric
        "$LUNITS": [(70, 2)],  # decimal
        "$EXTMIN": [(10, 0), (20, 0), (30, 0)],
        "$EXTMAX": [*far, (30, 0)],
        "$LIMMIN": [(10, 0), (20, 0)],
        "$LIMMAX": far,
    }
    for name, tags in variables.items():
        yield 9, name
        yield from tags


def _tables(drawing: Drawing, colours: Sequence[Colour], handles: Iterator[str]) -> Iterator[tuple[int, object]]:
    width, height = drawing.width_mm, drawing.height_mm
    view: Tags = [
        *((10, 0), (20, 0), (11, 1), (21, 1)),  # the whole window
        *((12, _number(width / 2)), (22, _number(height / 2))),  # its centre
        *((40, _number(1.05 * height)), (41, _number(max(width / height, 1.5)))),
        *((16, 0), (26, 0), (36, 1), (17, 0), (27, 0), (37, 0), (42, 50), (71, 0), (72, 100)),
    ]
    layers: list[tuple[str, Tags]] = [("0", _layer(7)), (CUT_LAYER, _layer(_CUT_ACI))]
    if drawing.outline:
        layers.append((OUTLINE_LAYER, _layer(_OUTLINE_ACI)))
    layers += [(colour.code, [*_layer(nearest(colour)), *_true_colour(colour)]) for colour in colours]
    line_types: Tags = [(3, ""), (72, 65), (73, 0), (40, 0)]
    style: Tags = [(40, 0), (41, 1), (50, 0), (71, 0), (42, 2.5), (3, "txt"), (4, "")]
    yield from _table("VPORT", "AcDbViewportTableRecord", [("*Active", view)], handles)
    lines = [(name, line_types) for name in ("ByBlock", "ByLayer", "Continuous")]
    yield from _table("LTYPE", "AcDbLinetypeTableRecord", lines, handles)
    yield from _table("LAYER", "AcDbLayerTableRecord", layers, handles)
    yield from _table("STYLE", "AcDbTextStyleTableRecord", [("Standard", style)], handles)
    yield from _table("VIEW", "AcDbViewTableRecord", [], handles)
    yield from _table("UCS", "AcDbUCSTableRecord", [], handles)
    yield from _table("APPID", "AcDbRegAppTableRecord", [("ACAD", []), ("AcAecLayerStandard", [])], handles)
    yield from _table("DIMSTYLE", "AcDbDimStyleTableRecord", [("Standard", [])], handles)
    yield from _block_records(handles)


def _table(
    kind: str, subclass: str, entries: Sequence[tuple[str, Tags]], handles: Iterator[str]
) -> Iterator[tuple[int, object]]:
    table = next(handles)
    yield from [(0, "TABLE"), (2, kind), (5, table), (330, 0), (100, "AcDbSymbolTable"), (70, len(entries))]
    if kind == "DIMSTYLE":
        yield from [(100, "AcDbDimStyleTable"), (71, 0)]
    for name, tags in entries:
        yield from [(0, kind), (105 if kind == "DIMSTYLE" else 5, next(handles)), (330, table)]
        yield from [(100, "AcDbSymbolTableRecord"), (100, subclass), (2, name), (70, 0), *tags]
    yield 0, "ENDTAB"


def _layer(aci: int) -> Tags:
    return [(62, aci), (6, "Continuous"), (370, -3)]


def _true_colour(colour: Colour) -> Tags:
    """The colour itself, and its name as the layer's description."""
    red, green, blue = colour.rgb
    described = [(1001, "AcAecLayerStandard"), (1000, ""), (1000, colour.name)]
    return [(420, red << 16 | green << 8 | blue), *described]


def _block_records(handles: Iterator[str]) -> Iterator[tuple[int, object]]:
    table = next(handles)
    yield from [(0, "TABLE"), (2, "BLOCK_RECORD"), (5, table), (330, 0), (100, "AcDbSymbolTable"), (70, 2)]
    for handle, layout, name in (
        (_MODEL_BLOCK, _MODEL_LAYOUT, "*Model_Space"),
        (_PAPER_BLOCK, _PAPER_LAYOUT, "*Paper_Space"),
    ):
        yield from [(0, "BLOCK_RECORD"), (5, handle), (330, table), (100, "AcDbSymbolTableRecord")]
        yield from [(100, "AcDbBlockTableRecord"), (2, name), (340, layout)]
    yield 0, "ENDTAB"


def _blocks(handles: Iterator[str]) -> Iterator[tuple[int, object]]:
    for owner, name, is_paper in ((_MODEL_BLOCK, "*Model_Space", 0), (_PAPER_BLOCK, "*Paper_Space", 1)):
        space = [(67, 1)] if is_paper else []
        yield from [(0, "BLOCK"), (5, next(handles)), (330, owner), (100, "AcDbEntity"), *space, (8, "0")]
        yield from [(100, "AcDbBlockBegin"), (2, name), (70, 0), (10, 0), (20, 0), (30, 0), (3, name), (1, "")]
        yield from [(0, "ENDBLK"), (5, next(handles)), (330, owner), (100, "AcDbEntity"), *space, (8, "0")]
        yield 100, "AcDbBlockEnd"


def _entities(drawing: Drawing, palette: Sequence[Colour], handles: Iterator[str]) -> Iterator[tuple[int, object]]:
    for ring in drawing.rings:
        yield from _polyline(
            palette[ring.colour].code, ring.points, ring.bulges, _CLOSED, drawing.height_mm, next(handles)
        )
    for border in drawing.borders:
        closed = bool((border.points[0] == border.points[-1]).all())
        points = border.points[:-1] if closed else border.points
        yield from _polyline(CUT_LAYER, points, border.bulges, _CLOSED * closed, drawing.height_mm, next(handles))
    for line in drawing.outline:
        straight = np.zeros(len(line))
        yield from _polyline(OUTLINE_LAYER, line, straight, _CLOSED, drawing.height_mm, next(handles))


def _polyline(
    layer: str, points: FloatArray, bulges: FloatArray, flags: int, height_mm: float, handle: str
) -> Iterator[tuple[int, object]]:
    yield from [(0, "LWPOLYLINE"), (5, handle), (330, _MODEL_BLOCK), (100, "AcDbEntity"), (8, layer)]
    yield from [(100, "AcDbPolyline"), (90, len(points)), (70, flags), (43, 0)]
    bends = [*bulges.tolist(), 0.0]
    for (x, y), bulge in zip(points.tolist(), bends, strict=False):
        yield 10, _number(x)
        yield 20, _number(height_mm - y)
        if bulge:
            yield 42, f"{bulge:.9f}"


def _objects(drawing: Drawing) -> Iterator[tuple[int, object]]:
    yield from _dictionary(_ROOT, "0", {"ACAD_GROUP": _GROUPS, "ACAD_LAYOUT": _LAYOUTS})
    yield from _dictionary(_GROUPS, _ROOT, {})
    yield from _dictionary(_LAYOUTS, _ROOT, {"Model": _MODEL_LAYOUT, "Layout1": _PAPER_LAYOUT})
    far = [(11, _number(drawing.width_mm)), (21, _number(drawing.height_mm))]
    extents = [(14, 0), (24, 0), (34, 0), (15, far[0][1]), (25, far[1][1]), (35, 0)]
    for order, (name, handle, block) in enumerate(
        (("Model", _MODEL_LAYOUT, _MODEL_BLOCK), ("Layout1", _PAPER_LAYOUT, _PAPER_BLOCK))
    ):
        yield from [(0, "LAYOUT"), (5, handle), (330, _LAYOUTS), (100, "AcDbPlotSettings")]
        yield from [(1, ""), (2, "none_device"), (4, "A3"), (6, ""), (70, 1024 if order == 0 else 0), (72, 1), (74, 5)]
        yield from [(100, "AcDbLayout"), (1, name), (70, 1), (71, order), (10, 0), (20, 0), *far, *extents]
        yield from [(146, 0), (13, 0), (23, 0), (33, 0), (16, 1), (26, 0), (36, 0), (17, 0), (27, 1), (37, 0), (76, 0)]
        yield 330, block


def _dictionary(handle: str, owner: str, entries: dict[str, str]) -> Iterator[tuple[int, object]]:
    yield from [(0, "DICTIONARY"), (5, handle), (330, owner), (100, "AcDbDictionary"), (281, 1)]
    for name, entry in entries.items():
        yield from [(3, name), (350, entry)]


def _number(value: float) -> str:
    return f"{value:.10g}"
