"""A concept on a sheet of paper: true to scale, with sides, scale bar, colours, what to order, date and link."""

import io
from collections.abc import Sequence
from math import ceil

from font_source_sans_pro import font_files_ttf
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from studio_contracts.brief import Surface
from studio_contracts.concept import Concept, Violation
from studio_contracts.outline import Outline
from studio_contracts.palette import BY_CODE
from studio_gateway.documents.notes import FONT_SIZE, LEADING, note_lines
from studio_gateway.documents.sheet_content import Paper, Sheet
from studio_gateway.documents.texts import Texts

_SIZES = {"A4": landscape(A4), "A3": landscape(A3)}
SCALES = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000)
"""What 1 mm on the paper may stand for, in mm."""
MARGIN = 14 * mm
TABLE = 78 * mm
BOTTOM = MARGIN + 12 * mm
"""No note stands lower."""
TEXT, BOLD = "Text", "Bold"
INK, SOFT, LINE = HexColor("#231f20"), HexColor("#5f5a55"), HexColor("#dcd7cc")
for _name, _file in ((TEXT, "SourceSansPro"), (BOLD, "SourceSansProBold")):
    pdfmetrics.registerFont(TTFont(_name, font_files_ttf[_file]))


def draw_sheet(sheet: Sheet, paper: Paper = "A4") -> bytes:
    """The sheet as a PDF, landscape. The picture has the largest scale of SCALES that fits.

    Notes for which the first page has no room stand on further ones.
    """
    width, height = _SIZES[paper]
    texts = Texts(sheet.language)
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(width, height), invariant=True, pageCompression=1)
    canvas.setTitle(sheet.prompt)
    canvas.setAuthor("TPV Studio")
    top = _heading(canvas, sheet, texts, height - MARGIN, width - 2 * MARGIN)
    room = width - 3 * MARGIN - TABLE, top - MARGIN - 22 * mm
    scale = scale_for(sheet.surface, *room)
    _picture(canvas, sheet, texts, scale, room, top)
    below = _materials(canvas, sheet, texts, width - MARGIN - TABLE, top)
    lines = note_lines(sheet, texts, TEXT, TABLE)
    columns = _columns(width)
    pages = [[(width - MARGIN - TABLE, below)], *_further_pages(len(lines) - _rows_below(below), columns, top)]
    for number, page in enumerate(pages, 1):
        if number > 1:
            _heading(canvas, sheet, texts, height - MARGIN, width - 2 * MARGIN)
            _title(canvas, texts("notes"), MARGIN, top)
        lines = _write(canvas, lines, page)
        if number == 1:
            _scale_bar(canvas, sheet, texts, scale)
        _foot(canvas, sheet, texts, width, (number, len(pages)))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def scale_for(surface: Surface, width: float, height: float) -> int:
    """The largest scale, as the mm that one mm stands for, at which the surface fits into points of the paper."""
    fits = (scale for scale in SCALES if _points(surface.width_m, scale) <= width)
    return next((scale for scale in fits if _points(surface.height_m, scale) <= height), SCALES[-1])


def _points(metres: float, scale: int) -> float:
    return metres * 1000 / scale * mm


def _heading(canvas: Canvas, sheet: Sheet, texts: Texts, top: float, width: float) -> float:
    """Title and facts; returns where the rest begins."""
    lines = simpleSplit(sheet.prompt, BOLD, 17, width)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 17)
    for number, line in enumerate(lines[:2]):
        canvas.drawString(MARGIN, top - 14 - number * 20, line if number == 0 or len(lines) <= 2 else f"{line} …")
    below = top - 14 - 20 * (min(len(lines), 2) - 1) - 16
    concept, installer = sheet.concept, sheet.concept.installer
    facts = [f"{texts.figure(sheet.surface.width_m)} × {texts.figure(sheet.surface.height_m)} m"]
    if sheet.surface.outline is not None:
        facts.append(texts("sheet.outline", area=texts.number(sheet.surface.area_m2, 2)))
    facts.append(texts("concept", name=concept.id if concept.rank is None else str(concept.rank)))
    if installer is not None:
        facts.append(texts("sheet.laid", score=str(installer.score)))
    canvas.setFont(TEXT, 10)
    canvas.setFillColor(SOFT)
    canvas.drawString(MARGIN, below, "  ·  ".join(facts))
    return below - 9 * mm


def _picture(canvas: Canvas, sheet: Sheet, texts: Texts, scale: int, room: tuple[float, float], top: float) -> None:
    width, height = _points(sheet.surface.width_m, scale), _points(sheet.surface.height_m, scale)
    left, bottom = MARGIN + 7 * mm, top - height
    canvas.drawImage(ImageReader(io.BytesIO(sheet.picture)), left, bottom, width, height)
    _marks(canvas, sheet, scale, left, top)
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.5)
    if sheet.surface.outline is None:
        canvas.rect(left, bottom, width, height)
    else:
        _outline(canvas, sheet.surface.outline, scale, left, top)
    canvas.setFont(TEXT, 9)
    canvas.setFillColor(INK)
    canvas.line(left, bottom - 4 * mm, left + width, bottom - 4 * mm)
    canvas.drawCentredString(left + width / 2, bottom - 8 * mm, f"{texts.whole(sheet.surface.width_m * 1000)} mm")
    canvas.line(left - 3 * mm, bottom, left - 3 * mm, top)
    canvas.saveState()
    canvas.translate(left - 4.5 * mm, bottom + height / 2)
    canvas.rotate(90)
    canvas.drawCentredString(0, 0, f"{texts.whole(sheet.surface.height_m * 1000)} mm")
    canvas.restoreState()


