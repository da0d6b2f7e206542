"""The page's session: a key entered once, its cookie, where requests may come from, and the names that are answered."""

from datetime import timedelta
from http.cookies import SimpleCookie

import httpx
import pytest
from structlog.testing import capture_logs

from studio_gateway.access.key_ring import REMEMBERED
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

BRIEF = {"prompt": "ocean energy with fish", "count": 2}
SIGNING_KEY = "whsec_" + "A" * 44
OURS = {"Origin": "http://studio"}


@pytest.fixture
async def keyed(gateway_with: OpenGateway) -> GatewayInMemory:
    return await gateway_with(access="keys")


async def signed_in(client: httpx.AsyncClient, token: str) -> httpx.Response:
    response = await client.post("/v1/session", json={"key": f" {token}\n"}, headers=OURS)
    assert response.status_code == 200, response.text
    return response


async def test_a_key_entered_once_opens_everything_the_key_opens(keyed: GatewayInMemory) -> None:
    token = await keyed.key("ada")
    async with keyed.client() as client:
        assert (await client.get("/v1/session")).json() == {
            "access": "keys", "signed_in": False, "name": None, "owner": None, "scopes": [],
        }  # fmt: skip
        await signed_in(client, token)
        answer = (await client.get("/v1/session")).json()
        assert (answer["signed_in"], answer["owner"]) == (True, "ada")
        made = await client.post("/v1/jobs", json=BRIEF, headers=OURS)
        assert made.status_code == 202
        await keyed.finish(made.json()["id"])
        job = (await client.get(made.headers["location"])).json()
        picture = job["concepts"][0]["pictures"]["quantized"]["url"]
        for path in (picture, f"/v1/jobs/{job['id']}/bundle.zip", f"/v1/jobs/{job['id']}/events"):
            assert (await client.get(path)).status_code == 200, path
    assert [job.owner for job in keyed.database.jobs.values()] == ["ada"]


