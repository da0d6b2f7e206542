"""What to order, as a table: one line a colour and one for the sum.

Comma-separated values are for programs, so they are the same in every language; what is for people is translated.
"""

import csv
import io
from collections.abc import Iterator

from studio_contracts.concept import Materials
from studio_contracts.palette import BY_CODE
from studio_gateway.documents.blends import blend_text
from studio_gateway.documents.texts import Texts

COLUMNS = ("code", "name", "hex", "share", "area", "kg", "bags", "blend")
"""The keys of the headings: share is 0 to 1; granule is with wastage; blend says what to mix for it instead, where
that is nearer.
"""


def header(texts: Texts) -> list[str]:
    """The headings of the columns."""
    return [texts(f"table.{column}") for column in COLUMNS]


def rows(materials: Materials, texts: Texts) -> Iterator[tuple[str | float, ...]]:
    """The lines below the header."""
    for line in materials.colours:
        blends = "; ".join(blend_text(blend, texts) for blend in materials.blends if blend.code == line.code)
        yield *BY_CODE[line.code], line.share, line.area_m2, line.kg, line.bags, blends
    yield texts("table.total"), "", "", 1, materials.area_m2, materials.kg, materials.bags, ""


def materials_csv(materials: Materials) -> str:
    """As comma-separated values, with a header."""
    texts = Texts()
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(header(texts))
    table.writerows(rows(materials, texts))
    return text.getvalue()
