"""The contact sheet: all concepts of a job on one picture, with rank, score and palette chips."""

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from studio_local.client import Colour

CELL = 560
MARGIN = 48
GAP = 36
CHIP = 22
CHIPS_IN_ROW = 2
PAPER, INK, FAINT, LINE = "#FAFAF7", "#20201E", "#74746E", "#DEDED8"


class Cell(NamedTuple):
    """One concept: the name of its direction, picture bytes, score 0 to 1."""

    rank: int
    direction: str
    score: float
    picture: bytes
    colours: Sequence[Colour]


def contact_sheet(title: str, subtitle: str, cells: Sequence[Cell]) -> Image.Image:
    """Concepts in rows of at most three, best first."""
    columns = min(3, len(cells))
    pictures = [_fit(cell.picture) for cell in cells]
    chip_rows = max(-(-len(cell.colours) // CHIPS_IN_ROW) for cell in cells)
    picture_height = max(picture.height for picture in pictures)
    cell_height = picture_height + 56 + chip_rows * (CHIP + 12)
    width = 2 * MARGIN + columns * CELL + (columns - 1) * GAP
    lines = _wrapped(title, _font(40), width - 2 * MARGIN)
    top = MARGIN + len(lines) * 52 + 56
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (width, top + rows * cell_height + (rows - 1) * GAP + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * 52), line, INK, _font(40))
    draw.text((MARGIN, MARGIN + len(lines) * 52 + 6), subtitle, FAINT, _font(22))
    for index, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        x = MARGIN + index % columns * (CELL + GAP)
        y = top + index // columns * (cell_height + GAP)
        sheet.paste(picture, (x + (CELL - picture.width) // 2, y + picture_height - picture.height))
        _caption(draw, x, y + picture_height + 12, cell)
    return sheet


def _caption(draw: ImageDraw.ImageDraw, x: int, y: int, cell: Cell) -> None:
    draw.text((x, y), f"{cell.rank}", INK, _font(30))
    draw.text((x + 48, y + 7), cell.direction, INK, _font(22))
    draw.text((x + CELL, y + 4), f"{cell.score:.0%}", INK, _font(26), anchor="ra")
    draw.text((x + CELL - 72, y + 9), "score", FAINT, _font(20), anchor="ra")
    draw.line((x, y + 42, x + CELL, y + 42), LINE, 2)
    column_width = CELL // CHIPS_IN_ROW
    for number, colour in enumerate(sorted(cell.colours, key=lambda colour: -colour.share)):
        left = x + number % CHIPS_IN_ROW * column_width
        top = y + 54 + number // CHIPS_IN_ROW * (CHIP + 12)
        draw.rounded_rectangle((left, top, left + CHIP, top + CHIP), 5, fill=colour.hex, outline=LINE)
        label = f"{colour.code} {colour.name}"
        draw.text((left + CHIP + 10, top + 1), label, INK, _font(18))
        draw.text((left + column_width - 24, top + 1), f"{colour.share:.0%}", FAINT, _font(18), anchor="ra")


def _fit(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    scale = CELL / max(picture.size)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
