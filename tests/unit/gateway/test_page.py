"""The page's files, and that what they say agrees with the contracts and the models."""

import re
from dataclasses import replace
from typing import Any, get_args

import httpx
import pytest

from studio_contracts.brief import (
    MAX_PICTURES,
    MAX_PROMPT,
    MAX_RATIO,
    MAX_SIDE_M,
    MIN_SIDE_M,
    Strategy,
    Style,
    Surface,
)
from studio_contracts.installer import MIN_RADIUS_MM, MIN_WIDTH_MM, InstallerRule
from studio_contracts.job import TERMINAL, Status, TimelineEvent
from studio_contracts.models import MODELS
from studio_contracts.palette import MAX_CHOSEN
from studio_gateway.web.languages import CATALOGUES
from studio_gateway.web.page import ASSETS, DOCUMENTS
from studio_gateway.web.templates import STYLES
from studio_support.gateway_in_memory import OpenGateway

FORM = DOCUMENTS["form", "en"].body.decode()
FILES = {f"{name}.{language}.html": page for (name, language), page in DOCUMENTS.items()} | ASSETS


def test_the_form_has_a_card_for_every_style_and_takes_strategies_from_the_options() -> None:
    assert tuple(re.findall(r'name="style" value="(\w+)"', FORM)) == get_args(Style)
    assert re.findall(r'data-style="(\w+)"', FORM) == list(get_args(Style))
    assert re.findall(r'<option value="(\w+)"', FORM) == []


@pytest.mark.parametrize(
    "constant",
    [f"{MIN_WIDTH_MM:g} mm", f"{MIN_RADIUS_MM:g} mm", f"{MAX_PROMPT} characters", "CENTS", "Professional"],
)
def test_no_limit_price_or_word_of_the_contracts_stands_on_the_page(constant: str) -> None:
    scripts = {name: file.body.decode() for name, file in FILES.items() if name.endswith((".js", "en.json", ".html"))}
    assert [name for name, text in scripts.items() if constant in text] == []


@pytest.mark.parametrize("name", MODELS)
async def test_the_price_is_that_of_the_model_in_the_settings(
    gateway_with: OpenGateway, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, name, replace(MODELS[name], cents_per_picture=17))
    gateway = await gateway_with(model=name)
    async with gateway.client() as client:
        assert (await client.get("/v1/options")).json()["cents_per_picture"] == 17


@pytest.mark.parametrize("path", ["/", "/jobs/any", "/static/style.css", "/static/form.js", "/static/icon.svg"])
async def test_a_file_is_sent_once_and_then_only_confirmed(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    assert "default-src 'none'; script-src 'self'" in first.headers["content-security-policy"]
    second = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    changed = await client.get(path, headers={"If-None-Match": '"another"'})
    assert changed.content == first.content


@pytest.mark.parametrize("path", ["/static/none.js", "/static/..%2Fpage.py", "/static/"])
async def test_no_other_file_can_be_had(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_the_options_are_those_of_the_contracts(client: httpx.AsyncClient) -> None:
    options: dict[str, Any] = (await client.get("/v1/options")).json()
    assert (options["max_prompt"], options["max_pictures"], options["max_colours"]) == (
        MAX_PROMPT, MAX_PICTURES, MAX_CHOSEN
    )  # fmt: skip
    assert (options["min_side_m"], options["max_side_m"], options["max_ratio"]) == (MIN_SIDE_M, MAX_SIDE_M, MAX_RATIO)
    assert [style["name"] for style in options["styles"]] == list(get_args(Style))
    assert [strategy["name"] for strategy in options["strategies"]] == list(get_args(Strategy))
    assert {state["name"]: state["is_final"] for state in options["states"]} == {
        status: status in TERMINAL for status in get_args(Status)
    }
    assert options["installer"]["min_width_mm"] == MIN_WIDTH_MM
    assert set(options["installer"]["rules"]) == set(get_args(InstallerRule))
    assert f"{MIN_RADIUS_MM:g} mm" in options["installer"]["rules"]["radius"]
    assert [model["name"] for model in options["models"]] == list(MODELS)


def test_the_page_has_a_text_for_each_event_of_a_timeline_and_no_other() -> None:
    texts = [key.removeprefix("event.") for key in CATALOGUES["en"] if key.startswith("event.")]
    assert sorted(texts) == sorted(get_args(TimelineEvent))


def test_every_file_a_page_names_is_there() -> None:
    for name, file in FILES.items():
        text = file.body.decode("latin-1")
        named = re.findall(r'"(?:\.\./)?static/([\w.]+)"', text) + re.findall(r'(?:from |import\()"\./([\w.]+)"', text)
        assert set(named) <= set(ASSETS), name


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".html", ".js"))])
def test_no_address_on_the_page_begins_at_the_top_of_the_host(name: str) -> None:
    """Below a proxy's path such an address would lead past the studio."""
    text = FILES[name].body.decode()
    assert re.findall(r"""(?:href|src|action)=["']/|[`"']/(?:v1|static|jobs|docs)\b""", text) == []


def test_the_form_begins_with_the_surface_that_the_api_takes_for_granted() -> None:
    sides = [(name, value) for value, name in re.findall(r'value="([\d.]+)" data-field="surface\.(\w+)"', FORM)]
    assert {name: float(value) for name, value in sides} == Surface().model_dump(exclude={"outline"})


def test_the_style_sheet_holds_each_of_its_parts() -> None:
    parts = sorted(file.name for file in STYLES[0].parent.iterdir())
    assert parts == sorted(file.name for file in STYLES)
    assert ASSETS["style.css"].body.decode() == "".join(file.read_text(encoding="utf-8") for file in STYLES)
