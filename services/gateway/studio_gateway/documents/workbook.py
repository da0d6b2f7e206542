"""What to order, as a workbook. Imported when the first one is asked for: openpyxl brings NumPy."""

import io
from collections.abc import Iterator

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill

from studio_contracts.concept import Materials
from studio_contracts.palette import BY_CODE
from studio_gateway.documents.tables import header, rows
from studio_gateway.documents.texts import Texts

BLEND_COLUMNS = ("instead_of", "for", "hex", "area", "delta_e", "delta_e_alone", "granule", "parts", "kg")


def materials_xlsx(materials: Materials, texts: Texts) -> bytes:
    """As a workbook: numbers are numbers, and each hex stands on its colour. Blends have a sheet of their own.

    A number is written as its reader's program writes numbers.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = texts("materials")
    sheet.append(header(texts))
    for row in rows(materials, texts):
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
        _add_blends(book, materials, texts)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _add_blends(book: Workbook, materials: Materials, texts: Texts) -> None:
    """A sheet with a line for each granule of each blend."""
    sheet = book.create_sheet(texts("table.blends"))
    sheet.append([texts(f"table.{column}") for column in BLEND_COLUMNS])
    for row in _blend_rows(materials, texts):
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for cells in sheet.iter_rows(min_row=2):
        cells[2].fill = PatternFill("solid", fgColor=str(cells[2].value).removeprefix("#"))
    for column, width in zip("ABCDEFGHI", (12, 18, 10, 10, 10, 14, 10, 12, 12), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"


def _blend_rows(materials: Materials, texts: Texts) -> Iterator[tuple[str | float, ...]]:
    for blend in materials.blends:
        about = (
            blend.code,
            blend.word or texts("blend.texture"),
            blend.hex,
            blend.area_m2,
            blend.delta_e,
            blend.delta_e_alone,
        )
        for part in blend.recipe:
            yield *about, part.code, part.parts, part.kg
