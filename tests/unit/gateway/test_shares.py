"""Read-only links: what they show, to whom, for how long, and what they never do."""

from datetime import timedelta
from http.cookies import SimpleCookie

import httpx
import pytest
from structlog.testing import capture_logs

from studio_chassis.persistence.access import AuditFilter
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

BRIEF = {"prompt": "ocean energy with fish", "count": 2, "metadata": {"order": "internal-7"}}
OURS = {"Origin": "http://studio"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Shared:
    """A finished job of ada's, and a link to it."""

    def __init__(self, gateway: GatewayInMemory, key: str, job_id: str, link: dict[str, str]) -> None:
        self.gateway = gateway
        self.key = key
        self.job_id = job_id
        self.path = f"/v1/jobs/{job_id}"
        self.link = link
        self.token = link["url"].partition("#share=")[2]

    async def open(self, client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"{self.path}/shares/open", json={"token": self.token}, headers=OURS)


@pytest.fixture
async def shared(gateway_with: OpenGateway) -> Shared:
    gateway = await gateway_with(access="keys")
    key = await gateway.key("ada")
    async with gateway.client(headers=bearer(key)) as client:
        job_id = (await client.post("/v1/jobs", json=BRIEF)).json()["id"]
        await gateway.finish(job_id)
        response = await client.post(f"/v1/jobs/{job_id}/shares", json={"days": 2})
    assert response.status_code == 201, response.text
    return Shared(gateway, key, job_id, response.json())


async def test_a_link_shows_one_job_with_its_pictures_bundle_and_progress_and_no_more(shared: Shared) -> None:
    async with shared.gateway.client(headers=bearer(shared.key)) as owner:
        other = (await owner.post("/v1/jobs", json=BRIEF)).headers["location"]
        assert (await owner.get(shared.path)).json()["metadata"] == BRIEF["metadata"]
    async with shared.gateway.client() as client:
        assert (await client.get(shared.path)).status_code == 401
        opened = await shared.open(client)
        assert (opened.status_code, opened.content) == (204, b"")
        job = (await client.get(shared.path)).json()
        assert (job["status"], job["metadata"], job["callback"]) == ("completed", {}, None)
        picture = job["concepts"][0]["pictures"]["quantized"]["url"]
        for path in (picture, f"{shared.path}/bundle.zip", f"{shared.path}/events"):
            response = await client.get(path)
            assert (response.status_code, b"internal-7" in response.content) == (200, False), path
        tagged = await client.get(shared.path, headers={"If-None-Match": f'"{job["version"]}"'})
        assert tagged.status_code == 304
        assert (await client.get(other)).status_code == 401
        assert (await client.get("/v1/jobs")).status_code == 401


async def test_a_link_changes_nothing_and_makes_nothing(shared: Shared) -> None:
    stranger = await shared.gateway.key("bea")
    before = dict(shared.gateway.database.jobs)
    async with shared.gateway.client() as client:
        await shared.open(client)
        for path, body in (
            (f"{shared.path}/cancel", {}),
            (f"{shared.path}/shares", {"days": 1}),
            ("/v1/jobs", {"from": {"job": shared.job_id}}),
        ):
            assert (await client.post(path, json=body, headers=OURS)).status_code in (401, 403), path
        cookie = {"Cookie": f"studio_share={shared.token}"}
        for path, body in ((f"{shared.path}/cancel", {}), (f"{shared.path}/shares", {"days": 1})):
            response = await client.post(path, json=body, headers=bearer(stranger) | cookie)
            assert response.status_code == 404, "the stranger's own key may cancel, but not this job"
        response = await client.post(
            "/v1/jobs", json={"from": {"job": shared.job_id}}, headers=bearer(stranger) | cookie
        )
        assert response.status_code == 422
        assert (await client.get(shared.path, headers=bearer(stranger) | cookie)).status_code == 200
        listed = await client.get("/v1/jobs", headers=bearer(stranger) | cookie)
        assert listed.json()["jobs"] == []
    assert shared.gateway.database.jobs == before


async def test_a_link_ends_by_time_and_by_revoking_also_for_who_opened_it_before(shared: Shared) -> None:
    async with shared.gateway.client() as client, shared.gateway.client(headers=bearer(shared.key)) as owner:
        await shared.open(client)
        assert (await client.get(shared.path)).status_code == 200
        (listed,) = (await owner.get(f"{shared.path}/shares")).json()
        assert listed == {name: value for name, value in shared.link.items() if name != "url"}
        for _ in range(2):
            assert (await owner.delete(f"{shared.path}/shares/{shared.link['id']}")).status_code == 204
        assert (await owner.delete(f"{shared.path}/shares/s0")).status_code == 404
        assert (await client.get(shared.path)).status_code == 401
        assert (await shared.open(client)).status_code == 404

        again = Shared(
            shared.gateway,
            shared.key,
            shared.job_id,
            (await owner.post(f"{shared.path}/shares", json={"days": 1})).json(),
        )
        async with shared.gateway.client() as late:
            await again.open(late)
            cookie = {"Cookie": f"studio_share={again.token}"}
            shared.gateway.now += timedelta(days=1)
            assert (await late.get(shared.path, headers=cookie)).status_code == 401
            assert (await again.open(late)).status_code == 404


async def test_the_cookie_of_a_link_is_sent_about_its_job_alone(shared: Shared) -> None:
    async with shared.gateway.client() as client:
        response = await shared.open(client)
    (cookie,) = SimpleCookie(response.headers["set-cookie"]).values()
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (shared.path, True, "strict")


async def test_no_other_token_opens_a_job_and_no_other_owner_shares_it(shared: Shared) -> None:
    stranger = await shared.gateway.key("bea")
    async with shared.gateway.client() as client:
        foreign = (await client.post("/v1/jobs", json=BRIEF, headers=bearer(stranger))).headers["location"]
        for path, token in ((foreign, shared.token), (shared.path, shared.token[:-1] + "x"), (shared.path, shared.key)):
            response = await client.post(f"{path}/shares/open", json={"token": token}, headers=OURS)
            assert (response.status_code, response.headers.get("set-cookie")) == (404, None)
        evil = await client.post(
            f"{shared.path}/shares/open", json={"token": shared.token}, headers={"Origin": "https://evil.example"}
        )
        assert evil.status_code == 403
        for method, path in (("POST", "/shares"), ("GET", "/shares"), ("DELETE", f"/shares/{shared.link['id']}")):
            body = {"days": 1} if method == "POST" else None
            response = await client.request(method, shared.path + path, json=body, headers=bearer(stranger))
            assert response.status_code == 404


async def test_sharing_is_kept_and_the_secret_is_nowhere(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys")
    key = await gateway.key("ada")
    with capture_logs() as logs:
        async with gateway.client(headers=bearer(key)) as client:
            job_id = (await client.post("/v1/jobs", json=BRIEF)).json()["id"]
            link = (await client.post(f"/v1/jobs/{job_id}/shares", json={})).json()
            await client.delete(f"/v1/jobs/{job_id}/shares/{link['id']}")
    entries = await gateway.context.store.audit(AuditFilter(target=job_id), 9)
    assert [entry.action for entry in entries] == ["share.revoked", "job.shared", "job.created"]
    token = link["url"].partition("#share=")[2]
    assert token
    assert token not in str(logs) + str(entries) + str(gateway.database.access)
