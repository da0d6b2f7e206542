"""Beginning with a picture of one's own: stored with the job, refused with precise words, and never paid by mistake."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from studio_chassis.errors import Unavailable
from studio_contracts.object_keys import own_picture_key
from studio_contracts.own_picture import MAX_PICTURE_BYTES, UNNAMED
from studio_domain.lifecycle import Transition
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

PATH = "/v1/jobs/from-picture"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2" fill="#0075bc"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n and more"


async def test_the_picture_is_stored_with_its_job_which_costs_nothing(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    answer = await client.post(
        f"{PATH}?width_m=6&height_m=4&fit=contain&name=Court&palette=RH20&palette=RH41", content=SVG
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"].endswith(job["id"])
    assert (job["name"], job["brief"]["kind"], job["brief"]["prompt"]) == ("Court", "draft", UNNAMED)
    assert job["brief"]["surface"] == {"width_m": 6, "height_m": 4, "outline": None}
    assert job["brief"]["palette"] == ["RH20", "RH41"]
    assert job["brief"]["picture"]["fit"] == "contain"
    assert gateway.bucket[own_picture_key(job["id"])] == SVG


async def test_painted_over_it_is_a_job_of_the_model_with_a_prompt(client: httpx.AsyncClient) -> None:
    brief = (await client.post(f"{PATH}?kind=painted&prompt=a%20fish&count=2", content=PNG)).json()["brief"]
    assert (brief["kind"], brief["prompt"], brief["count"]) == ("painted", "a fish", 2)


async def test_a_job_without_a_picture_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/jobs", json={"prompt": "a"})).json()["brief"]["picture"] is None


async def test_the_content_counts_and_not_what_the_request_calls_it(client: httpx.AsyncClient) -> None:
    assert (await client.post(PATH, content=SVG, headers={"Content-Type": "image/png"})).status_code == 202
    refused = await client.post(PATH, content=b"GIF89a", headers={"Content-Type": "image/png"})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == "picture"
    assert "no PNG, JPEG, WebP or SVG" in error["detail"]


@pytest.mark.parametrize(
    ("query", "content", "field"),
    [
        ("", b"", "picture"),
        ("", b"<svg viewBox='0 0 1 1'><script/></svg>", "picture"),
        ("", b'<svg viewBox="0 0 1 1"><image href="http://169.254.169.254/a.png"/></svg>', "picture"),
        ("?width_m=0.1", PNG, "width_m"),
        ("?width_m=100&height_m=1", PNG, "surface"),
        ("?palette=RH99", PNG, "palette"),
        ("?kind=painted", PNG, "prompt"),
        ("?fit=stretch", PNG, "fit"),
        ("?colour=RH20", PNG, "colour"),
        ("?metadata=order", PNG, "metadata.0"),
        ("?metadata=a:1&metadata=a:2", PNG, "metadata"),
        ("?metadata=a%20b:1", PNG, "metadata.0"),
        ("?callback_url=http://127.0.0.1/x", PNG, "callback_url"),
        ("?callback_events=job.prediction", PNG, "callback_events"),
    ],
)
async def test_what_does_not_fit_is_named(
    gateway: GatewayInMemory, client: httpx.AsyncClient, query: str, content: bytes, field: str
) -> None:
    refused = await client.post(PATH + query, content=content)
    assert refused.status_code == 422, refused.text
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert not gateway.bucket


async def test_it_takes_metadata_and_a_callback_as_a_brief_does(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(callbacks="public")
    client = gateway.client()
    own = (
        "callback_url=https://client.example/x&callback_events=job.prediction&metadata=order:2026:7&metadata=site:Nord"
    )
    headers = {"Idempotency-Key": "k"}
    answer = await client.post(f"{PATH}?{own}", content=SVG, headers=headers)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["metadata"] == {"order": "2026:7", "site": "Nord"}
    assert job["callback"]["events"] == ["job.prediction"]
    stored = gateway.database.jobs[job["id"]].callback
    assert stored is not None
    assert stored.url == "https://client.example/x"
    found = (await client.get("/v1/jobs?metadata=site:Nord")).json()["jobs"]
    assert [one["id"] for one in found] == [job["id"]]
    other = await client.post(f"{PATH}?metadata=order:8", content=SVG, headers=headers)
    assert other.status_code == 422, "the same key with other metadata is another request"


async def test_a_job_that_the_database_refused_leaves_no_second_object(
    gateway: GatewayInMemory, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients repeat a request with its key: then it is the same job, whose folder is removed with it."""
    insert = gateway.store.insert

    async def refused(*_: object) -> None:
        monkeypatch.setattr(gateway.store, "insert", insert)
        raise Unavailable("cut")

    monkeypatch.setattr(gateway.store, "insert", refused)
    headers = {"Idempotency-Key": "k"}
    assert (await client.post(PATH, content=SVG, headers=headers)).status_code == 503
    assert len(gateway.bucket) == 1
    gateway.now += timedelta(minutes=1)
    again = await client.post(PATH, content=SVG, headers=headers)
    assert again.status_code == 202, again.text
    assert list(gateway.bucket) == [own_picture_key(again.json()["id"])]


@pytest.mark.parametrize("is_stored", [False, True])
async def test_an_unrepeatable_request_that_the_database_refused_leaves_no_picture_but_for_a_stored_job(
    gateway: GatewayInMemory, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    """Without a key a client cannot ask for the same job again, but the write may have happened all the same."""
    insert = gateway.store.insert

    async def refused(first: Transition) -> None:
        if is_stored:
            await insert(first)
        raise Unavailable("cut")

    monkeypatch.setattr(gateway.store, "insert", refused)
    assert (await client.post(PATH, content=SVG)).status_code == 503
    assert list(gateway.bucket) == [own_picture_key(job_id) for job_id in gateway.database.jobs]
    assert len(gateway.bucket) == is_stored


async def test_a_larger_file_is_refused_before_it_is_read(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    refused = await client.post(PATH, content=PNG + b"\0" * MAX_PICTURE_BYTES)
    assert refused.status_code == 413
    assert not gateway.bucket


async def test_the_same_key_and_picture_give_the_same_job_and_another_picture_none(client: httpx.AsyncClient) -> None:
    async def post(content: bytes) -> httpx.Response:
        return await client.post(PATH, content=content, headers={"Idempotency-Key": "k"})

    first, second, other = await post(SVG), await post(SVG), await post(PNG)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422


@pytest.mark.parametrize("wanted", [{"picture": {"sha256": "0" * 64}}])
async def test_a_brief_cannot_name_a_picture_that_was_not_sent(client: httpx.AsyncClient, wanted: Any) -> None:
    assert (await client.post("/v1/jobs", json={"prompt": "a", **wanted})).status_code == 422


async def test_a_picture_lies_on_a_surface_with_an_outline(client: httpx.AsyncClient) -> None:
    outline = json.dumps({"outer": [[0, 0], [6, 0], [6, 2], [3, 2], [3, 4], [0, 4]]})
    answer = await client.post(PATH, params={"outline": outline}, content=PNG)
    assert answer.status_code == 202
    surface = answer.json()["brief"]["surface"]
    assert (surface["width_m"], surface["height_m"], len(surface["outline"]["outer"])) == (6, 4, 6)
    for wrong, field in (("[" * 9000, "outline"), ('{"outer": []}', "outline.outer")):
        refused = await client.post(PATH, params={"outline": wrong}, content=PNG)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field
