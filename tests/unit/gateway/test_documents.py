"""What is taken to the site: the sheet is true to scale, and the tables agree with the job."""

import asyncio
import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import openpyxl
import pypdfium2
import pytest
from PIL import Image

from studio_contracts.brief import Surface
from studio_contracts.concept import Blend, BlendPart, ColourShare, Concept, InstallabilityReport, Quality, Violation
from studio_contracts.errors import JobWarning
from studio_gateway.dependencies import MAX_DOCUMENTS_PER_CLIENT
from studio_gateway.documents import drawn_sheets
from studio_gateway.documents import sheet as drawing
from studio_gateway.documents.sheet import SCALES, draw_sheet
from studio_gateway.documents.sheet_content import Paper, Sheet
from studio_gateway.documents.tables import COLUMNS, materials_csv
from studio_gateway.documents.texts import Texts
from studio_gateway.documents.workbook import BLEND_COLUMNS, materials_xlsx
from studio_gateway.web.languages import CATALOGUES, DOCUMENT_TEXTS, PHRASES
from studio_support.gateway_in_memory import GatewayInMemory
from studio_support.job_fixtures import MATERIALS
from studio_support.outlines import L_SHAPE

MM_OF_INCH = 25.4
PAPERS: dict[Paper, tuple[float, float]] = {"A4": (297, 210), "A3": (420, 297)}
RED = (255, 0, 0)


def a_sheet(surface: Surface, prompt: str = "ocean") -> Sheet:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(file, "PNG")
    installer = InstallabilityReport(
        score_before=90,
        score=90,
        counts={"radius": 1},
        violations=(Violation(rule="radius", code="RH20", box=(0, 0, 500, 500)),),
    )
    concept = Concept(
        id="0-0",
        slot=0,
        index=0,
        rank=1,
        pictures={},
        quality=Quality(score=0.5, fidelity=1, flatness=1, contrast=1, balance=1, mean_delta_e=0),
        palette_used=(ColourShare(code="RH20", share=1),),
        materials=MATERIALS,
        installer=installer,
    )
    return Sheet(prompt, surface, concept, file.getvalue(), datetime(2026, 3, 1, tzinfo=UTC), "http://studio/jobs/a")


def seen(pdf: bytes, dots_per_mm: float) -> np.ndarray:
    page = pypdfium2.PdfDocument(pdf)[0]
    return np.asarray(page.render(scale=dots_per_mm * MM_OF_INCH / 72).to_pil().convert("RGB"))


def text_of(pdf: bytes, page: int = 0) -> str:
    return str(pypdfium2.PdfDocument(pdf)[page].get_textpage().get_text_range())


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


@pytest.fixture
async def concept_path(gateway: GatewayInMemory, client: httpx.AsyncClient) -> str:
    job = (await client.post("/v1/jobs", json={"prompt": "ocean", "count": 2})).json()
    await gateway.finish(job["id"])
    return f"/v1/jobs/{job['id']}/concepts/0-0"


async def test_tables_agree_with_the_job(client: httpx.AsyncClient, concept_path: str) -> None:
    rows = list(csv.DictReader(io.StringIO((await client.get(f"{concept_path}/materials.csv")).text)))
    workbook = openpyxl.load_workbook(io.BytesIO((await client.get(f"{concept_path}/materials.xlsx")).content))
    header, *lines = workbook["Materials"].iter_rows(values_only=True)
    assert [dict(zip(header, map(str, line), strict=True))["bags"] for line in lines] == [row["bags"] for row in rows]
    assert [row["code"] for row in rows] == [*(line.code for line in MATERIALS.colours), "total"]
    assert float(rows[-1]["granule_kg"]) == MATERIALS.kg


BLEND = Blend(
    reason="named", word="navy", hex="#01153e", code="RH20", delta_e=9.0, delta_e_alone=33.7, area_m2=17.5, kg=154,
    recipe=(BlendPart(code="RH70", parts=9, kg=115.5), BlendPart(code="RH21", parts=3, kg=38.5)),
)  # fmt: skip
BLENDED = MATERIALS.model_copy(update={"blends": (BLEND,)})
BLEND_IN_WORDS = "navy: 9 RH70 + 3 RH21, ΔE 9.0 (RH20 alone 33.7), 17.50 m²"


def test_blends_stand_in_every_table_and_on_the_sheet() -> None:
    rows = list(csv.DictReader(io.StringIO(materials_csv(BLENDED))))
    assert [row["blend"] for row in rows] == [BLEND_IN_WORDS, "", ""]
    book = openpyxl.load_workbook(io.BytesIO(materials_xlsx(BLENDED, Texts())))
    assert [row[0:2] + row[6:] for row in book["Blends"].iter_rows(min_row=2, values_only=True)] == [
        ("RH20", "navy", "RH70", 9, 115.5),
        ("RH20", "navy", "RH21", 3, 38.5),
    ]
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
    said = " ".join(text_of(draw_sheet(sheet._replace(language="de", concept=concept))).split())
    wanted = (
        "10,5 × 3 m", "10 500 mm", "Konzept 1", "verlegbar: 90 von 100", "Material", "Säcke", "Summe", "Bindemittel",
        "Markiert: 1 × Bogen enger als 600 mm", "Zwölfteln", "ΔE 9,0", "1. März 2026", "Maßstab 1:",
    )  # fmt: skip
    assert [part for part in wanted if part not in said] == []
    assert re.findall(r"Materials|Total|bags|Marked|March|\d\.\d", said) == []


def test_what_services_say_is_said_in_german_with_what_is_filled_in() -> None:
    texts = Texts("de")
    for english, german in PHRASES["de"].items():
        if english != german and english.replace("{}", "").strip(" ,:;/-×→"):
            assert texts.said(english.replace("{}", "RH20")) != english.replace("{}", "RH20"), english
    assert texts.said("nobody knows this") == "nobody knows this"


