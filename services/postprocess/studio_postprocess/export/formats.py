"""The formats a surface is exported in. A new one is a module beside this and a row in the table."""

from collections.abc import Callable, Mapping, Sequence

from studio_contracts.file_formats import VectorKind
from studio_contracts.palette import Colour
from studio_postprocess.export.drawing import Drawing
from studio_postprocess.export.dxf import dxf
from studio_postprocess.export.svg import svg

Exporter = Callable[[Drawing, Sequence[Colour]], bytes]

EXPORTERS: Mapping[VectorKind, Exporter] = {"svg": svg, "dxf": dxf}
