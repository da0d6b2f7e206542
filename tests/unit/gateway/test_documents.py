"""What is taken to the site: the tables agree with the job, and files are made once."""

import asyncio
import csv
import io
import re
import zipfile
from pathlib import Path

import httpx
import openpyxl
import pytest

from studio_contracts.brief import Surface
from studio_gateway.dependencies import MAX_DOCUMENTS_PER_CLIENT
from studio_gateway.documents import drawn_sheets
from studio_gateway.documents import sheet as drawing
from studio_gateway.documents.sheet import draw_sheet
from studio_gateway.documents.sheet_content import Paper, Sheet
from studio_gateway.documents.tables import COLUMNS, materials_csv
from studio_gateway.documents.texts import Texts
from studio_gateway.documents.workbook import BLEND_COLUMNS, materials_xlsx
from studio_gateway.web.languages import CATALOGUES, DOCUMENT_TEXTS, PHRASES
from studio_support.gateway_in_memory import GatewayInMemory
from studio_support.job_fixtures import MATERIALS
from studio_support.sheets import BLENDED, a_sheet, text_of


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


BLEND_IN_WORDS = "navy: 9 RH70 + 3 RH21, ΔE 9.0 (RH20 alone 33.7), 17.50 m²"


def test_blends_stand_in_every_table() -> None:
    rows = list(csv.DictReader(io.StringIO(materials_csv(BLENDED))))
    assert [row["blend"] for row in rows] == [BLEND_IN_WORDS, "", ""]
    book = openpyxl.load_workbook(io.BytesIO(materials_xlsx(BLENDED, Texts())))
    assert [row[0:2] + row[6:] for row in book["Blends"].iter_rows(min_row=2, values_only=True)] == [
        ("RH20", "navy", "RH70", 9, 115.5),
        ("RH20", "navy", "RH21", 3, 38.5),
    ]


def test_what_services_say_is_said_in_german_with_what_is_filled_in() -> None:
    texts = Texts("de")
    for english, german in PHRASES["de"].items():
        if english != german and english.replace("{}", "").strip(" ,:;/-×→"):
            assert texts.translated(english.replace("{}", "RH20")) != english.replace("{}", "RH20"), english
    assert texts.translated("nobody knows this") == "nobody knows this"


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
