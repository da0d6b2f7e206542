"""What is taken to the site: the sheet is true to scale, and says what to order."""

import re

import numpy as np
import pypdfium2
import pytest

from studio_contracts.brief import Surface
from studio_contracts.errors import JobWarning
from studio_gateway.documents.sheet import SCALES, draw_sheet
from studio_gateway.documents.sheet_content import Paper
from studio_support.job_fixtures import MATERIALS
from studio_support.outlines import L_SHAPE
from studio_support.sheets import BLEND, BLENDED, RED, a_sheet, text_of

MM_OF_INCH = 25.4
PAPERS: dict[Paper, tuple[float, float]] = {"A4": (297, 210), "A3": (420, 297)}


def seen(pdf: bytes, dots_per_mm: float) -> np.ndarray:
    page = pypdfium2.PdfDocument(pdf)[0]
    return np.asarray(page.render(scale=dots_per_mm * MM_OF_INCH / 72).to_pil().convert("RGB"))


@pytest.mark.parametrize("paper", ["A4", "A3"])
@pytest.mark.parametrize("sides", [(10, 3), (3, 10), (0.5, 0.5), (100, 50), (5, 5), (100, 5)])
def test_the_picture_has_the_scale_that_the_sheet_names(paper: Paper, sides: tuple[float, float]) -> None:
    pdf = draw_sheet(a_sheet(Surface(width_m=sides[0], height_m=sides[1])), paper)
    pixels = seen(pdf, 4)
    assert (pixels.shape[1] / 4, pixels.shape[0] / 4) == pytest.approx(PAPERS[paper], abs=1)
    rows, columns = np.nonzero((pixels == RED).all(axis=2))
    scale = next(scale for scale in SCALES if f"scale 1:{scale}," in text_of(pdf))
    expected = (sides[0] * 1000 / scale, sides[1] * 1000 / scale)
    assert (np.ptp(columns) / 4, np.ptp(rows) / 4) == pytest.approx(expected, abs=1)


def test_the_sheet_says_what_to_order_what_is_marked_and_where_it_is_from() -> None:
    text = text_of(draw_sheet(a_sheet(Surface(width_m=10, height_m=3), "Лес и ежи, forêt")))
    for part in ("Лес и ежи, forêt", "RH20", "Total", "Marked: 1 × curve tighter than 600 mm", "http://studio/jobs/a"):
        assert part in text
    assert re.search(r"10\s000 mm", text)
    assert "1 March 2026" in text


@pytest.mark.parametrize("prompt", ["wide " * 400, "w" * 2000, "\U0001fa77 hearts 中文 עברית ไทย", "a\u0301" * 1000])
def test_whatever_a_brief_holds_leaves_room_for_the_picture(prompt: str) -> None:
    pdf = draw_sheet(a_sheet(Surface(width_m=10, height_m=3), prompt))
    assert (seen(pdf, 2) == RED).all(axis=2).any()


def test_the_same_concept_gives_the_same_bytes() -> None:
    sheet = a_sheet(Surface())
    assert draw_sheet(sheet) == draw_sheet(sheet)


def test_blends_stand_on_the_sheet() -> None:
    sheet = a_sheet(Surface())
    blended = sheet._replace(concept=sheet.concept.model_copy(update={"materials": BLENDED}))
    assert "9 RH70 + 3 RH21" in text_of(draw_sheet(blended))


@pytest.mark.parametrize("paper", ["A4", "A3"])
@pytest.mark.parametrize("blends", [1, 12, 60])
def test_what_has_no_room_on_the_first_page_stands_on_further_ones(paper: Paper, blends: int) -> None:
    many = tuple(BLEND.model_copy(update={"word": f"navy {number}x"}) for number in range(blends))
    sheet = a_sheet(Surface(width_m=10, height_m=3))
    materials = MATERIALS.model_copy(update={"blends": many})
    warnings = (JobWarning(code="late", text="The last warning of all."),)
    concept = sheet.concept.model_copy(update={"materials": materials, "warnings": warnings})
    document = pypdfium2.PdfDocument(draw_sheet(sheet._replace(concept=concept), paper))
    pages = [" ".join(str(page.get_textpage().get_text_range()).split()) for page in document]
    assert (len(pages) == 1) == (blends < 60)
    assert [number for number in range(blends) if f"navy {number}x" not in " ".join(pages)] == []
    assert "The last warning of all." in pages[-1]
    assert all("http://studio/jobs/a" in page for page in pages)
    if len(pages) > 1:
        assert all(f"page {number} of {len(pages)}" in page for number, page in enumerate(pages, 1))
    for page in document:
        text = page.get_textpage()
        boxes = [text.get_charbox(place) for place in range(text.count_chars())]
        assert max(right for _, _, right, _ in boxes) < page.get_width() - 20
        assert min(bottom for _, bottom, *_ in boxes) > 10


def test_a_sheet_is_in_german_with_its_numbers_and_dates() -> None:
    sheet = a_sheet(Surface(width_m=10.5, height_m=3))
    concept = sheet.concept.model_copy(update={"materials": BLENDED})
    drawn = " ".join(text_of(draw_sheet(sheet._replace(language="de", concept=concept))).split())
    wanted = (
        "10,5 × 3 m", "10 500 mm", "Konzept 1", "verlegbar: 90 von 100", "Material", "Säcke", "Summe", "Bindemittel",
        "Markiert: 1 × Bogen enger als 600 mm", "Zwölfteln", "ΔE 9,0", "1. März 2026", "Maßstab 1:",
    )  # fmt: skip
    assert [part for part in wanted if part not in drawn] == []
    assert re.findall(r"Materials|Total|bags|Marked|March|\d\.\d", drawn) == []


def test_a_surface_that_is_no_rectangle_has_its_outline_and_area_on_the_sheet() -> None:
    pdf = draw_sheet(a_sheet(L_SHAPE))
    assert "9 × 7 m" in text_of(pdf)
    assert f"{L_SHAPE.area_m2:.2f} m² within the outline" in text_of(pdf)
    pixels = seen(pdf, 4)
    inked = np.asarray((pixels < 100).all(axis=2))
    red = (pixels == RED).all(axis=2)
    rows, columns = np.nonzero(red)
    middle = (rows.min() + rows.max()) // 2
    assert inked[middle - 2 : middle + 3, columns.min() + 5 : columns.max() - 5].any(axis=0).mean() > 0.4
