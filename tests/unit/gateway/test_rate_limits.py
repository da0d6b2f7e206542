"""How often a client may ask, how much it may have under way, and that others do not feel it."""

import asyncio
from typing import Any

import httpx
import pytest

from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

BRIEF = {"prompt": "ocean", "count": 1}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def statuses(client: httpx.AsyncClient, number: int, method: str, path: str, **options: Any) -> list[int]:
    return [(await client.request(method, path, **options)).status_code for _ in range(number)]


async def test_a_key_that_creates_too_fast_is_429_with_the_draft_s_headers(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys", creates_per_minute=3)
    ada, bob = await gateway.key("ada"), await gateway.key("bob")
    async with gateway.client() as client:
        first = await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))
        assert first.headers["ratelimit-policy"] == '"create";q=3;w=60'
        assert first.headers["ratelimit"] == '"create";r=2;t=0'
        assert await statuses(client, 2, "POST", "/v1/jobs", json=BRIEF, headers=bearer(ada)) == [202, 202]
        refused = await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert refused.json()["type"] == "urn:tpv-studio:problem:rate-limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.headers["ratelimit"] == f'"create";r=0;t={refused.headers["retry-after"]}'
        assert (await client.get("/v1/jobs", headers=bearer(ada))).status_code == 200
        assert (await client.post("/v1/jobs", json=BRIEF, headers=bearer(bob))).status_code == 202


async def test_changes_have_a_limit_of_their_own(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys", creates_per_minute=2, changes_per_minute=3)
    headers = bearer(await gateway.key("ada"))
    async with gateway.client() as client:
        job_id = (await client.post("/v1/jobs", json=BRIEF, headers=headers)).json()["id"]
        path = f"/v1/jobs/{job_id}"
        named = await client.patch(path, json={"name": "a"}, headers=headers)
        assert named.headers["ratelimit-policy"] == '"change";q=3;w=60'
        assert await statuses(client, 3, "PATCH", path, json={"notes": "b"}, headers=headers) == [200, 200, 429]
        assert await statuses(client, 1, "DELETE", path, headers=headers) == [429]
        assert await statuses(client, 2, "POST", "/v1/jobs", json=BRIEF, headers=headers) == [202, 429]
        assert (await client.get(f"{path}/shares", headers=headers)).status_code == 200


async def test_the_limit_holds_over_two_gateways(gateway_with: OpenGateway) -> None:
    limits: dict[str, Any] = {"access": "keys", "creates_per_minute": 4, "requests_per_minute": 40}
    one = await gateway_with(**limits)
    two = await gateway_with(**limits, database=one.database)
    ada = await one.key("ada")
    async with one.client() as first, two.client() as second:
        created = []
        for _ in range(4):
            for client in (first, second):
                created += await statuses(client, 1, "POST", "/v1/jobs", json=BRIEF, headers=bearer(ada))
        assert sorted(created) == [202] * 4 + [429] * 4
        read = [await statuses(client, 30, "GET", "/v1/jobs", headers=bearer(ada)) for client in (first, second)]
        assert 20 < sum(status == 200 for found in read for status in found) <= 42


async def test_strangers_are_counted_by_address_and_may_do_a_tenth(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="anonymous", creates_per_minute=20)
    async with gateway.client() as client:
        assert await statuses(client, 3, "POST", "/v1/jobs", json=BRIEF) == [202, 202, 429]
    elsewhere = httpx.ASGITransport(gateway.app, client=("203.0.113.9", 1))
    async with gateway.client(transport=elsewhere) as client:
        assert (await client.post("/v1/jobs", json=BRIEF)).status_code == 202


async def test_a_studio_without_keys_on_a_laptop_counts_nothing(client: httpx.AsyncClient) -> None:
    assert set(await statuses(client, 60, "POST", "/v1/jobs", json=BRIEF)) == {202}
    assert "ratelimit" not in (await client.get("/v1/jobs")).headers


async def test_a_request_for_what_has_not_changed_costs_one_token(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys")
    ada = await gateway.key("ada")
    async with gateway.client() as client:
        job_id = (await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))).json()["id"]
        left = []
        for _ in range(2):
            response = await client.get(f"/v1/jobs/{job_id}", headers=bearer(ada) | {"If-None-Match": '"0"'})
            left.append(int(response.headers["ratelimit"].split("r=")[1].split(";")[0]))
    assert left[0] - left[1] == 1


