"""What to order, as a table: one line a colour and one for the sum."""

import csv
import io
from collections.abc import Iterator

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill

from studio_contracts.concept import Materials
from studio_contracts.palette import BY_CODE
from studio_gateway.documents.blends import blend_text

HEADER = ("code", "name", "hex", "share", "area_m2", "granule_kg", "bags", "blend")
"""share is 0 to 1; granule is with wastage; blend says what to mix for it instead, where that is nearer."""
BLEND_HEADER = (
    "instead_of", "for", "hex", "area_m2", "delta_e", "delta_e_alone", "granule", "parts_of_12", "granule_kg",
)  # fmt: skip


def _rows(materials: Materials) -> Iterator[tuple[str | float, ...]]:
    for line in materials.colours:
        blends = "; ".join(blend_text(blend) for blend in materials.blends if blend.code == line.code)
        yield *BY_CODE[line.code], line.share, line.area_m2, line.kg, line.bags, blends
    yield "total", "", "", 1, materials.area_m2, materials.kg, materials.bags, ""


def _blend_rows(materials: Materials) -> Iterator[tuple[str | float, ...]]:
    for blend in materials.blends:
        about = (blend.code, blend.word or "texture", blend.hex, blend.area_m2, blend.delta_e, blend.delta_e_alone)
        for part in blend.recipe:
            yield *about, part.code, part.parts, part.kg


def materials_csv(materials: Materials) -> str:
    """As comma-separated values, with a header."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    table.writerows(_rows(materials))
    return text.getvalue()


def materials_xlsx(materials: Materials) -> bytes:
    """As a workbook: numbers are numbers, and each hex stands on its colour. Blends have a sheet of their own."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Materials"
    sheet.append(HEADER)
    for row in _rows(materials):
        sheet.append(row)
    for cell in (*sheet[1], *sheet[sheet.max_row]):
        cell.font = Font(bold=True)
    for code, _, hex_cell, share, area, kg, *_ in sheet.iter_rows(min_row=2):
        share.number_format, area.number_format, kg.number_format = "0 %", "0.00", "0.0"
        if code.value in BY_CODE:
            hex_cell.fill = PatternFill("solid", fgColor=str(hex_cell.value).removeprefix("#"))
    for column, width in zip("ABCDEFGH", (8, 18, 10, 8, 10, 12, 8, 60), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    if materials.blends:
        _add_blends(book, materials)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _add_blends(book: Workbook, materials: Materials) -> None:
    """A sheet with a line for each granule of each blend."""
    sheet = book.create_sheet("Blends")
    sheet.append(BLEND_HEADER)
    for row in _blend_rows(materials):
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for cells in sheet.iter_rows(min_row=2):
        cells[2].fill = PatternFill("solid", fgColor=str(cells[2].value).removeprefix("#"))
    for column, width in zip("ABCDEFGHI", (12, 18, 10, 10, 10, 14, 10, 12, 12), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
