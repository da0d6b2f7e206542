"""A file of either kind, found by its first bytes. Imported by a child process alone."""

from studio_gateway.outline_files.dxf import dxf_lines
from studio_gateway.outline_files.found import FoundOutline, OutlineFileError, Unit
from studio_gateway.outline_files.lines import Line, outline_of
from studio_gateway.outline_files.svg import svg_lines

_BINARY_DXF = b"AutoCAD Binary DXF"
_BOM = b"\xef\xbb\xbf"


def read(data: bytes, unit: Unit | None, layer: str | None) -> FoundOutline:
    """See `read_file`."""
    lines: list[Line]
    found_unit: Unit | None
    start = data[:4096].removeprefix(_BOM).lstrip()
    if start.startswith(b"<"):
        if layer is not None:
            raise OutlineFileError("An SVG has no layers as a DXF has: leave the layer out.")
        lines, found_unit = svg_lines(data, unit)
    elif start.startswith(_BINARY_DXF):
        raise OutlineFileError("This is a binary DXF: save it as ASCII DXF.")
    elif start.startswith((b"0", b"999")):
        lines, found_unit, layer = dxf_lines(data, unit, layer)
    else:
        raise OutlineFileError("This is no DXF and no SVG, whatever its name says." if data else "The file is empty.")
    found = outline_of(lines)
    return FoundOutline(found.outline.model_dump_json(), found_unit, layer, found.left_out, found.open_lines)
