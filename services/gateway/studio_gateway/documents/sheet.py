"""A concept on a sheet of paper: true to scale, with sides, scale bar, colours, what to order, date and link."""

import io
from collections import Counter
from collections.abc import Sequence

from font_source_sans_pro import font_files_ttf
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from studio_contracts.brief import Surface
from studio_contracts.concept import Concept, Materials, Violation
from studio_contracts.installer import RULE_TEXTS
from studio_contracts.palette import BY_CODE
from studio_gateway.documents.blends import blend_text
from studio_gateway.documents.sheet_content import Paper, Sheet

_SIZES = {"A4": landscape(A4), "A3": landscape(A3)}
SCALES = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000)
"""What 1 mm on the paper may stand for, in mm."""
MARGIN = 14 * mm
TABLE = 78 * mm
TEXT, BOLD = "Text", "Bold"
INK, SOFT, LINE = HexColor("#231f20"), HexColor("#5f5a55"), HexColor("#dcd7cc")
for _name, _file in ((TEXT, "SourceSansPro"), (BOLD, "SourceSansProBold")):
    pdfmetrics.registerFont(TTFont(_name, font_files_ttf[_file]))


def draw_sheet(sheet: Sheet, paper: Paper = "A4") -> bytes:
    """The sheet as a PDF of one page, landscape. The picture has the largest scale of SCALES that fits."""
    width, height = _SIZES[paper]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(width, height), invariant=True, pageCompression=1)
    canvas.setTitle(sheet.prompt)
    canvas.setAuthor("TPV Studio")
    top = _heading(canvas, sheet, height - MARGIN, width - 2 * MARGIN)
    room = width - 3 * MARGIN - TABLE, top - MARGIN - 22 * mm
    scale = scale_for(sheet.surface, *room)
    _picture(canvas, sheet, scale, room, top)
    _materials(canvas, sheet, width - MARGIN - TABLE, top)
    _foot(canvas, sheet, scale, width)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def scale_for(surface: Surface, width: float, height: float) -> int:
    """The largest scale, as the mm that one mm stands for, at which the surface fits into points of the paper."""
    fits = (scale for scale in SCALES if _points(surface.width_m, scale) <= width)
    return next((scale for scale in fits if _points(surface.height_m, scale) <= height), SCALES[-1])


def _points(metres: float, scale: int) -> float:
    return metres * 1000 / scale * mm


def _heading(canvas: Canvas, sheet: Sheet, top: float, width: float) -> float:
    """Title and facts; returns where the rest begins."""
    lines = simpleSplit(sheet.prompt, BOLD, 17, width)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 17)
    for number, line in enumerate(lines[:2]):
        canvas.drawString(MARGIN, top - 14 - number * 20, line if number == 0 or len(lines) <= 2 else f"{line} …")
    below = top - 14 - 20 * (min(len(lines), 2) - 1) - 16
    concept, installer = sheet.concept, sheet.concept.installer
    facts = [f"{sheet.surface.width_m:g} × {sheet.surface.height_m:g} m"]
    facts.append(f"Concept {concept.rank}" if concept.rank is not None else f"Concept {concept.id}")
    if installer is not None:
        facts.append(f"can be laid: {installer.score} of 100")
    canvas.setFont(TEXT, 10)
    canvas.setFillColor(SOFT)
    canvas.drawString(MARGIN, below, "  ·  ".join(facts))
    return below - 9 * mm


def _picture(canvas: Canvas, sheet: Sheet, scale: int, room: tuple[float, float], top: float) -> None:
    width, height = _points(sheet.surface.width_m, scale), _points(sheet.surface.height_m, scale)
    left, bottom = MARGIN + 7 * mm, top - height
    canvas.drawImage(ImageReader(io.BytesIO(sheet.picture)), left, bottom, width, height)
    _marks(canvas, sheet, scale, left, top)
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.5)
    canvas.rect(left, bottom, width, height)
    canvas.setFont(TEXT, 9)
    canvas.setFillColor(INK)
    canvas.line(left, bottom - 4 * mm, left + width, bottom - 4 * mm)
    canvas.drawCentredString(left + width / 2, bottom - 8 * mm, _length(sheet.surface.width_m))
    canvas.line(left - 3 * mm, bottom, left - 3 * mm, top)
    canvas.saveState()
    canvas.translate(left - 4.5 * mm, bottom + height / 2)
    canvas.rotate(90)
    canvas.drawCentredString(0, 0, _length(sheet.surface.height_m))
    canvas.restoreState()


