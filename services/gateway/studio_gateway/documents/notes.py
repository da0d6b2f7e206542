"""What a sheet says beside its figures, as lines of text that go on over as many columns and pages as they need."""

from collections import Counter
from collections.abc import Iterator

from reportlab.lib.utils import simpleSplit

from studio_contracts.concept import Materials
from studio_contracts.installer import RULE_TEXTS
from studio_gateway.documents.blends import blend_text
from studio_gateway.documents.sheet_content import Sheet
from studio_gateway.documents.texts import Texts

FONT_SIZE, LEADING = 8.5, 11.0
"""In points, as everything on the paper."""


def note_lines(sheet: Sheet, texts: Texts, font: str, width: float) -> list[str]:
    """The lines of all notes; an empty one between two notes."""
    lines: list[str] = []
    for note in _notes(sheet, texts):
        lines += ["", *simpleSplit(note, font, FONT_SIZE, width)]
    return lines[1:]


def _notes(sheet: Sheet, texts: Texts) -> Iterator[str]:
    needs, installer = sheet.concept.materials, sheet.concept.installer
    if needs is not None:
        yield texts(
            "materials.binder", least=texts.number(needs.binder_kg[0], 1), most=texts.number(needs.binder_kg[1], 1)
        )
    broken = Counter(RULE_TEXTS[violation.rule] for violation in installer.violations) if installer is not None else {}
    if broken:
        marks = ", ".join(f"{count} × {texts.translated(text)}" for text, count in broken.items())
        yield texts("sheet.marked", marks=marks)
    if needs is not None and needs.blends:
        yield _blends(needs, texts)
    yield from (texts.translated(warning.text) for warning in sheet.concept.warnings)


def _blends(needs: Materials, texts: Texts) -> str:
    return "\n".join([texts("blends"), *(f"–  {blend_text(blend, texts)}" for blend in needs.blends)])
