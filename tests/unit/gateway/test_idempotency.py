"""A repeated POST with the same key gives the same job."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from studio_chassis.persistence.store import IdempotencyRecord
from studio_gateway.api.idempotency import IN_FLIGHT
from studio_support.gateway_in_memory import GatewayInMemory

BRIEF = {"prompt": "ocean", "count": 2}
KEY = {"Idempotency-Key": "order-66"}


async def test_the_same_key_and_brief_give_the_same_job_and_the_same_answer(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    first = await client.post("/v1/jobs", json=BRIEF, headers=KEY)
    await gateway.finish(first.json()["id"])
    again = await client.post("/v1/jobs", json={"count": 2, "prompt": " ocean"}, headers=KEY)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(gateway.database.jobs) == 1


async def test_a_repeated_request_reads_twice_and_stores_nothing(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    await client.post("/v1/jobs", json=BRIEF, headers=KEY)
    await gateway.jobs.outbox.flush()
    gateway.wire.calls.clear()
    assert (await client.post("/v1/jobs", json=BRIEF, headers=KEY)).status_code == 202
    assert gateway.wire.calls == ["store.claim", "store.versions", "store.load"]


async def test_another_brief_under_the_same_key_is_refused_and_not_stored(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    await client.post("/v1/jobs", json=BRIEF, headers=KEY)
    response = await client.post("/v1/jobs", json=BRIEF | {"count": 3}, headers=KEY)
    assert (response.status_code, response.json()["type"]) == (422, "urn:tpv-studio:problem:key-reused")
    assert response.json()["errors"][0]["field"] == "idempotency-key"
    assert len(gateway.database.jobs) == 1


async def test_without_a_key_or_with_another_every_post_is_a_job(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    for headers in ({}, {}, KEY, {"Idempotency-Key": "order-67"}):
        await client.post("/v1/jobs", json=BRIEF, headers=headers)
    assert len(gateway.database.jobs) == 4


def _forget_the_job(gateway: GatewayInMemory) -> IdempotencyRecord:
    """As if the gateway had died between the claim and the job."""
    gateway.database.jobs.clear()
    (claim,) = gateway.database.claims.values()
    assert isinstance(claim, IdempotencyRecord)
    return claim


async def test_a_request_still_under_way_is_409(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    await client.post("/v1/jobs", json=BRIEF, headers=KEY)
    _forget_the_job(gateway)
    response = await client.post("/v1/jobs", json=BRIEF, headers=KEY)
    assert (response.status_code, response.json()["type"]) == (409, "urn:tpv-studio:problem:in-flight")
    assert response.headers["retry-after"] == "1"
    assert gateway.database.jobs == {}


async def test_a_retry_after_a_crash_makes_the_job_that_was_claimed(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    await client.post("/v1/jobs", json=BRIEF, headers=KEY)
    claim = _forget_the_job(gateway)
    gateway.now += IN_FLIGHT + timedelta(seconds=1)
    responses = await asyncio.gather(*(client.post("/v1/jobs", json=BRIEF, headers=KEY) for _ in range(5)))
    assert {(response.status_code, response.json()["id"]) for response in responses} == {(202, claim.job_id)}
    assert list(gateway.database.jobs) == [claim.job_id]


async def test_ten_concurrent_requests_make_one_job(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    responses = await asyncio.gather(*(client.post("/v1/jobs", json=BRIEF, headers=KEY) for _ in range(10)))
    assert {response.status_code for response in responses} <= {202, 409}
    assert len({response.json()["id"] for response in responses if response.status_code == 202}) == 1
    assert len(gateway.database.jobs) == 1


async def test_a_refused_brief_takes_no_key(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/jobs", json=BRIEF | {"count": 0}, headers=KEY)).status_code == 422
    assert gateway.database.claims == {}


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_an_unusable_key_is_refused_by_field(client: httpx.AsyncClient, key: str) -> None:
    response = await client.post("/v1/jobs", json=BRIEF, headers={"Idempotency-Key": key})
    (problem,) = response.json()["errors"]
    assert response.status_code == 422
    assert (problem["field"], problem["allowed"]) == ("idempotency-key", ["1 to 255 characters"])