def test_every_language_has_the_texts_of_documents_and_each_is_used() -> None:
    english = DOCUMENT_TEXTS["en"]
    assert DOCUMENT_TEXTS.keys() == CATALOGUES.keys()
    for language, found in DOCUMENT_TEXTS.items():
        assert found.keys() == english.keys(), language
        assert len(found["months"].split()) == 12
        for key, text in found.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key
    code = "".join(file.read_text(encoding="utf-8") for file in Path(drawing.__file__).parent.glob("*.py"))
    columns = {f"table.{column}" for column in (*COLUMNS, *BLEND_COLUMNS)}
    assert {key for key in english if f'"{key}"' not in code} - columns == set()


async def test_documents_are_in_their_reader_s_language_but_not_those_for_programs(
    client: httpx.AsyncClient, concept_path: str
) -> None:
    german = {"Accept-Language": "de-AT,de;q=0.9"}
    sheet = await client.get(f"{concept_path}/sheet.pdf", headers=german)
    assert "Konzept" in text_of(sheet.content)
    assert sheet.headers["vary"].startswith("Accept-Language, Cookie")
    table = await client.get(f"{concept_path}/materials.xlsx", headers=german)
    first, *_, last = openpyxl.load_workbook(io.BytesIO(table.content))["Material"].iter_rows(values_only=True)
    assert first == ("Code", "Name", "Hex", "Anteil", "Fläche m²", "Granulat kg", "Säcke", "Mischung")
    assert (last[0], last[5]) == ("Summe", MATERIALS.kg)
    values = f"{concept_path}/materials.csv"
    assert (await client.get(values, headers=german)).content == (await client.get(values)).content
    bundle = f"{concept_path.rpartition('/concepts')[0]}/bundle.zip"
    english, translated = [await client.get(bundle, headers=headers) for headers in ({}, german)]
    assert english.headers["etag"] != translated.headers["etag"]
    with zipfile.ZipFile(io.BytesIO(translated.content)) as archive:
        assert "Konzept" in text_of(archive.read("rank-1-sheet.pdf"))


@pytest.mark.parametrize("name", ["sheet.pdf", "sheet.pdf?paper=A3", "materials.csv", "materials.xlsx"])
async def test_a_document_is_offered_as_a_file(client: httpx.AsyncClient, concept_path: str, name: str) -> None:
    answer = await client.get(f"{concept_path}/{name}")
    assert answer.status_code == 200
    suffix = name.partition("?")[0].rpartition(".")[2]
    assert answer.headers["content-disposition"].endswith(f'.{suffix}"')


@pytest.mark.parametrize("name", ["sheet.pdf", "materials.csv", "materials.xlsx"])
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, concept_path: str, name: str) -> None:
    path = concept_path.replace("0-0", "9-9")
    assert (await client.get(f"{path}/{name}")).status_code == 404


async def test_another_paper_is_refused(client: httpx.AsyncClient, concept_path: str) -> None:
    assert (await client.get(f"{concept_path}/sheet.pdf?paper=A5")).status_code == 422


async def test_the_bundle_holds_the_sheets(client: httpx.AsyncClient, concept_path: str) -> None:
    job = concept_path.rpartition("/concepts")[0]
    answer = await client.get(f"{job}/bundle.zip")
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("rank-1-sheet.pdf").startswith(b"%PDF")


async def test_a_sheet_is_drawn_once_and_few_at_a_time(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is asked for alone or in a bundle, and however often."""
    await gateway.finish(job_id)
    drawn, under_way = [], [0, 0]

    def counted(sheet: Sheet, paper: Paper) -> bytes:
        under_way[0] += 1
        under_way[1] = max(under_way)
        drawn.append((sheet.concept.id, paper))
        data = draw_sheet(sheet, paper)
        under_way[0] -= 1
        return data

    monkeypatch.setattr(drawing, "draw_sheet", counted)
    jobs = f"/v1/jobs/{job_id}"
    for _ in range(3):
        bundles = [client.get(f"{jobs}/bundle.zip") for _ in range(2)]
        sheets = [client.get(f"{jobs}/concepts/0-0/sheet.pdf?paper={paper}") for paper in ("A4", "A3")]
        found = await asyncio.gather(*bundles, *sheets)
        assert {one.status_code for one in found} == {200}
    assert sorted(drawn) == [("0-0", "A3"), ("0-0", "A4"), ("1-0", "A4")]
    assert under_way[1] <= drawn_sheets.DRAWN_AT_ONCE


async def test_what_is_remembered_of_sheets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_sheets, "MAX_BYTES", 100)
    monkeypatch.setattr(drawing, "draw_sheet", lambda sheet, _: sheet.prompt.encode() * 40)
    sheets = drawn_sheets.DrawnSheets()
    for prompt in "abcab":
        assert await sheets.draw(a_sheet(Surface(width_m=5, height_m=5), prompt), "A4") == prompt.encode() * 40
    assert sorted(sheets._drawn.values()) == [b"a" * 40, b"b" * 40]


async def test_a_client_has_so_many_files_made_at_once(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    address = f"/v1/jobs/{job_id}/bundle.zip"
    asked = MAX_DOCUMENTS_PER_CLIENT + 3
    found = await asyncio.gather(*(client.get(address) for _ in range(asked)))
    refused = [one for one in found if one.status_code == 429]
    assert len(refused) == 3
    assert refused[0].json()["type"] == "urn:tpv-studio:problem:too-many-documents"
    assert (await client.get(address)).status_code == 200


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
