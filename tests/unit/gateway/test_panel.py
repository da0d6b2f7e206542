"""The routes of the existing panel, field for field."""

import json
import math
from datetime import datetime
from typing import Any

import httpx
import pytest

from studio_domain.domain_events import CancelRequested, WorkFailed
from studio_support.gateway_in_memory import GatewayInMemory

CREATE = "/.netlify/functions/studio-inspire-create"
STATUS = "/.netlify/functions/studio-inspire-status"
ENQUEUE = "/.netlify/functions/studio-enqueue"
REQUEST: dict[str, Any] = {
    "prompt": "ocean energy with fish",
    "surface": {"width_m": 5, "height_m": 5.5},
    "paletteColors": [{"code": "RH20", "hex": "#0075BC", "name": "Standard Blue"}],
    "style": "playful",
    "count": 2,
}


async def create(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await client.post(CREATE, json=REQUEST | changes)
    assert response.status_code == 202, response.text
    return dict(response.json())


async def test_a_request_is_accepted_with_the_fields_the_panel_reads(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    response = await create(client)
    assert response.pop("message")
    job_id = response.pop("jobId")
    url = f"http://studio{STATUS}?jobId={job_id}"
    assert response == {"status": "pending", "statusUrl": url, "estimatedDuration": 18}
    brief = gateway.database.jobs[job_id].brief
    assert (brief.palette, brief.style, brief.count) == (("RH20",), "playful", 2)
    assert (brief.surface.width_m, brief.surface.height_m) == (5, 5.5)


@pytest.mark.parametrize("palette", [None, []])
async def test_no_colours_means_that_they_are_chosen(
    gateway: GatewayInMemory, client: httpx.AsyncClient, palette: Any
) -> None:
    job_id = (await create(client, paletteColors=palette))["jobId"]
    assert gateway.database.jobs[job_id].brief.palette is None


async def test_the_panel_may_send_more_than_is_read(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    assert (await create(client, sessionId="x", paletteColors=[{"code": "RH20", "lab": [1, 2, 3]}]))["jobId"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"prompt": ""}, "prompt"), ({"prompt": None}, "prompt"), ({"count": 13}, "count"), ({"style": "x"}, "style"),
        ({"surface": {"width_m": 0, "height_m": 1}}, "surface.width_m"), ({"surface": "big"}, "surface"),
        ({"paletteColors": [{"code": "RH99"}]}, "RH99"), ({"paletteColors": ["RH20"]}, "paletteColors.0"),
    ],
)  # fmt: skip
async def test_a_wrong_request_is_400_with_a_message_that_names_the_field(
    gateway: GatewayInMemory, client: httpx.AsyncClient, changes: dict[str, Any], named: str
) -> None:
    response = await client.post(CREATE, json=REQUEST | changes)
    assert (response.status_code, set(response.json())) == (400, {"error", "message"})
    assert named in response.json()["message"]
    assert response.headers["cache-control"] == "no-store"
    assert gateway.database.jobs == {}


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"", 400), (b'{"prompt": "\xff"}', 400), (b"x" * 70_000, 413)]
)
async def test_a_body_that_is_none_has_the_panel_s_shape_too(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    response = await client.post(CREATE, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, set(response.json())) == (status, {"error", "message"})


async def test_the_answer_to_a_body_without_a_json_type_names_the_one_it_needs(client: httpx.AsyncClient) -> None:
    response = await client.post(CREATE, content=json.dumps(REQUEST), headers={"Content-Type": "text/plain"})
    assert (response.status_code, set(response.json())) == (400, {"error", "message"})
    assert "Content-Type: application/json" in response.json()["message"]


async def test_a_job_under_way_has_status_and_message(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    job_id = (await create(client))["jobId"]
    seen = [(await client.get(STATUS, params={"jobId": job_id})).json()]
    await gateway.draw(job_id)
    seen.append((await client.get(STATUS, params={"jobId": job_id})).json())
    await gateway.predict(job_id, 0)
    seen.append((await client.get(STATUS, params={"jobId": job_id})).json())
    assert [response["status"] for response in seen] == ["pending", "queued", "running"]
    for response in seen:
        assert set(response) == {"jobId", "status", "message", "created_at", "updated_at"}
        assert response["message"]
        assert datetime.fromisoformat(response["created_at"]) <= datetime.fromisoformat(response["updated_at"])


async def test_a_completed_job_has_all_a_card_reads_and_pictures_under_absolute_addresses(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    job_id = (await create(client))["jobId"]
    await gateway.finish(job_id)
    response = (await client.get(STATUS, params={"jobId": job_id})).json()
    assert response["status"] == "completed"
    assert datetime.fromisoformat(response["completed_at"])
    assert response["metadata"]["count"] == 2
    assert [concept["metadata"]["index"] for concept in response["concepts"]] == [0, 1]
    for concept in response["concepts"]:
        for kind in ("thumbnailUrl", "quantizedUrl", "originalUrl"):
            assert concept[kind].startswith("http://studio/v1/jobs/")
            assert (await client.get(concept[kind])).status_code == 200
        figures = [concept["quality"][name] for name in ("score", "contrast", "balance")]
        assert all(math.isfinite(figure) and 0 <= figure <= 1 for figure in figures)
        blue = {"code": "RH20", "hex": "#0075BC", "name": "Standard Blue"}
        assert concept["paletteUsed"] == [blue, {"code": "RH31", "hex": "#E8E3D8", "name": "Cream"}]


async def test_a_failed_job_has_its_error_in_words(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    job_id = (await create(client))["jobId"]
    await gateway.apply(job_id, WorkFailed("broken", "No paint", "The pot is empty."))
    response = (await client.get(STATUS, params={"jobId": job_id})).json()
    assert (response["status"], response["error"], response["retry_count"]) == (
        "failed",
        "No paint: The pot is empty.",
        0,
    )
    assert response["completed_at"]


async def test_a_canceled_job_has_failed_as_far_as_the_panel_can_tell(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    job_id = (await create(client))["jobId"]
    await gateway.apply(job_id, CancelRequested())
    response = (await client.get(STATUS, params={"jobId": job_id})).json()
    assert (response["status"], response["error"]) == ("failed", "Your design was canceled.")


@pytest.mark.parametrize(("parameters", "status"), [({"jobId": "nobody"}, 404), ({}, 400), ({"jobId": ""}, 400)])
async def test_unknown_and_missing_ids_are_reported(
    client: httpx.AsyncClient, parameters: dict[str, str], status: int
) -> None:
    response = await client.get(STATUS, params=parameters)
    assert (response.status_code, set(response.json())) == (status, {"error", "message"})


async def test_enqueuing_is_always_fine_and_changes_nothing(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    job_id = (await create(client))["jobId"]
    for _ in range(2):
        response = await client.post(ENQUEUE, json={"job_id": job_id})
        assert (response.status_code, response.json()["ok"]) == (200, True)
        assert response.json()["note"]
        before = await gateway.jobs.load(job_id)
        await gateway.finish(job_id) if not before.is_final else None
    assert (await client.post(ENQUEUE, json={"job_id": "nobody"})).status_code == 404
    assert (await client.post(ENQUEUE, json={})).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("POST", CREATE), ("GET", STATUS), ("POST", ENQUEUE)])
async def test_an_outage_has_the_panel_s_shape(
    gateway: GatewayInMemory, client: httpx.AsyncClient, method: str, path: str
) -> None:
    gateway.wire.cut = True
    body = REQUEST | {"job_id": "x"} if method == "POST" else None
    response = await client.request(method, path, params={"jobId": "x"}, json=body)
    assert (response.status_code, set(response.json())) == (503, {"error", "message"})