async def test_the_cookie_is_for_this_site_s_requests_alone_and_no_script_reads_it(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(
        access="keys",
        public_base_url="https://studio.example/concepts",
        replicate_webhook_signing_key="whsec_" + "A" * 44,
    )
    token = await gateway.key("ada")
    async with gateway.client() as client:
        response = await client.post("/v1/session", json={"key": token}, headers={"Origin": "https://studio.example"})
    (cookie,) = SimpleCookie(response.headers["set-cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "strict", True)
    assert (cookie["path"], cookie["max-age"]) == ("/concepts", "28799")
    assert token not in response.text + response.headers["set-cookie"]
    assert response.headers["cache-control"] == "no-store"
    assert cookie.value not in str(gateway.database.access.sessions), "only its hash is kept"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://studi.evil"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://studio:8081"},
        {"Origin": "http://[", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_changes_nothing_through_a_session(
    keyed: GatewayInMemory, headers: dict[str, str]
) -> None:
    token = await keyed.key("ada")
    async with keyed.client() as client:
        await signed_in(client, token)
        job = (await client.post("/v1/jobs", json=BRIEF, headers=OURS)).json()
        for path in ("/v1/jobs", f"/v1/jobs/{job['id']}/cancel"):
            response = await client.post(path, json=BRIEF, headers=headers)
            assert (response.status_code, response.json()["type"]) == (403, "urn:tpv-studio:problem:foreign-origin")
        if headers:
            assert (await client.post("/v1/session", json={"key": token}, headers=headers)).status_code == 403
    (job_kept,) = keyed.database.jobs.values()
    assert job_kept.status == "pending"


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://studio"}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://trusted.example"}]
)
async def test_the_studio_s_own_page_and_pages_named_by_setting_may_change_things(
    gateway_with: OpenGateway, headers: dict[str, str]
) -> None:
    gateway = await gateway_with(access="keys", cors_origins="https://trusted.example")
    token = await gateway.key("ada")
    async with gateway.client() as client:
        await signed_in(client, token)
        assert (await client.post("/v1/jobs", json=BRIEF, headers=headers)).status_code == 202


async def test_a_program_with_a_key_sends_no_origin_and_needs_none(keyed: GatewayInMemory) -> None:
    token = await keyed.key("ada")
    async with keyed.client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.post("/v1/jobs", json=BRIEF, headers=headers)).status_code == 202


async def test_a_session_ends_by_itself_by_signing_out_and_with_its_key(keyed: GatewayInMemory) -> None:
    token = await keyed.key("ada")
    async with keyed.client() as client:
        await signed_in(client, token)
        stolen = client.cookies["studio_session"]
        assert (await client.delete("/v1/session", headers=OURS)).status_code == 204
        assert "studio_session" not in client.cookies
    async with keyed.client(cookies={"studio_session": stolen}) as client:
        response = await client.get("/v1/jobs")
        assert (response.status_code, "session has ended" in response.json()["detail"]) == (401, True)
    for ending in ("time", "revoked", "expired"):
        key = await keyed.key("bea", **({"expires_at": keyed.now + timedelta(hours=1)} if ending == "expired" else {}))
        async with keyed.client() as client:
            await signed_in(client, key)
            assert (await client.get("/v1/jobs")).status_code == 200
            client.cookies = dict(client.cookies)  # the browser forgets it by its own clock
            if ending == "revoked":
                await keyed.context.store.revoke_key(f"k{key[-6:]}", keyed.now)
            keyed.now += {"time": timedelta(hours=8), "revoked": REMEMBERED, "expired": timedelta(hours=1)}[ending]
            assert (await client.get("/v1/jobs")).status_code == 401, ending


async def test_no_wrong_key_opens_a_session_and_no_log_names_it(keyed: GatewayInMemory) -> None:
    expired = await keyed.key("ada", expires_at=keyed.now)
    token = await keyed.key("ada")
    async with keyed.client() as client:
        with capture_logs() as logs:
            for key in ("tpvs_wrong", "ü", expired, "x" * 200):
                response = await client.post("/v1/session", json={"key": key}, headers=OURS)
                assert (response.status_code, response.headers.get("set-cookie")) == (401, None)
            await signed_in(client, token)
        assert token not in str(logs)
        assert expired not in str(logs)
        for cookie in (token, "tpvc_wrong", ""):
            assert (await client.get("/v1/jobs", headers={"Cookie": f"studio_session={cookie}"})).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[", "localhost@evil"]
)
async def test_a_studio_without_keys_answers_to_no_foreign_name(gateway: GatewayInMemory, host: str) -> None:
    async with gateway.client() as client:
        for path in ("/v1/jobs", "/", "/docs", "/v1/options"):
            response = await client.get(path, headers={"Host": host})
            assert (response.status_code, response.headers["content-type"]) == (421, "application/problem+json")
        assert (await client.post("/v1/jobs", json=BRIEF, headers={"Host": host})).status_code == 421
        assert (await client.get("/healthz", headers={"Host": host})).status_code == 200
    assert not gateway.database.jobs


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "studio"])
async def test_a_studio_without_keys_answers_to_the_loopback_s_names_and_those_of_the_setting(
    gateway: GatewayInMemory, host: str
) -> None:
    async with gateway.client() as client:
        assert (await client.get("/v1/jobs", headers={"Host": host})).status_code == 200


async def test_with_keys_the_setting_and_the_outside_address_name_the_hosts(gateway_with: OpenGateway) -> None:
    known = {"public_base_url": "https://studio.example", "replicate_webhook_signing_key": SIGNING_KEY}
    for trusted, expected in (("", {"any.example": 200}), ("a.example", {"any.example": 421, "studio.example": 200})):
        gateway = await gateway_with(access="keys", trusted_hosts=trusted, **known)
        async with gateway.client() as client:
            for host, status in expected.items():
                assert (await client.get("/v1/options", headers={"Host": host})).status_code == status


async def test_a_foreign_page_spends_nothing_through_a_studio_without_keys(gateway: GatewayInMemory) -> None:
    async with gateway.client() as client:
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await client.post("/v1/jobs", json=BRIEF, headers=headers)).status_code == 403
        assert (await client.post("/v1/jobs", json=BRIEF)).status_code == 202
    assert len(gateway.database.jobs) == 1
