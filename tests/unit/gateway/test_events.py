"""A job's timeline as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from studio_chassis.errors import Unavailable
from studio_domain.domain_events import CancelRequested
from studio_gateway.access.job_subscriptions import JobSubscriptions
from studio_gateway.access.key_ring import REMEMBERED
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(id, data) of every event."""
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [(block["id"], json.loads(block["data"])) for block in blocks if "data" in block]


async def test_a_finished_job_gives_its_whole_timeline_and_closes(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    response = await client.get(f"/v1/jobs/{job_id}/events")
    timeline = (await client.get(f"/v1/jobs/{job_id}")).json()["timeline"]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    got = events(response.text)
    assert [number for number, _ in got] == [str(index) for index in range(len(timeline))]
    assert [{name: data[name] for name in timeline[0]} for _, data in got] == timeline
    assert got[-1][1]["event"] == "job.completed"
    assert got[-1][1]["status"] == "completed"


async def test_events_come_as_they_happen_each_once_and_the_stream_ends_with_the_job(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    gateway.subscriptions._round_seconds = 0.0
    follower = asyncio.ensure_future(client.get(f"/v1/jobs/{job_id}/events"))
    await gateway.finish(job_id)
    got = events((await follower).text)
    timeline = (await gateway.jobs.load(job_id)).timeline
    assert [data["event"] for _, data in got] == [entry.event for entry in timeline]
    assert [number for number, _ in got] == [str(index) for index in range(len(timeline))]


async def test_a_stream_resumes_behind_the_last_event_seen(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    whole = events((await client.get(f"/v1/jobs/{job_id}/events")).text)
    rest = events((await client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": "2"})).text)
    assert rest == whole[3:]


@pytest.mark.parametrize("given", ["x", "9" * 5000, "-1", "٣", "1.5", ""])
async def test_a_last_event_id_that_is_none_of_ours_gives_the_whole_timeline(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, given: str
) -> None:
    await gateway.finish(job_id)
    whole = events((await client.get(f"/v1/jobs/{job_id}/events")).text)
    response = await client.get(f"/v1/jobs/{job_id}/events", headers={b"Last-Event-ID": given.encode()})
    assert (response.status_code, events(response.text)) == (200, whole)


async def test_a_client_that_has_seen_all_of_an_ended_job_is_answered_204(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    last = str(len((await gateway.jobs.load(job_id)).timeline) - 1)
    assert (await client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": last})).status_code == 204


async def test_an_unknown_job_has_no_events(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/jobs/nobody/events")).status_code == 404


async def test_a_stopping_service_ends_its_streams(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    follower = asyncio.ensure_future(client.get(f"/v1/jobs/{job_id}/events"))
    await gateway.until(lambda: bool(gateway.subscriptions._watched))
    gateway.health.stopping = True
    response = await asyncio.wait_for(follower, 60)
    assert [data["event"] for _, data in events(response.text)] == ["job.created"]
    late = await asyncio.wait_for(client.get(f"/v1/jobs/{job_id}/events"), 60)
    assert late.status_code == 200


async def _versions_seen(stream: AsyncIterator[Any]) -> list[int]:
    return [job.version async for job in stream if job is not None]


@pytest.fixture
async def watching(gateway: GatewayInMemory) -> AsyncIterator[JobSubscriptions]:
    """A watch without pauses."""
    watch = JobSubscriptions(gateway.context.store, round_seconds=0.0, heartbeat_seconds=0.01)
    running = asyncio.ensure_future(watch.run())
    yield watch
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_ten_watchers_cost_one_watch_of_the_store(
    gateway: GatewayInMemory, watching: JobSubscriptions, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await gateway.jobs.load(job_id)
    followers = [asyncio.ensure_future(_versions_seen(watching.follow(job))) for _ in range(10)]
    gateway.wire.calls.clear()
    asked: list[Any] = []
    versions = gateway.context.store.versions

    async def counted(job_ids: Any) -> Any:
        asked.append(list(job_ids))
        return await versions(job_ids)

    monkeypatch.setattr(gateway.context.store, "versions", counted)
    await gateway.until(lambda: len(asked) >= 3)
    assert gateway.wire.calls.count("store.load") == 0
    assert all(question == [job_id] for question in asked)
    await gateway.jobs.apply(job_id, CancelRequested())
    loads_of_the_writer = 1
    assert await asyncio.gather(*followers) == [[1, 2]] * 10
    assert gateway.wire.calls.count("store.load") == loads_of_the_writer + 1


async def test_without_subscribers_the_store_is_not_queried(
    gateway: GatewayInMemory, watching: JobSubscriptions, job_id: str
) -> None:
    job = await gateway.jobs.load(job_id)
    stream = watching.follow(job)
    await anext(stream)
    await stream.aclose()
    gateway.wire.calls.clear()
    for _ in range(20):
        await asyncio.sleep(0)
    assert gateway.wire.calls.count("store.versions") <= 1  # the round that was under way


async def test_a_job_where_nothing_happens_gives_heartbeats(
    gateway: GatewayInMemory, watching: JobSubscriptions, job_id: str
) -> None:
    stream = watching.follow(await gateway.jobs.load(job_id))
    assert (await anext(stream)) is not None
    assert [await anext(stream), await anext(stream)] == [None, None]
    await stream.aclose()


async def test_an_outage_of_the_store_does_not_end_the_subscription(
    gateway: GatewayInMemory, watching: JobSubscriptions, job_id: str
) -> None:
    follower = asyncio.ensure_future(_versions_seen(watching.follow(await gateway.jobs.load(job_id))))
    gateway.wire.cut = True
    gateway.wire.calls.clear()
    await gateway.until(lambda: gateway.wire.calls.count("store.versions") >= 2)
    with pytest.raises(Unavailable):
        await gateway.jobs.load(job_id)
    gateway.wire.cut = False
    await gateway.finish(job_id)
    assert (await follower)[-1] == (await gateway.jobs.load(job_id)).version


async def ends(gateway: GatewayInMemory, following: asyncio.Task[httpx.Response]) -> list[str]:
    """The stream ends by itself; the events it gave."""
    await gateway.until(lambda: following.done() or gateway.subscriptions._watched == {})
    return [data["event"] for _, data in events((await asyncio.wait_for(following, 10)).text)]


async def followed(gateway: GatewayInMemory, client: httpx.AsyncClient, path: str, **options: Any) -> Any:
    following = asyncio.ensure_future(client.get(path, **options))
    await gateway.until(lambda: bool(gateway.subscriptions._watched))
    return following


@pytest.mark.parametrize("how", ["key", "session", "link"])
async def test_a_stream_ends_soon_after_its_key_session_or_link(gateway_with: OpenGateway, how: str) -> None:
    gateway = await gateway_with(access="keys")
    gateway.subscriptions._heartbeat_seconds = 0.001
    token = await gateway.key("ada")
    key_headers, page = {"Authorization": f"Bearer {token}"}, {"Origin": "http://studio"}
    async with gateway.client() as client, gateway.client() as owner:
        job_id = (await owner.post("/v1/jobs", json={"prompt": "a pond"}, headers=key_headers)).json()["id"]
        path = f"/v1/jobs/{job_id}/events"
        headers: dict[str, str] = {}
        if how == "key":
            headers = key_headers
        elif how == "session":
            await client.post("/v1/session", json={"key": token}, headers=page)
        else:
            made = await owner.post(f"/v1/jobs/{job_id}/shares", json={"days": 1}, headers=key_headers)
            secret = made.json()["url"].partition("#share=")[2]
            await client.post(f"/v1/jobs/{job_id}/shares/open", json={"token": secret}, headers=page)
        following = await followed(gateway, client, path, headers=headers)
        kept = await followed(gateway, owner, path, headers=key_headers | {"X-Request-ID": "kept"})
        assert not following.done()
        if how == "key":
            await gateway.context.store.revoke_key(f"k{token[-6:]}", gateway.now)
        elif how == "session":
            await client.delete("/v1/session", headers=page)
        else:
            await owner.delete(f"/v1/jobs/{job_id}/shares/{made.json()['id']}", headers=key_headers)
        gateway.now += REMEMBERED
        assert await ends(gateway, following) == ["job.created"]
        assert (await client.get(path, headers=headers)).status_code == 401
        if how != "key":
            assert not kept.done(), "another's stream goes on"
            await gateway.fail(job_id)
        await asyncio.wait_for(kept, 10)


async def test_a_stream_goes_on_while_the_database_does_not_answer(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys")
    gateway.subscriptions._heartbeat_seconds = 0.001
    headers = {"Authorization": f"Bearer {await gateway.key('ada')}"}
    async with gateway.client() as client:
        job_id = (await client.post("/v1/jobs", json={"prompt": "a pond"}, headers=headers)).json()["id"]
        following = await followed(gateway, client, f"/v1/jobs/{job_id}/events", headers=headers)
        gateway.wire.cut = True
        gateway.now += REMEMBERED
        await gateway.until(lambda: "store.key" in gateway.wire.calls[-3:])
        gateway.wire.cut = False
        assert not following.done()
        await gateway.fail(job_id)
        assert (await asyncio.wait_for(following, 10)).text.count("heartbeat") >= 1
