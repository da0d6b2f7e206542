"""A concept with edits is asked for as a job of its own."""

from typing import Any

import httpx
import pytest

from studio_support.gateway_in_memory import GatewayInMemory

DRAFT = {"prompt": "ocean energy", "kind": "draft", "surface": {"width_m": 6, "height_m": 4}}
RECOLOUR = {"kind": "recolour", "colour": "RH20", "to": "RH30"}


@pytest.fixture
async def draft_id(gateway: GatewayInMemory, client: httpx.AsyncClient) -> str:
    """A draft with the concepts 0-0 and 1-0 in RH31 and RH20."""
    job = (await client.post("/v1/jobs", json=DRAFT)).json()
    await gateway.finish_draft(job["id"])
    return str(job["id"])


async def edited(client: httpx.AsyncClient, draft_id: str, *edits: dict[str, Any], **more: Any) -> httpx.Response:
    return await client.post(
        "/v1/jobs", json={"from": {"job": draft_id, "concept": "1-0", "edits": list(edits)}, **more}
    )


async def test_it_is_a_draft_in_its_own_colours_on_its_own_surface(client: httpx.AsyncClient, draft_id: str) -> None:
    answer = await edited(client, draft_id, RECOLOUR, {"kind": "turn", "quarters": 1})
    assert answer.status_code == 202
    brief = answer.json()["brief"]
    assert (brief["kind"], brief["palette"], brief["prompt"]) == ("draft", ["RH31", "RH30"], DRAFT["prompt"])
    assert brief["surface"] == {"width_m": 4, "height_m": 6, "outline": None}
    assert brief["from"]["edits"] == [RECOLOUR | {"at": None}, {"kind": "turn", "quarters": 1}]


async def test_it_can_be_painted_immediately(client: httpx.AsyncClient, draft_id: str) -> None:
    answer = await edited(client, draft_id, RECOLOUR, kind="painted", count=2)
    assert (answer.json()["brief"]["kind"], answer.json()["brief"]["count"]) == ("painted", 2)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"concept": "9-9"}, "from.concept"),
        ({"concept": "1-0", "edits": [{"kind": "recolour", "colour": "RH41", "to": "RH20"}]}, "from.edits.0"),
        ({"concept": "1-0", "edits": [{"kind": "recolour", "colour": "RH20", "to": "RH99"}]}, "from.edits.0.recolour"),
        ({"concept": "1-0", "edits": [RECOLOUR] * 101}, "from.edits"),
        ({"edits": [RECOLOUR]}, "from"),
        ({"concept": "1-0", "directions": [0]}, "from"),
    ],
)
async def test_what_cannot_be_edited_names_its_field(
    client: httpx.AsyncClient, draft_id: str, wanted: dict[str, Any], field: str
) -> None:
    answer = await client.post("/v1/jobs", json={"from": {"job": draft_id, **wanted}})
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_the_outline_is_mirrored_and_turned_with_the_surface(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    surface = {"outline": {"outer": [[0, 0], [6, 0], [6, 2], [3, 2], [3, 4], [0, 4]]}}
    job = (await client.post("/v1/jobs", json={**DRAFT, "surface": surface})).json()
    await gateway.finish_draft(job["id"])
    mirrored = await edited(
        client, job["id"], {"kind": "mirror", "swap": "left_right"}, {"kind": "turn", "quarters": 1}
    )
    assert mirrored.json()["brief"]["surface"] == {
        "width_m": 4,
        "height_m": 6,
        "outline": {"outer": [[4, 6], [4, 0], [2, 0], [2, 3], [0, 3], [0, 6]], "holes": []},
    }
    painted = await client.post("/v1/jobs", json={"from": {"job": job["id"]}, "count": 2})
    assert painted.json()["brief"]["surface"] == job["brief"]["surface"]
