"""Naming, sorting, marking and deleting jobs through the API."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from studio_gateway.access.authentication import SHARE_COOKIE
from studio_gateway.api.idempotency import IN_FLIGHT
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway


async def made(client: httpx.AsyncClient, **brief: Any) -> str:
    answer = await client.post("/v1/jobs", json={"prompt": "a pond", **brief})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def listed(client: httpx.AsyncClient, **filters: Any) -> list[str]:
    answer = await client.get("/v1/jobs", params=filters)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["jobs"]]


async def test_a_job_is_named_noted_and_moved_and_the_rest_stays(client: httpx.AsyncClient, job_id: str) -> None:
    answer = await client.patch(f"/v1/jobs/{job_id}", json={"name": " Kita  Nord ", "notes": "one\ntwo"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["notes"], answer.json()["project"]) == ("Kita Nord", "one\ntwo", "")
    moved = (await client.patch(f"/v1/jobs/{job_id}", json={"project": "Schools"})).json()
    assert (moved["name"], moved["project"], moved["version"]) == ("Kita Nord", "Schools", 3)
    assert (await client.get(f"/v1/jobs/{job_id}")).json() == moved


async def test_concepts_are_marked_and_found_by_that(client: httpx.AsyncClient, gateway: GatewayInMemory) -> None:
    job_id, other = await made(client, count=2), await made(client)
    await gateway.finish(job_id)
    starred = (await client.patch(f"/v1/jobs/{job_id}", json={"favourites": {"1-0": True}})).json()
    assert {concept["id"]: concept["is_favourite"] for concept in starred["concepts"]} == {"0-0": False, "1-0": True}
    assert (await listed(client, favourite=True), await listed(client, favourite=False)) == ([job_id], [other])
    assert (await client.get("/v1/jobs")).json()["jobs"][1]["favourites"] == 1
    await client.patch(f"/v1/jobs/{job_id}", json={"favourites": {"1-0": False}})
    assert await listed(client, favourite=True) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"favourites": {"7-7": True}}, "favourites.7-7"),
        ({"name": "x" * 101}, "name"),
        ({"status": "completed"}, "status"),
        ({"notes": "a\u0000b"}, "notes"),
        ({"favourites": {"0-0": "perhaps"}}, "favourites.0-0"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused_by_field(
    client: httpx.AsyncClient, job_id: str, change: dict[str, Any], field: str
) -> None:
    answer = await client.patch(f"/v1/jobs/{job_id}", json=change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await client.get(f"/v1/jobs/{job_id}")).json()["version"] == 1


async def test_a_list_is_searched_by_name_and_filtered_by_project_and_metadata(client: httpx.AsyncClient) -> None:
    first = await made(client, name="Kita Nord", project="Schools", metadata={"order": "2026-114", "a.b": "x:y"})
    second = await made(client, project="Parks", metadata={"order": "2026-115"})
    third = await made(client)
    assert await listed(client, text="kita pond") == [first]
    assert (await listed(client, project="Schools"), await listed(client, project="")) == ([first], [third])
    assert await listed(client, metadata="order:2026-115") == [second]
    assert await listed(client, metadata=["order:2026-114", "a.b:x:y"]) == [first]
    assert await listed(client, metadata=["order:2026-114", "a.b:x"]) == []
    assert await listed(client, sort="oldest") == [first, second, third]
    page = (await client.get("/v1/jobs", params={"sort": "oldest", "limit": 2})).json()
    assert await listed(client, sort="oldest", cursor=page["next"]) == [third]
    assert (await client.get("/v1/jobs", params={"metadata": "no pair"})).status_code == 422


async def test_jobs_are_counted_by_status_whichever_is_asked_for(client: httpx.AsyncClient) -> None:
    ended, _ = await made(client, project="Schools"), await made(client, project="Schools")
    await made(client)
    await client.post(f"/v1/jobs/{ended}/cancel")
    page = (await client.get("/v1/jobs", params={"counts": True, "project": "Schools", "status": "canceled"})).json()
    assert ([job["id"] for job in page["jobs"]], page["counts"]) == ([ended], {"pending": 1, "canceled": 1})
    assert (await client.get("/v1/jobs")).json()["counts"] is None


async def test_projects_have_counts_and_end_with_their_last_job(client: httpx.AsyncClient) -> None:
    ids = [await made(client, project=name) for name in ("Schools", "Parks", "Schools", "")]
    projects = (await client.get("/v1/projects")).json()["projects"]
    assert [(project["name"], project["jobs"]) for project in projects] == [("Parks", 1), ("Schools", 2)]
    await client.patch(f"/v1/jobs/{ids[1]}", json={"project": ""})
    assert [project["name"] for project in (await client.get("/v1/projects")).json()["projects"]] == ["Schools"]


async def test_a_job_under_way_is_not_deleted(client: httpx.AsyncClient, job_id: str) -> None:
    answer = await client.delete(f"/v1/jobs/{job_id}")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:tpv-studio:problem:not-ended")
    assert (await client.get(f"/v1/jobs/{job_id}")).status_code == 200


async def test_a_deleted_job_is_gone_for_its_owner_its_lists_and_its_keys(
    client: httpx.AsyncClient, gateway: GatewayInMemory
) -> None:
    brief, key = {"prompt": "a pond", "count": 2, "project": "Schools"}, {"Idempotency-Key": "once"}
    job_id = (await client.post("/v1/jobs", json=brief, headers=key)).json()["id"]
    await gateway.finish(job_id)
    view = await client.get(f"/v1/jobs/{job_id}")
    picture = view.json()["concepts"][0]["pictures"]["quantized"]["url"]
    assert (await client.delete(f"/v1/jobs/{job_id}")).status_code == 204
    for path in (f"/v1/jobs/{job_id}", picture, f"/v1/jobs/{job_id}/events", f"/v1/jobs/{job_id}/bundle"):
        assert (await client.get(path)).status_code == 404, path
    polled = await client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": view.headers["etag"]})
    assert polled.status_code == 404
    assert await listed(client) == []
    assert (await client.get("/v1/jobs", params={"counts": True})).json()["counts"] == {}
    assert (await client.get("/v1/projects")).json()["projects"] == []
    assert (await client.patch(f"/v1/jobs/{job_id}", json={"name": "x"})).status_code == 404
    assert (await client.delete(f"/v1/jobs/{job_id}")).status_code == 404
    gateway.now += IN_FLIGHT
    repeated = await client.post("/v1/jobs", json=brief, headers=key)
    assert (repeated.status_code, repeated.json()["type"]) == (409, "urn:tpv-studio:problem:deleted")
    source = await client.post("/v1/jobs", json={"from": {"job": job_id, "directions": [0]}})
    assert (source.status_code, source.json()["errors"][0]["field"]) == (422, "from.job")


async def test_its_links_end_with_a_deleted_job_and_never_showed_its_notes(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys")
    key = {"Authorization": f"Bearer {await gateway.key('ada')}"}
    async with gateway.client() as owner, gateway.client() as guest:
        new = {"prompt": "a pond", "count": 2, "name": "Kita", "project": "Schools"}
        job_id = (await owner.post("/v1/jobs", json=new, headers=key)).json()["id"]
        await owner.patch(f"/v1/jobs/{job_id}", json={"notes": "too dear"}, headers=key)
        await gateway.finish(job_id)
        link = (await owner.post(f"/v1/jobs/{job_id}/shares", json={}, headers=key)).json()
        secret = {"token": link["url"].partition("#share=")[2]}
        same_origin = {"Origin": "http://studio", "Sec-Fetch-Site": "same-origin"}
        opened = await guest.post(f"/v1/jobs/{job_id}/shares/open", json=secret, headers=same_origin)
        assert opened.status_code == 204, opened.text
        cookie = {"Cookie": f"{SHARE_COOKIE}={secret['token']}"}
        seen = (await guest.get(f"/v1/jobs/{job_id}", headers=cookie)).json()
        assert (seen["name"], seen["notes"], seen["project"]) == ("Kita", "", "")
        assert (await guest.patch(f"/v1/jobs/{job_id}", json={"name": "x"}, headers=cookie)).status_code in (401, 403)
        assert (await owner.delete(f"/v1/jobs/{job_id}", headers=key)).status_code == 204
        assert (await guest.get(f"/v1/jobs/{job_id}", headers=cookie)).status_code in (401, 404)
        again = await guest.post(f"/v1/jobs/{job_id}/shares/open", json=secret, headers=same_origin)
        assert again.status_code == 404
    kept = [(entry.action, entry.target) for entry in gateway.database.access.audit]
    assert ("job.deleted", job_id) in kept
    expires_at = gateway.database.jobs[job_id].expires_at
    assert expires_at is not None
    assert expires_at <= gateway.now + timedelta(hours=1)
