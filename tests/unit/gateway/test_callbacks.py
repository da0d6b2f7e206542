"""A client that asks to be called: what is taken, what is refused, and what it sees of the calls."""

from typing import Any

import httpx
import pytest

from studio_contracts.events import CallbackRequested
from studio_domain.domain_events import CallbackAttempted
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

URL = "https://client.example/hook?token=secret"
WANTED = {"prompt": "ocean", "count": 2, "callback_url": URL, "metadata": {"order": "66"}}
KEY = {"Idempotency-Key": "order-66"}


@pytest.fixture
async def gateway(gateway_with: OpenGateway) -> GatewayInMemory:
    """One that has its clients called."""
    return await gateway_with(callbacks="public")


async def test_the_job_keeps_whom_to_call_and_gives_the_metadata_back(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    stages = {"callback_events": ["job.postprocess", "job.prediction"]}
    accepted = (await client.post("/v1/jobs", json=WANTED | stages)).json()
    assert accepted["metadata"] == {"order": "66"}
    assert accepted["callback"] == {"events": ["job.postprocess", "job.prediction"], "calls": []}
    job = gateway.database.jobs[accepted["id"]]
    assert job.callback is not None
    assert job.callback.url == URL
    assert "callback" not in job.brief.model_dump_json()
    assert "secret" not in str(accepted), "the address may hold a secret of the client"


async def test_the_client_sees_its_calls(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    job_id = (await client.post("/v1/jobs", json=WANTED)).json()["id"]
    await gateway.finish(job_id)
    (event,) = [event for event in gateway.published if isinstance(event.payload, CallbackRequested)]
    (call,) = (await client.get(f"/v1/jobs/{job_id}")).json()["callback"]["calls"]
    assert (call["type"], call["state"], call["attempts"], call["reason"]) == ("job.completed", "open", 0, None)
    assert call["due_at"] is not None

    before = await client.get(f"/v1/jobs/{job_id}")
    await gateway.jobs.apply(job_id, CallbackAttempted(event.data["call"], "answered 410", is_permanent=True))
    after = await client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": before.headers["etag"]})
    (call,) = after.json()["callback"]["calls"]
    assert (call["state"], call["reason"], call["due_at"]) == ("failed", "answered 410", None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"callback_url": "http://client.example/"}, "callback_url"),
        ({"callback_url": "https://10.0.0.1/"}, "callback_url"),
        ({"callback_url": "https://client.example/" + "x" * 2000}, "callback_url"),
        ({"callback_url": None, "callback_events": ["job.prediction"]}, "callback_events"),
        ({"callback_events": ["job.completed"]}, "callback_events.0"),
        ({"metadata": {"k": "x" * 501}}, "metadata.k"),
        ({"metadata": {f"k{n}": "" for n in range(21)}}, "metadata"),
        ({"metadata": {f"k{n}": "x" * 200 for n in range(11)}}, "metadata"),
    ],
)
async def test_what_cannot_be_called_or_kept_is_refused_by_field(
    gateway: GatewayInMemory, client: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    response = await client.post("/v1/jobs", json=WANTED | wrong)
    assert response.status_code == 422
    assert [problem["field"] for problem in response.json()["errors"]] == [field]
    assert gateway.database.jobs == {}


async def test_a_studio_without_callbacks_refuses_a_callback_url(gateway_with: OpenGateway) -> None:
    async with (await gateway_with()).client() as client:
        response = await client.post("/v1/jobs", json=WANTED)
        assert response.status_code == 422
        assert "calls no clients" in response.json()["errors"][0]["detail"]
        assert (await client.post("/v1/jobs", json=WANTED | {"callback_url": None})).status_code == 202


async def test_a_client_without_a_key_cannot_ask_for_callbacks(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(callbacks="public", access="anonymous")
    async with gateway.client() as client:
        response = await client.post("/v1/jobs", json=WANTED)
    assert response.status_code == 422
    assert "API key" in response.json()["errors"][0]["detail"]
    assert gateway.database.jobs == {}


async def test_a_key_stands_for_the_request_with_its_callback_and_metadata(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    first = await client.post("/v1/jobs", json=WANTED, headers=KEY)
    await gateway.finish(first.json()["id"])
    again = await client.post("/v1/jobs", json=WANTED, headers=KEY)
    assert (again.status_code, again.json()) == (202, first.json())
    others: tuple[dict[str, Any], ...] = (
        {"metadata": {"order": "67"}},
        {"callback_url": "https://other.example/"},
        {"metadata": {}},
    )
    for other in others:
        response = await client.post("/v1/jobs", json=WANTED | other, headers=KEY)
        assert response.json()["type"] == "urn:tpv-studio:problem:key-reused"


async def test_painting_a_draft_does_not_call_the_draft_s_client(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    draft = (await client.post("/v1/jobs", json=WANTED | {"kind": "draft"})).json()["id"]
    await gateway.finish_draft(draft)
    painted = (await client.post("/v1/jobs", json={"from": {"job": draft}, "metadata": {"order": "67"}})).json()
    assert (painted["callback"], painted["metadata"]) == (None, {"order": "67"})


async def test_the_description_has_every_call_with_what_is_sent(client: httpx.AsyncClient) -> None:
    api = (await client.get("/openapi.json")).json()
    assert set(api["webhooks"]) == {"job.prediction", "job.postprocess", "job.completed", "job.failed", "job.canceled"}
    for described in api["webhooks"].values():
        names = {parameter["name"] for parameter in described["post"]["parameters"]}
        assert names == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        schema = described["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/CallbackMessage"}
