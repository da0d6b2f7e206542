"""Letters and digits from an open font, as drawings like all others; see NOTICE for their licence."""

from functools import cache
from importlib.resources import files
from threading import Lock

from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.outline_pen import OutlinePen, filled

ATTRIBUTION = "Letters: Fredoka One, copyright Milena Brandao, SIL Open Font License 1.1, adapted"
INK = "#231f20"
"""The fill of a letter; on the ground it gets the colour that stands out most."""

_READING = Lock()
"""Held by who reads the font: its tables are decoded when they are first asked for, by one thread at a time."""


@cache
def _font() -> TTFont:
    return TTFont(str(files("font_fredoka_one") / "files" / "FredokaOne-Regular.ttf"))


@cache
def letter(character: str) -> BaseGeometry | None:
    """The area of a letter or digit in font units, y pointing down; None where the font has none."""
    if len(character) != 1 or not character.isalnum():
        return None
    with _READING:
        name = _font().getBestCmap().get(ord(character))
        if name is None:
            return None
        glyphs = _font().getGlyphSet()
        pen = OutlinePen(glyphs)
        glyphs[name].draw(TransformPen(pen, (1, 0, 0, -1, 0, 0)))
    return filled(pen.contours)
