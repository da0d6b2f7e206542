"""Drafts, and jobs that paint the directions of another."""

from typing import Any

import httpx
import pytest

from studio_contracts.brief import Source
from studio_support.gateway_in_memory import GatewayInMemory

DRAFT = {"prompt": "ocean energy", "kind": "draft", "surface": {"width_m": 6, "height_m": 4}, "seed": 5}


@pytest.fixture
async def draft_id(gateway: GatewayInMemory, client: httpx.AsyncClient) -> str:
    """A draft of two directions that is ready."""
    job = (await client.post("/v1/jobs", json=DRAFT)).json()
    await gateway.finish_draft(job["id"])
    return str(job["id"])


async def test_a_draft_shows_its_directions_and_concepts_and_has_no_calls_paid(
    client: httpx.AsyncClient, draft_id: str
) -> None:
    job = (await client.get(f"/v1/jobs/{draft_id}")).json()
    assert (job["status"], job["brief"]["kind"], job["brief"]["from"]) == ("completed", "draft", None)
    assert [direction["number"] for direction in job["plan"]["directions"]] == [0, 1]
    assert {concept["direction"] for concept in job["concepts"]} == {0, 1}
    assert {concept["rank_in_direction"] for concept in job["concepts"]} == {1}


async def test_painting_keeps_the_brief_and_the_directions_that_were_chosen(
    gateway: GatewayInMemory, client: httpx.AsyncClient, draft_id: str
) -> None:
    response = await client.post("/v1/jobs", json={"from": {"job": draft_id, "directions": [1]}, "count": 2})
    assert response.status_code == 202
    brief = response.json()["brief"]
    assert brief["from"] == {"job": draft_id, "directions": [1], "concept": None, "edits": []}
    assert (brief["kind"], brief["count"], brief["prompt"], brief["surface"]) == (
        "painted", 2, DRAFT["prompt"], {"width_m": 6, "height_m": 4, "outline": None},
    )  # fmt: skip
    stored = await gateway.jobs.load(response.json()["id"])
    assert stored.brief.source == Source(job=draft_id, directions=(1,))


async def test_what_is_left_out_is_as_in_the_draft(client: httpx.AsyncClient, draft_id: str) -> None:
    brief = (await client.post("/v1/jobs", json={"from": {"job": draft_id}})).json()["brief"]
    assert brief == (await client.get(f"/v1/jobs/{draft_id}")).json()["brief"] | {
        "kind": "painted",
        "from": {"job": draft_id, "directions": [], "concept": None, "edits": []},
    }


async def test_what_continues_a_job_stays_in_its_project_unless_told_otherwise(
    client: httpx.AsyncClient, draft_id: str
) -> None:
    await client.patch(f"/v1/jobs/{draft_id}", json={"project": "Schools"})
    wanted = {"from": {"job": draft_id}}
    projects = [
        (await client.post("/v1/jobs", json={**wanted, **given})).json()["project"]
        for given in ({}, {"project": "Parks"}, {"project": ""})
    ]
    assert projects == ["Schools", "Parks", ""]


async def test_a_repeated_request_is_the_same_also_when_the_project_was_changed_between(
    client: httpx.AsyncClient, draft_id: str
) -> None:
    wanted, key = {"from": {"job": draft_id}}, {"Idempotency-Key": "once"}
    first = await client.post("/v1/jobs", json=wanted, headers=key)
    await client.patch(f"/v1/jobs/{draft_id}", json={"project": "Schools"})
    again = await client.post("/v1/jobs", json=wanted, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


async def test_the_same_key_gives_the_same_painted_job(client: httpx.AsyncClient, draft_id: str) -> None:
    wanted = {"from": {"job": draft_id}}
    first, second = [
        (await client.post("/v1/jobs", json=wanted, headers={"Idempotency-Key": "k"})).json()["id"] for _ in range(2)
    ]
    assert first == second


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": {"job": "nowhere"}}, "from.job"),
        ({"from": {"job": "{draft}", "directions": [2]}}, "from.directions"),
        ({"from": {"job": "{draft}", "directions": [7]}}, "from.directions.0"),
        ({"prompt": "a pond"}, "prompt"),
        ({"surface": {"width_m": 3, "height_m": 3}}, "surface"),
        ({"palette": ["RH20"]}, "palette"),
        ({"strategy": "grid"}, "strategy"),
        ({"kind": "draft"}, "kind"),
        ({"count": 13}, "count"),
        ({"from": None}, "prompt"),
    ],
)
async def test_what_cannot_be_painted_names_its_field(
    client: httpx.AsyncClient, draft_id: str, changes: dict[str, Any], field: str
) -> None:
    wanted: dict[str, Any] = {"from": {"job": draft_id}, **changes}
    if wanted["from"] and wanted["from"]["job"] == "{draft}":
        wanted["from"]["job"] = draft_id
    response = await client.post("/v1/jobs", json=wanted)
    assert response.status_code == 422
    assert [problem["field"] for problem in response.json()["errors"]] == [field]


async def test_a_job_without_directions_cannot_be_painted_from(client: httpx.AsyncClient, job_id: str) -> None:
    response = await client.post("/v1/jobs", json={"from": {"job": job_id}})
    assert response.status_code == 422
    assert "no directions yet" in response.text
