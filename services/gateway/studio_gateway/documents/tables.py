"""What to order, as a table: one line a colour and one for the sum."""

import csv
import io
from collections.abc import Iterator

from studio_contracts.concept import Materials
from studio_contracts.palette import BY_CODE
from studio_gateway.documents.blends import blend_text

HEADER = ("code", "name", "hex", "share", "area_m2", "granule_kg", "bags", "blend")
"""share is 0 to 1; granule is with wastage; blend says what to mix for it instead, where that is nearer."""


def rows(materials: Materials) -> Iterator[tuple[str | float, ...]]:
    """The lines below the header."""
    for line in materials.colours:
        blends = "; ".join(blend_text(blend) for blend in materials.blends if blend.code == line.code)
        yield *BY_CODE[line.code], line.share, line.area_m2, line.kg, line.bags, blends
    yield "total", "", "", 1, materials.area_m2, materials.kg, materials.bags, ""


def materials_csv(materials: Materials) -> str:
    """As comma-separated values, with a header."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    table.writerows(rows(materials))
    return text.getvalue()
