"""Wrong keys: an address that sends many is no longer heard, and who has a key that is known is."""

from datetime import timedelta

import httpx
import pytest

from studio_chassis.persistence.access import AuditFilter
from studio_chassis.runtime.api_tokens import new_token
from studio_gateway.access.caller import network_of
from studio_gateway.access.failed_checks import ENDED, TRIES
from studio_gateway.access.key_ring import SESSION_PREFIX, SHARE_PREFIX
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

OURS = {"Origin": "http://studio"}
MANY = TRIES.burst + 5


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def from_address(gateway: GatewayInMemory, address: str) -> httpx.AsyncClient:
    return gateway.client(transport=httpx.ASGITransport(gateway.app, client=(address, 1)))


@pytest.fixture
async def keyed(gateway_with: OpenGateway) -> GatewayInMemory:
    return await gateway_with(access="keys")


async def test_many_wrong_keys_close_their_address_for_a_minute(keyed: GatewayInMemory) -> None:
    known, new = await keyed.key("ada"), await keyed.key("bob")
    async with from_address(keyed, "203.0.113.9") as client, from_address(keyed, "203.0.113.10") as elsewhere:
        assert (await client.get("/v1/jobs", headers=bearer(known))).status_code == 200
        found = [(await client.get("/v1/jobs", headers=bearer(new_token()))).status_code for _ in range(MANY)]
        assert found == [401] * (TRIES.burst + 1) + [429] * 4
        keyed.wire.calls.clear()
        refused = await client.get("/v1/jobs", headers=bearer(new))
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:tpv-studio:problem:too-many-failures")
        assert 50 <= int(refused.headers["retry-after"]) <= 60
        assert keyed.wire.calls == [], "a flood costs the database nothing"
        assert (await client.get("/v1/jobs", headers=bearer(known))).status_code == 200, "a key in use goes on"
        assert (await elsewhere.get("/v1/jobs", headers=bearer(new))).status_code == 200
        keyed.now += timedelta(minutes=2)
        assert (await client.get("/v1/jobs", headers=bearer(new))).status_code == 200
    entries = await keyed.context.store.audit(AuditFilter(action="sign-in.refused"), 99)
    assert [(entry.target, entry.address) for entry in entries] == [("203.0.113.9", "203.0.113.9")]


async def test_signing_in_and_opening_links_are_counted_alike(keyed: GatewayInMemory) -> None:
    token = await keyed.key("ada")
    async with keyed.client() as client:
        for _ in range(TRIES.burst // 2 + 1):
            assert (await client.post("/v1/session", json={"key": new_token()}, headers=OURS)).status_code == 401
            body = {"token": new_token(SHARE_PREFIX)}
            await client.post("/v1/jobs/nowhere/shares/open", json=body, headers=OURS)
        assert (await client.post("/v1/session", json={"key": token}, headers=OURS)).status_code == 429
        assert (await client.post("/v1/jobs/nowhere/shares/open", json=body, headers=OURS)).status_code == 429


async def test_the_tries_of_an_address_are_those_of_all_gateways(gateway_with: OpenGateway) -> None:
    one = await gateway_with(access="keys")
    two = await gateway_with(access="keys", database=one.database)
    async with one.client() as first, two.client() as second:
        found = []
        for _ in range(TRIES.burst):
            for client in (first, second):
                found.append((await client.get("/v1/jobs", headers=bearer(new_token()))).status_code)
    assert found.count(401) <= TRIES.burst + 2


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
    ],
)
def test_an_ipv6_client_is_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_a_flood_of_ended_sessions_costs_no_look_ups_and_closes_no_sign_in(keyed: GatewayInMemory) -> None:
    key = await keyed.key("ada")
    async with from_address(keyed, "203.0.113.9") as client, from_address(keyed, "203.0.113.9") as designer:
        assert (await designer.post("/v1/session", json={"key": key}, headers=OURS)).status_code == 200
        assert (await designer.get("/v1/jobs")).status_code == 200
        found = [await asked_with(client, new_token(SESSION_PREFIX)) for _ in range(ENDED.burst * 2)]
        assert ENDED.burst < found.count(401) < ENDED.burst * 1.2, "the clock goes on between two requests"
        assert found == sorted(found)
        keyed.wire.calls.clear()
        assert await asked_with(client, new_token(SESSION_PREFIX)) == 429
        assert (await client.get("/v1/session", headers=cookie("studio_session", SESSION_PREFIX))).status_code == 429
        assert (await client.get("/v1/jobs", headers=cookie("studio_share", SHARE_PREFIX))).status_code == 429
        assert keyed.wire.calls == [], "a flood costs the database nothing"
        assert (await designer.get("/v1/jobs")).status_code == 200, "a session in use goes on"
        assert (await client.get("/v1/jobs", headers=bearer(key))).status_code == 200, "nor does a key feel it"
        assert (await client.post("/v1/session", json={"key": key}, headers=OURS)).status_code == 200


async def test_an_ended_session_is_looked_up_once_a_minute(keyed: GatewayInMemory) -> None:
    token = new_token(SESSION_PREFIX)
    async with keyed.client() as client:
        assert await asked_with(client, token) == 401
        keyed.wire.calls.clear()
        assert [await asked_with(client, token) for _ in range(ENDED.burst * 2)] == [401] * ENDED.burst * 2
        assert (await client.delete("/v1/session", headers=OURS | {"Cookie": f"studio_session={token}"})).is_success
        assert keyed.wire.calls == []
        keyed.now += timedelta(minutes=2)
        assert await asked_with(client, token) == 401
        assert keyed.wire.calls != []


def cookie(name: str, prefix: str) -> dict[str, str]:
    return {"Cookie": f"{name}={new_token(prefix)}"}


async def asked_with(client: httpx.AsyncClient, session: str) -> int:
    return (await client.get("/v1/jobs", headers={"Cookie": f"studio_session={session}"})).status_code