def _length(metres: float) -> str:
    return f"{metres * 1000:,.0f} mm".replace(",", "\N{NO-BREAK SPACE}")


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


def _materials(canvas: Canvas, sheet: Sheet, left: float, top: float) -> None:
    canvas.setFont(BOLD, 11)
    canvas.setFillColor(INK)
    canvas.drawString(left, top - 10, "Materials")
    needs = sheet.concept.materials
    y = top - 10 - 8 * mm
    if needs is None:
        return
    columns = (left + 48 * mm, left + 64 * mm, left + TABLE)
    _row(canvas, columns, y, ("m²", "kg", "bags"), TEXT, SOFT)
    for line in needs.colours:
        y -= 7 * mm
        colour = BY_CODE[line.code]
        canvas.setFillColor(HexColor(colour.hex))
        canvas.setStrokeColor(LINE)
        canvas.rect(left, y - 1 * mm, 5 * mm, 5 * mm, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont(TEXT, 9.5)
        canvas.drawString(left + 7 * mm, y, f"{colour.name}  {colour.code}")
        _row(canvas, columns, y, (f"{line.area_m2:.2f}", f"{line.kg:.1f}", str(line.bags)), TEXT, INK)
    y -= 8 * mm
    canvas.line(left, y + 5 * mm, left + TABLE, y + 5 * mm)
    canvas.setFont(BOLD, 9.5)
    canvas.drawString(left, y, "Total")
    _row(canvas, columns, y, (f"{needs.area_m2:.2f}", f"{needs.kg:.1f}", str(needs.bags)), BOLD, INK)
    _notes(canvas, sheet, needs, left, y - 9 * mm)


def _row(
    canvas: Canvas, columns: tuple[float, ...], y: float, texts: tuple[str, ...], font: str, colour: Color
) -> None:
    canvas.setFont(font, 9.5)
    canvas.setFillColor(colour)
    for x, text in zip(columns, texts, strict=True):
        canvas.drawRightString(x, y, text)


def _notes(canvas: Canvas, sheet: Sheet, needs: Materials, left: float, y: float) -> None:
    low, high = needs.binder_kg
    notes = [f"Binder for wet pour: {low:.1f} to {high:.1f} kg. Granule includes wastage."]
    broken = Counter(RULE_TEXTS[violation.rule] for violation in _violations(sheet.concept))
    if broken:
        notes.append(f"Marked: {', '.join(f'{count} × {text}' for text, count in broken.items())}.")
    if needs.blends:
        notes.append("Blends, in parts of twelve, that come nearer than the one granule:")
        notes += [blend_text(blend) for blend in needs.blends]
    notes += [warning.text for warning in sheet.concept.warnings]
    canvas.setFillColor(SOFT)
    canvas.setFont(TEXT, 8.5)
    for note in notes:
        for line in simpleSplit(note, TEXT, 8.5, TABLE):
            if y < MARGIN + 12 * mm:
                return
            canvas.drawString(left, y, line)
            y -= 11
        y -= 4


def _foot(canvas: Canvas, sheet: Sheet, scale: int, width: float) -> None:
    bar_m = next(length for length in (10, 5, 2, 1, 0.5) if length <= max(sheet.surface.width_m / 3, 0.5))
    bar = _points(bar_m, scale)
    y = MARGIN - 2 * mm
    canvas.setStrokeColor(INK)
    canvas.setFillColor(INK)
    canvas.rect(MARGIN, y, bar / 2, 2 * mm, fill=1)
    canvas.rect(MARGIN + bar / 2, y, bar / 2, 2 * mm, fill=0)
    canvas.setFont(TEXT, 9)
    canvas.drawString(MARGIN + bar + 3 * mm, y, f"{bar_m:g} m  ·  scale 1:{scale}, printed at full size")
    canvas.setFillColor(SOFT)
    made = f"{sheet.created_at:%-d %B %Y}"
    canvas.drawRightString(width - MARGIN, y, f"TPV Studio  ·  {made}  ·  {sheet.link}")
    canvas.linkURL(sheet.link, (width / 2, y - 2, width - MARGIN, y + 10))
    if sheet.attributions:
        canvas.setFont(TEXT, 7)
        canvas.drawRightString(width - MARGIN, y - 9, "  ".join(sheet.attributions))