async def test_one_owner_s_ten_thousand_jobs_do_not_delay_another_s_one(gateway_with: OpenGateway) -> None:
    """Refused jobs do not wait in a queue: at most the limit of one owner's jobs do."""
    gateway = await gateway_with(
        access="keys", creates_per_minute=10**6, open_jobs=20, day_cents=10**6, key_day_cents=10**6
    )
    ada, bob = await gateway.key("ada"), await gateway.key("bob")
    async with gateway.client() as client:
        found = await statuses(client, 100, "POST", "/v1/jobs", json=BRIEF, headers=bearer(ada))
        assert found == [202] * 20 + [429] * 80
        assert (await client.post("/v1/jobs", json=BRIEF, headers=bearer(bob))).status_code == 202
        waiting = [event.subject for event in gateway.published if event.type == "studio.job.created.v1"]
        assert len(waiting) <= 21
        await gateway.fail(waiting[0])
        assert (await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))).status_code == 202
        again = await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))
        assert (again.status_code, again.json()["type"]) == (429, "urn:tpv-studio:problem:too-many-open")
        assert again.headers["retry-after"] == "10"


async def test_event_streams_of_one_client_are_capped_and_their_places_given_back(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys", streams=5, streams_per_client=3)
    ada, bob = await gateway.key("ada"), await gateway.key("bob")
    places = gateway.app.state.dependencies.streams
    jobs = {}
    async with gateway.client() as client:
        for token in (ada, bob):
            jobs[token] = (await client.post("/v1/jobs", json=BRIEF, headers=bearer(token))).json()["id"]

        def stream(token: str) -> Any:
            return asyncio.create_task(client.get(f"/v1/jobs/{jobs[token]}/events", headers=bearer(token)))

        streams = [stream(ada) for _ in range(3)]
        await gateway.until(lambda: places.free == 2)
        refused = await stream(ada)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:tpv-studio:problem:too-many-streams")
        streams += [stream(bob), stream(bob)]
        await gateway.until(lambda: places.free == 0)
        assert (await stream(bob)).status_code == 429
        assert (await client.get("/v1/jobs", headers=bearer(bob))).status_code == 200
        streams[0].cancel()
        await gateway.fail(jobs[ada])
        await gateway.fail(jobs[bob])
        assert [(await one).status_code for one in streams[1:]] == [200] * 4
        assert places.free == 5


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_a_stream_that_ends_early_gives_its_place_back(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, method: str
) -> None:
    places = gateway.app.state.dependencies.streams
    free = places.free
    asked = asyncio.create_task(client.request(method, f"/v1/jobs/{job_id}/events"))
    if method == "GET":
        await gateway.until(lambda: places.free == free - 1)
        asked.cancel()
    else:
        assert (await asked).status_code == 200
    await gateway.until(lambda: places.free == free)


async def test_connections_in_use_are_capped_by_key_and_by_address(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="anonymous", connections_per_client=10)
    ada, bob = await gateway.key("ada"), await gateway.key("bob")
    elsewhere = httpx.ASGITransport(gateway.app, client=("203.0.113.9", 1))
    async with gateway.client() as client, gateway.client(transport=elsewhere) as other:
        job_id = (await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))).json()["id"]
        strangers = (await client.post("/v1/jobs", json=BRIEF)).json()["id"]
        under_way = gateway.app.state.dependencies.requests
        for path, headers in ((f"/v1/jobs/{job_id}/events", bearer(ada)), (f"/v1/jobs/{strangers}/events", {})):
            held = [asyncio.create_task(client.get(path, headers=headers)) for _ in range(10)]
            await gateway.until(lambda: under_way.free == gateway.settings.connections - 10)
            refused = await client.get("/v1/usage", headers=headers)
            assert (refused.status_code, refused.json()["type"]) == (429, "urn:tpv-studio:problem:too-many-connections")
            assert (await client.get("/v1/jobs", headers=bearer(bob))).status_code == 200
            assert (await other.get(f"/v1/jobs/{strangers}")).status_code == 200
            await gateway.fail(job_id if headers else strangers)
            assert {(await one).status_code for one in held} == {200}
            assert under_way.free == gateway.settings.connections
