"""The reading of a file with an outline, as work for a child process. It alone imports what reads files."""

from studio_gateway.outline_files.found import FoundOutline, Unit

PRELOAD = "studio_gateway.outline_files.read"


def read_file(data: bytes, unit: Unit | None, layer: str | None) -> FoundOutline:
    """The outline in a file, by its content a DXF or an SVG: the largest closed line is the border, those in it holes.

    Made for a child process. Raises OutlineFileError.
    """
    from studio_gateway.outline_files.read import read

    return read(data, unit, layer)
