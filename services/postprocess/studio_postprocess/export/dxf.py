"""DXF of a surface, for the programs installers and cutters work with."""

import io
from collections.abc import Sequence

import ezdxf
from ezdxf import colors, units
from ezdxf.filemanagement import new

from studio_contracts.palette import Colour
from studio_postprocess.export.boundary_graph import Ring

DXF_MEDIA_TYPE = "image/vnd.dxf"

# No dates, no random ids: the same drawing, the same bytes.
ezdxf.options.write_fixed_meta_data_for_testing = True  # type: ignore[attr-defined]


def dxf(outlined: Sequence[Ring], palette: Sequence[Colour], height_mm: float) -> bytes:
    """DXF (R2010) in mm with a layer a colour, named by its code and in its colour, y upwards.

    Every outline is a closed LWPOLYLINE of its own; holes run clockwise.
    """
    document = new("R2010", units=units.MM)
    model = document.modelspace()
    for number in sorted({ring.colour for ring in outlined}):
        colour = palette[number]
        layer = document.layers.add(colour.code, true_color=colors.rgb2int(colour.rgb))
        layer.description = colour.name
    for ring in outlined:
        points = [(x, height_mm - y) for x, y in ring.points.tolist()]
        model.add_lwpolyline(points, close=True, dxfattribs={"layer": palette[ring.colour].code})
    for name in sorted(document.entitydb.dxf_types_in_use()):  # else in the order of a set
        document.classes.add_class(name)
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode(document.output_encoding)
