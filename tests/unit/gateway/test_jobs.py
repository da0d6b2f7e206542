"""Creating, reading, listing and cancelling jobs."""

import asyncio
from typing import Any

import httpx
import pytest

from studio_chassis.persistence.store import JobVersion
from studio_domain.domain_events import RescueRequested
from studio_gateway.access.caller import Caller
from studio_support.gateway_in_memory import GatewayInMemory

BRIEF = {"prompt": "ocean energy with fish", "count": 2}


async def test_a_brief_is_accepted_stored_and_announced(gateway: GatewayInMemory, client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/jobs", json=BRIEF)
    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert response.headers["retry-after"] == "1"
    assert (job["status"], job["stage"], job["version"]) == ("pending", "stencil", 1)
    await gateway.jobs.outbox.flush()
    assert [event.type for event in gateway.published] == ["studio.job.created.v1"]
    assert (await client.get(response.headers["location"])).json() == job


async def test_a_finished_job_shows_its_concepts_best_first_and_no_key_or_provider_id(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    response = await client.get(f"/v1/jobs/{job_id}")
    job = response.json()
    assert job["status"] == "completed"
    assert sorted((concept["rank"], concept["score"]) for concept in job["concepts"]) == [(1, 0.9), (2, 0.8)]
    assert "replicate" not in response.text
    assert "concepts/0-0/original.png" not in response.text
    for concept in job["concepts"]:
        for picture in concept["pictures"].values():
            assert (await client.get(picture["url"])).status_code == 200


async def test_a_job_has_its_cost_so_far_and_its_expected_cost(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    async def cost() -> dict[str, int] | None:
        shown: dict[str, int] | None = (await client.get(f"/v1/jobs/{job_id}")).json()["cost"]
        return shown

    assert await cost() is None
    await gateway.draw(job_id)
    assert await cost() == {"delivered_cents": 0, "expected_cents": 6}
    await gateway.predict(job_id, 0)
    await client.post(f"/v1/jobs/{job_id}/cancel")
    assert await cost() == {"delivered_cents": 3, "expected_cents": 6}


async def test_a_canceled_job_stays_canceled_and_a_finished_one_finished(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    assert (await client.post(f"/v1/jobs/{job_id}/cancel")).json()["status"] == "canceled"
    again = (await client.post(f"/v1/jobs/{job_id}/cancel")).json()
    assert (again["status"], again["version"]) == ("canceled", 2)


async def test_a_client_s_trace_is_continued_and_nonsense_is_not(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    for given in (trace, "nonsense\tof any kind", f"00-{'0' * 32}-{'b' * 16}-01"):
        await client.post("/v1/jobs", json=BRIEF, headers={"traceparent": given})
    traces = [job.traceparent for job in gateway.database.jobs.values()]
    assert traces[0] == trace
    assert all(len(trace) == 55 and trace.isascii() for trace in traces)
    assert len({trace[3:35] for trace in traces}) == 3


async def test_an_unchanged_job_is_answered_304_without_being_loaded(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    first = await client.get(f"/v1/jobs/{job_id}")
    etag = first.headers["etag"]
    assert not etag.startswith("W/")
    gateway.wire.calls.clear()
    for known in (etag, f'W/{etag}, "x"', "*"):
        response = await client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": known})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)
    assert "store.load" not in gateway.wire.calls
    await gateway.draw(job_id)
    changed = await client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_running_job_says_when_to_ask_again_and_a_finished_one_does_not(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    assert (await client.get(f"/v1/jobs/{job_id}")).headers["retry-after"] == "1"
    await gateway.finish(job_id)
    assert "retry-after" not in (await client.get(f"/v1/jobs/{job_id}")).headers


async def test_concurrent_polls_cost_the_store_two_queries_and_get_the_newest_answer(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    jobs = gateway.app.state.dependencies.jobs.of(Caller.local("127.0.0.1"))
    gateway.wire.calls.clear()
    early = asyncio.gather(*(jobs.version_of(job_id) for _ in range(20)))
    await gateway.until(lambda: "store.versions" in gateway.wire.calls)  # the first question was answered just now
    await gateway.apply(job_id, RescueRequested())
    late = asyncio.gather(*(jobs.version_of(name) for name in [job_id, "nowhere"] * 10))
    assert await early == [1] * 20
    assert await late == [2, None] * 10
    assert gateway.wire.calls.count("store.versions") == 2


async def test_while_the_store_does_not_answer_every_poll_gets_503(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    headers = {"If-None-Match": '"1"'}
    gateway.wire.cut = True
    responses = await asyncio.gather(*(client.get(f"/v1/jobs/{job_id}", headers=headers) for _ in range(3)))
    assert [response.status_code for response in responses] == [503] * 3
    gateway.wire.cut = False
    assert (await client.get(f"/v1/jobs/{job_id}", headers=headers)).status_code == 304


async def test_a_job_whose_version_the_store_does_not_show_yet_is_loaded(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lagging(_: object) -> dict[str, JobVersion]:  # as just after an election
        return {}

    monkeypatch.setattr(gateway.context.store, "versions", lagging)
    response = await client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": '"1"'})
    assert (response.status_code, response.json()["id"]) == (200, job_id)


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"1"'}])
async def test_an_unknown_job_is_404(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await client.get("/v1/jobs/nobody", headers=headers)
    assert (response.status_code, response.json()["type"]) == (404, "urn:tpv-studio:problem:not-found")


async def test_the_list_is_newest_first_and_its_cursor_reaches_every_job_once(client: httpx.AsyncClient) -> None:
    made = [(await client.post("/v1/jobs", json=BRIEF)).json()["id"] for _ in range(7)]
    seen: list[str] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        parameters = {"limit": 3} | ({"cursor": page["next"]} if page["next"] else {})
        page = (await client.get("/v1/jobs", params=parameters)).json()
        seen += [job["id"] for job in page["jobs"]]
        await client.post("/v1/jobs", json=BRIEF)  # a newcomer does not shift the pages behind
    assert seen == made[::-1]


async def test_the_list_can_be_of_one_status_and_shows_the_best_picture(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    first, second = [(await client.post("/v1/jobs", json=BRIEF)).json()["id"] for _ in range(2)]
    await gateway.finish(first)
    (done,) = (await client.get("/v1/jobs?status=completed")).json()["jobs"]
    (waiting,) = (await client.get("/v1/jobs?status=pending")).json()["jobs"]
    assert (done["id"], waiting["id"]) == (first, second)
    assert "/concepts/1-0/thumbnail?v=" in done["picture"]["url"]
    assert waiting["picture"] is None


@pytest.mark.parametrize(
    ("parameters", "field", "allowed"),
    [
        ({"limit": 0}, "limit", ["1 to 100"]),
        ({"limit": 101}, "limit", ["1 to 100"]),
        ({"status": "done"}, "status", ["pending", "queued", "running", "completed", "failed", "canceled"]),
        ({"cursor": "nonsense"}, "cursor", None),
        ({"cursor": "ÿ"}, "cursor", None),
        ({"cursor": "MjAyNi0wMy0wMVQxMjowMDowMCB4"}, "cursor", None),  # a time without an offset
    ],
)
async def test_a_wrong_page_is_refused_by_field(
    client: httpx.AsyncClient, parameters: dict[str, Any], field: str, allowed: list[str] | None
) -> None:
    response = await client.get("/v1/jobs", params=parameters)
    (problem,) = response.json()["errors"]
    assert (response.status_code, problem["field"], problem.get("allowed")) == (422, field, allowed)


async def test_the_palette_has_all_colours_in_display_order(client: httpx.AsyncClient) -> None:
    colours = (await client.get("/v1/palette")).json()
    assert len(colours) == 21
    assert colours[0] == {"code": "RH30", "name": "Beige", "hex": "#E4C4AA"}


async def test_a_list_is_filtered_by_kind_words_and_time(client: httpx.AsyncClient) -> None:
    frogs = (await client.post("/v1/jobs", json={"prompt": "Frogs in a pond"})).json()
    draft = (await client.post("/v1/jobs", json={"prompt": "a pond", "kind": "draft"})).json()

    async def found(**filters: str) -> list[str]:
        answer = await client.get("/v1/jobs", params=filters)
        assert answer.status_code == 200, answer.text
        return [job["id"] for job in answer.json()["jobs"]]

    assert await found(text="POND") == [draft["id"], frogs["id"]]
    assert await found(text="pond frogs") == [frogs["id"]]
    assert await found(kind="draft") == [draft["id"]]
    assert await found(since=draft["created_at"]) == [draft["id"]]
    assert await found(before=draft["created_at"]) == [frogs["id"]]


@pytest.mark.parametrize(
    "filters",
    [
        {"text": "a\x00b"},
        {"text": "x" * 201},
        {"kind": "oil"},
        {"since": "9999-12-31T23:59:59-23:59"},
        {"before": "now"},
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(client: httpx.AsyncClient, filters: dict[str, str]) -> None:
    answer = await client.get("/v1/jobs", params=filters)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in filters