def _outline(canvas: Canvas, outline: Outline, scale: int, left: float, top: float) -> None:
    path = canvas.beginPath()
    for ring in outline.rings:
        places = [(left + _points(x, scale), top - _points(y, scale)) for x, y in ring]
        path.moveTo(*places[0])
        for place in places[1:]:
            path.lineTo(*place)
        path.close()
    canvas.drawPath(path)


def _marks(canvas: Canvas, sheet: Sheet, scale: int, left: float, top: float) -> None:
    """A dashed box around each violation. Boxes are in mm from the surface's top left corner."""
    canvas.saveState()
    for colour, dash in ((HexColor("#ffffff"), ()), (INK, (2.0, 2.0))):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(0.8)
        canvas.setDash(dash)
        for violation in _violations(sheet.concept):
            x, y, width, height = (length / scale * mm for length in violation.box)
            canvas.rect(left + x, top - y - height, width, height)
    canvas.restoreState()


def _violations(concept: Concept) -> Sequence[Violation]:
    return concept.installer.violations if concept.installer is not None else ()


def _title(canvas: Canvas, text: str, left: float, top: float) -> None:
    canvas.setFont(BOLD, 11)
    canvas.setFillColor(INK)
    canvas.drawString(left, top - 10, text)


def _materials(canvas: Canvas, sheet: Sheet, texts: Texts, left: float, top: float) -> float:
    """The table; returns where the notes begin."""
    needs = sheet.concept.materials
    if needs is None:
        return top - 10
    _title(canvas, texts("materials"), left, top)
    y = top - 10 - 8 * mm
    columns = (left + 48 * mm, left + 64 * mm, left + TABLE)
    _row(canvas, columns, y, ("m²", "kg", texts("materials.bags")), TEXT, SOFT)
    for line in needs.colours:
        y -= 7 * mm
        colour = BY_CODE[line.code]
        canvas.setFillColor(HexColor(colour.hex))
        canvas.setStrokeColor(LINE)
        canvas.rect(left, y - 1 * mm, 5 * mm, 5 * mm, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont(TEXT, 9.5)
        canvas.drawString(left + 7 * mm, y, f"{colour.name}  {colour.code}")
        _row(canvas, columns, y, (texts.number(line.area_m2, 2), texts.number(line.kg, 1), str(line.bags)), TEXT, INK)
    y -= 8 * mm
    canvas.line(left, y + 5 * mm, left + TABLE, y + 5 * mm)
    canvas.setFont(BOLD, 9.5)
    canvas.drawString(left, y, texts("materials.total"))
    _row(canvas, columns, y, (texts.number(needs.area_m2, 2), texts.number(needs.kg, 1), str(needs.bags)), BOLD, INK)
    return y - 9 * mm


def _row(
    canvas: Canvas, columns: tuple[float, ...], y: float, texts: tuple[str, ...], font: str, colour: Color
) -> None:
    canvas.setFont(font, 9.5)
    canvas.setFillColor(colour)
    for x, text in zip(columns, texts, strict=True):
        canvas.drawRightString(x, y, text)


def _columns(width: float) -> list[float]:
    """The left edges of the columns of notes on a page that has nothing else."""
    step = TABLE + MARGIN
    return [MARGIN + number * step for number in range(int((width - MARGIN) // step))]


def _rows_below(y: float) -> int:
    return max(0, int((y - BOTTOM) // LEADING) + 1)


def _further_pages(lines: int, columns: list[float], top: float) -> list[list[tuple[float, float]]]:
    """Where the columns of each further page begin, for this number of lines."""
    first = top - 10 - 8 * mm
    pages = ceil(max(0, lines) / (_rows_below(first) * len(columns)))
    return [[(left, first) for left in columns]] * pages


def _write(canvas: Canvas, lines: list[str], columns: list[tuple[float, float]]) -> list[str]:
    """Write lines into columns, each from its left edge and its first line down; returns those left over."""
    canvas.setFillColor(SOFT)
    canvas.setFont(TEXT, FONT_SIZE)
    for left, y in columns:
        rows = _rows_below(y)
        for row, line in enumerate(lines[:rows]):
            canvas.drawString(left, y - row * LEADING, line)
        lines = lines[rows:]
    return lines


def _scale_bar(canvas: Canvas, sheet: Sheet, texts: Texts, scale: int) -> None:
    bar_m = next(length for length in (10, 5, 2, 1, 0.5) if length <= max(sheet.surface.width_m / 3, 0.5))
    bar = _points(bar_m, scale)
    y = MARGIN - 2 * mm
    canvas.setStrokeColor(INK)
    canvas.setFillColor(INK)
    canvas.rect(MARGIN, y, bar / 2, 2 * mm, fill=1)
    canvas.rect(MARGIN + bar / 2, y, bar / 2, 2 * mm, fill=0)
    canvas.setFont(TEXT, 9)
    canvas.drawString(MARGIN + bar + 3 * mm, y, texts("sheet.scale", bar=texts.figure(bar_m), scale=str(scale)))


def _foot(canvas: Canvas, sheet: Sheet, texts: Texts, width: float, page: tuple[int, int]) -> None:
    """Date and link; `page` is its number and how many there are."""
    y = MARGIN - 2 * mm
    canvas.setFont(TEXT, 9)
    canvas.setFillColor(SOFT)
    parts = ["TPV Studio", texts.date(sheet.created_at), sheet.link]
    if page[1] > 1:
        parts.insert(0, texts("sheet.page", page=str(page[0]), pages=str(page[1])))
    canvas.drawRightString(width - MARGIN, y, "  ·  ".join(parts))
    canvas.linkURL(sheet.link, (width / 2, y - 2, width - MARGIN, y + 10))
    if sheet.attributions:
        canvas.setFont(TEXT, 7)
        canvas.drawRightString(width - MARGIN, y - 9, "  ".join(sheet.attributions))
