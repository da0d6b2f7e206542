"""Keys: who is allowed what, and that the jobs of others do not exist."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError
from structlog.testing import capture_logs

from studio_chassis.persistence.documents import to_document
from studio_chassis.runtime.api_tokens import is_well_formed, new_token
from studio_contracts.access import LOCAL_OWNER
from studio_gateway.access.key_ring import LAST_USED_PRECISION, REMEMBERED
from studio_gateway.settings import GatewaySettings
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

BRIEF = {"prompt": "ocean energy with fish", "count": 2}
PANEL = "/.netlify/functions"
OPEN_TO_ALL = {
    "/v1/palette", "/v1/options", "/v1/session", "/v1/jobs/{job_id}/shares/open", "/", "/jobs", "/jobs/{job_id}",
    "/static/{name}", "/docs", "/docs/console", "/docs/events", "/asyncapi.json",
    "/openapi.json", "/v1/webhooks/replicate/{token}/{job_id}/{slot}/{attempt}",
    "/v1/webhooks/replicate/{job_id}/{slot}/{attempt}", f"{PANEL}/replicate-callback",
}  # fmt: skip
"""Paths that need no key: what is the same for everybody, and what is signed."""


@pytest.fixture
async def keyed(gateway_with: OpenGateway) -> GatewayInMemory:
    """A gateway that wants keys."""
    return await gateway_with(access="keys")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def finished_job(gateway: GatewayInMemory, client: httpx.AsyncClient, token: str) -> str:
    job_id = str((await client.post("/v1/jobs", json=BRIEF, headers=bearer(token))).json()["id"])
    await gateway.finish(job_id)
    return job_id


def closed_routes(gateway: GatewayInMemory) -> list[APIRoute]:
    return [route for route in gateway.app.routes if isinstance(route, APIRoute) and route.path not in OPEN_TO_ALL]


async def call(client: httpx.AsyncClient, route: APIRoute, job_id: str, headers: dict[str, str]) -> httpx.Response:
    """The route as its clients call it, about that job."""
    values = {"job_id": job_id, "number": "0", "concept_id": "0-0", "kind": "quantized", "link_id": "s1"}
    method = sorted(route.methods or {"GET"})[0]
    body: dict[str, Any] = {"job_id": job_id} if route.path.endswith("studio-enqueue") else BRIEF
    if method == "PATCH":
        body = {"notes": "of a stranger"}
    if route.path.endswith("/shares"):
        body = {"days": 1}
    parameters = {"jobId": job_id} if route.path.endswith("studio-inspire-status") else None
    path = route.path.format(**{name: values[name] for name in values if f"{{{name}}}" in route.path})
    return await client.request(
        method, path, json=None if method == "GET" else body, params=parameters, headers=headers
    )


def names_a_job(route: APIRoute) -> bool:
    return "{job_id}" in route.path or route.path.endswith(("studio-enqueue", "studio-inspire-status"))


async def test_without_a_valid_key_every_route_is_401_and_says_how_to_identify(keyed: GatewayInMemory) -> None:
    expired = await keyed.key("ada", expires_at=keyed.now)
    async with keyed.client() as client:
        for route in closed_routes(keyed):
            keyed.now += timedelta(minutes=1)  # wrong keys are limited by the minute
            for headers in (
                {}, bearer(new_token()), bearer(expired), bearer("tpvs_"), bearer("ü"), {"Authorization": "Basic YTpi"},
            ):  # fmt: skip
                sent = {name: value.encode("utf-8") for name, value in headers.items()}
                response = await call(client, route, "any", sent)  # type: ignore[arg-type]
                assert response.status_code == 401, (route.path, headers)
                assert response.headers["www-authenticate"].startswith("Bearer")
                assert response.headers["cache-control"] == "no-store"
    assert not keyed.database.jobs


async def test_a_key_without_the_scope_is_403_on_every_route(keyed: GatewayInMemory) -> None:
    mighty, weak = await keyed.key("ada"), await keyed.key("ada", "ops")
    async with keyed.client() as client:
        job_id = await finished_job(keyed, client, mighty)
        before = dict(keyed.database.jobs)
        for route in closed_routes(keyed):
            response = await call(client, route, job_id, bearer(weak))
            assert response.status_code == 403, route.path
            assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
            assert (await call(client, route, job_id, bearer(weak) | {"If-None-Match": "*"})).status_code == 403
    assert keyed.database.jobs == before


async def test_another_owner_s_job_is_answered_on_every_route_as_one_that_does_not_exist(
    keyed: GatewayInMemory,
) -> None:
    owner, other = await keyed.key("ada"), await keyed.key("bea")
    async with keyed.client() as client:
        job_id = await finished_job(keyed, client, owner)
        etag = (await client.get(f"/v1/jobs/{job_id}", headers=bearer(owner))).headers["etag"]
        routes = [route for route in closed_routes(keyed) if names_a_job(route)]
        assert len(routes) >= 8
        for route in sorted(routes, key=lambda route: "DELETE" in (route.methods or ())):  # the owner deletes it last
            before = dict(keyed.database.jobs)
            foreign, missing = [await call(client, route, name, bearer(other)) for name in (job_id, "nowhere")]
            assert (foreign.status_code, foreign.content) == (404, missing.content), route.path
            conditional = await call(client, route, job_id, bearer(other) | {"If-None-Match": etag})
            assert conditional.status_code == 404, route.path
            assert keyed.database.jobs == before, route.path
            if "{link_id}" not in route.path:
                assert (await call(client, route, job_id, bearer(owner))).is_success, route.path


async def test_a_list_holds_the_owner_s_jobs_alone_whichever_of_its_keys_asks(keyed: GatewayInMemory) -> None:
    first, second, other = await keyed.key("ada"), await keyed.key("ada"), await keyed.key("bea")
    async with keyed.client() as client:
        for token in (first, other, second):
            brief = BRIEF | {"project": f"of {token}"}
            assert (await client.post("/v1/jobs", json=brief, headers=bearer(token))).status_code == 202
        lists = {
            token: (await client.get("/v1/jobs", params={"counts": "true"}, headers=bearer(token))).json()
            for token in (first, second, other)
        }
        projects = (await client.get("/v1/projects", headers=bearer(first))).json()["projects"]
    assert lists[first] == lists[second]
    assert [len(lists[token]["jobs"]) for token in (first, other)] == [2, 1]
    assert [lists[token]["counts"] for token in (first, other)] == [{"pending": 2}, {"pending": 1}]
    assert {project["name"] for project in projects} == {f"of {first}", f"of {second}"}
    assert {job.owner for job in keyed.database.jobs.values()} == {"ada", "bea"}
    assert {job.key_id for job in keyed.database.jobs.values()} == {
        f"k{token[-6:]}" for token in (first, second, other)
    }


async def test_an_idempotency_key_that_another_owner_guesses_gives_its_own_job(keyed: GatewayInMemory) -> None:
    owner, other = await keyed.key("ada"), await keyed.key("bea")
    async with keyed.client() as client:
        answers = [
            await client.post("/v1/jobs", json=brief, headers=bearer(token) | {"Idempotency-Key": "guess"})
            for token, brief in ((owner, BRIEF), (other, BRIEF), (other, {"prompt": "a pond"}), (owner, BRIEF))
        ]
    assert [answer.status_code for answer in answers] == [202, 202, 422, 202]
    assert answers[0].json()["id"] == answers[3].json()["id"] != answers[1].json()["id"]


async def test_another_owner_s_directions_are_not_painted(keyed: GatewayInMemory) -> None:
    owner, other = await keyed.key("ada"), await keyed.key("bea")
    async with keyed.client() as client:
        job_id = await finished_job(keyed, client, owner)
        bodies = [
            (await client.post("/v1/jobs", json={"from": {"job": name}}, headers=bearer(other))).text.replace(name, "")
            for name in (job_id, "nowhere")
        ]
    assert bodies[0] == bodies[1]
    assert "unknown" in bodies[0] or "no job" in bodies[0]


async def test_a_revoked_key_opens_nothing_after_a_few_seconds_and_another_still_does(keyed: GatewayInMemory) -> None:
    old, new = await keyed.key("ada"), await keyed.key("ada")
    async with keyed.client() as client:
        assert (await client.get("/v1/jobs", headers=bearer(old))).status_code == 200
        await keyed.context.store.revoke_key(f"k{old[-6:]}", keyed.now)
        keyed.now += REMEMBERED
        answers = [await client.get("/v1/jobs", headers=bearer(token)) for token in (old, new)]
    assert [answer.status_code for answer in answers] == [401, 200]


async def test_a_key_expires_also_while_it_is_remembered(keyed: GatewayInMemory) -> None:
    token = await keyed.key("ada", expires_at=keyed.now + timedelta(seconds=2))
    async with keyed.client() as client:
        assert (await client.get("/v1/jobs", headers=bearer(token))).status_code == 200
        keyed.now += timedelta(seconds=2)
        assert (await client.get("/v1/jobs", headers=bearer(token))).status_code == 401


async def test_the_last_use_is_written_rarely_and_the_key_is_looked_up_rarely(keyed: GatewayInMemory) -> None:
    token = await keyed.key("ada")
    async with keyed.client() as client:
        keyed.wire.calls.clear()
        for _ in range(10):
            await client.get("/v1/jobs", headers=bearer(token))
        (key,) = await keyed.context.store.keys()
        assert keyed.wire.calls.count("store.key") == 3, "one look-up, one use, and the question of this test"
        keyed.now += LAST_USED_PRECISION
        await client.get("/v1/jobs", headers=bearer(token))
        (later,) = await keyed.context.store.keys()
    assert key.last_used_at is not None
    assert later.last_used_at is not None
    assert later.last_used_at - key.last_used_at >= LAST_USED_PRECISION


async def test_no_log_line_holds_a_key(keyed: GatewayInMemory) -> None:
    token, unknown = await keyed.key("ada"), new_token()
    with capture_logs() as logs:
        async with keyed.client() as client:
            for each in (token, unknown):
                await client.post("/v1/jobs", json=BRIEF, headers=bearer(each))
    assert logs
    assert token not in str(logs)
    assert unknown not in str(logs)


async def test_strangers_create_and_read_what_they_know_of_where_access_is_anonymous(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="anonymous")
    token = await gateway.key("ada")
    async with gateway.client() as client:
        made = await client.post("/v1/jobs", json=BRIEF)
        owned = (await client.post("/v1/jobs", json=BRIEF, headers=bearer(token))).json()["id"]
        path = made.headers["location"]
        assert (made.status_code, (await client.get(path)).status_code) == (202, 200)
        assert (await client.post(f"{path}/cancel")).status_code == 403
        assert (await client.get(f"/v1/jobs/{owned}")).status_code == 404
        assert (await client.get(path, headers=bearer(new_token()))).status_code == 401, "a wrong key is no stranger"
        listed = await client.get("/v1/jobs")
    assert listed.status_code == 403


async def test_without_keys_a_job_belongs_to_the_local_owner_whose_name_is_not_stored(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    job = await gateway.jobs.load(job_id)
    assert (job.owner, job.key_id) == (LOCAL_OWNER, "")
    assert "owner" not in to_document(job), "a release without owners must read it"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "studio.example"])
def test_a_gateway_without_keys_refuses_to_listen_where_others_reach_it(host: str) -> None:
    known = {"rabbitmq_url": "amqp://x", "mongodb_url": "mongodb://x", "object_store_url": "file:///x"}
    with pytest.raises(ValidationError, match=f"STUDIO_HTTP_HOST={host} .*`studio keys create`"):
        GatewaySettings(**known, replicate_webhook_secret="x" * 16, access="local", http_host=host)  # type: ignore[arg-type]
    assert GatewaySettings(**known, replicate_webhook_secret="x" * 16, http_host=host).access == "keys"  # type: ignore[arg-type]


def test_a_token_is_random_recognisable_and_checked_before_it_is_looked_up() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert token.startswith("tpvs_")
        assert is_well_formed(token)
        other = "a" if token[10] != "a" else "b"
        assert not is_well_formed(token[:10] + other + token[11:])
        assert not is_well_formed(token[:-1])
