"""What to order, as a table: one line a colour and one for the sum."""

import csv
import io
from collections.abc import Iterator

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill

from studio_contracts.concept import Materials
from studio_contracts.palette import BY_CODE

HEADER = ("code", "name", "hex", "share", "area_m2", "granule_kg", "bags")
"""share is 0 to 1; granule is with wastage."""


def _rows(materials: Materials) -> Iterator[tuple[str | float, ...]]:
    for line in materials.colours:
        yield *BY_CODE[line.code], line.share, line.area_m2, line.kg, line.bags
    yield "total", "", "", 1, materials.area_m2, materials.kg, materials.bags


def materials_csv(materials: Materials) -> str:
    """As comma-separated values, with a header."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    table.writerows(_rows(materials))
    return text.getvalue()


def materials_xlsx(materials: Materials) -> bytes:
    """As a workbook of one sheet: numbers are numbers, and each hex stands on its colour."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Materials"
    sheet.append(HEADER)
    for row in _rows(materials):
        sheet.append(row)
    for cell in (*sheet[1], *sheet[sheet.max_row]):
        cell.font = Font(bold=True)
    for code, _, hex_cell, share, area, kg, _ in sheet.iter_rows(min_row=2):
        share.number_format, area.number_format, kg.number_format = "0 %", "0.00", "0.0"
        if code.value in BY_CODE:
            hex_cell.fill = PatternFill("solid", fgColor=str(hex_cell.value).removeprefix("#"))
    for column, width in zip("ABCDEFG", (8, 18, 10, 8, 10, 12, 8), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
