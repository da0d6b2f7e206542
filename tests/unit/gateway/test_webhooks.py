"""The provider's webhooks: who is believed, what is refused, and that nothing ends in a 500."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from studio_chassis.errors import Unavailable
from studio_chassis.testing.store import SimulatedJobStore
from studio_domain.prediction import PredictionStatus
from studio_gateway.dependencies import MAX_UNVERIFIED_BODIES
from studio_support.gateway_in_memory import GatewayInMemory
from studio_support.signed_webhooks import BODY, PREDICTION, address, token_of, with_token


@pytest.fixture
async def drawn(gateway: GatewayInMemory, job_id: str) -> str:
    """A job whose first slot waits for the provider's word."""
    await gateway.draw(job_id)
    return job_id


def refusals(check: str) -> float:
    """How many webhooks were refused so far, by the metrics."""
    return REGISTRY.get_sample_value("studio_webhooks_total", {"result": f"refused: wrong {check}"}) or 0.0


def old_address(job_id: str) -> str:
    """As addresses were until the token became a part of the path."""
    return f"http://studio/v1/webhooks/replicate/{job_id}/0/1?token={token_of(address(job_id))}"


async def test_a_webhook_with_its_token_is_recorded_and_announced(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    response = await client.post(address(drawn), content=BODY)
    assert (response.status_code, response.content) == (204, b"")
    await gateway.jobs.outbox.flush()
    (event,) = [event for event in gateway.published if event.type == "studio.prediction.updated.v1"]
    assert (event.subject, event.data["slot"], event.data["prediction"]["status"]) == (drawn, 0, "processing")
    assert "logs" not in event.data["prediction"]


async def test_a_late_webhook_of_a_finished_job_is_taken_and_changes_nothing(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    before = await gateway.jobs.load(job_id)
    assert (await client.post(address(job_id), content=BODY)).status_code == 204
    assert await gateway.jobs.load(job_id) == before


@pytest.mark.parametrize(
    "token", [None, "", "no-such-token", "ü", "\x00", "of another slot", "of another job", "x" * 5000]
)
@pytest.mark.parametrize("form", ["path", "query"])
async def test_a_wrong_token_is_401_and_changes_nothing(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str, token: str | None, form: str
) -> None:
    others = {"of another slot": address(drawn, slot=1), "of another job": address("other")}
    given = token_of(others[token]) if token in others else token
    if form == "path":
        url = with_token(address(drawn), given or "-")
    else:
        url = old_address(drawn).partition("?")[0] + ("" if given is None else f"?token={quote(given)}")
    before, refused_before = await gateway.jobs.load(drawn), refusals("token")
    with capture_logs() as logs:
        response = await client.post(url, content=BODY)
    assert (response.status_code, response.headers["content-type"]) == (401, "application/problem+json")
    assert await gateway.jobs.load(drawn) == before
    assert given is None or given == "" or given not in str(logs)
    assert refusals("token") == refused_before + 1


async def test_the_address_of_a_prediction_under_way_at_the_upgrade_is_taken(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    assert (await client.post(old_address(drawn), content=BODY)).status_code == 204
    assert (await gateway.jobs.load(drawn)).slot(0).webhook_received  # type: ignore[union-attr]


@pytest.mark.parametrize("url", [with_token(address("job"), "wrong"), old_address("job") + "x"])
async def test_no_byte_of_a_body_is_read_before_its_token_is_checked(client: httpx.AsyncClient, url: str) -> None:
    async def unread() -> Any:
        raise AssertionError("the body was read")
        yield b""

    response = await client.post(url, content=unread())
    assert (response.status_code, response.headers["connection"]) == (401, "close")


async def test_few_bodies_are_held_on_the_route_that_finds_its_token_behind_them(
    gateway: GatewayInMemory, client: httpx.AsyncClient
) -> None:
    callback = "/.netlify/functions/replicate-callback"
    finish = asyncio.Event()

    async def unfinished() -> Any:
        await finish.wait()
        yield BODY

    held = [
        asyncio.create_task(client.post(f"{callback}?token=x", content=unfinished()))
        for _ in range(MAX_UNVERIFIED_BODIES)
    ]
    await gateway.until(lambda: not gateway.app.state.dependencies.unverified_bodies.free)
    refused = await client.post(f"{callback}?token=x", content=BODY)
    assert (refused.status_code, refused.json()["error"]) == (503, "Too many concurrent requests")
    assert (await client.post(callback, content=unfinished())).status_code == 401
    finish.set()
    assert {(await response).status_code for response in held} == {404}
    assert (await client.post(f"{callback}?token=x", content=BODY)).status_code == 404


async def test_the_token_is_checked_before_the_body_is_parsed(client: httpx.AsyncClient, drawn: str) -> None:
    assert (await client.post(with_token(address(drawn), "x"), content=b"{")).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"\xff\xfe\x00", 400), (b"[" * 100_000, 400),
        (b'{"id": ' + b"9" * 5000 + b"}", 400), (b'{"a": "' + b"x" * 4 * 2**20 + b'"}', 413),
    ],
)  # fmt: skip
async def test_bodies_that_are_no_prediction_are_refused(
    client: httpx.AsyncClient, drawn: str, body: bytes, status: int
) -> None:
    response = await client.post(address(drawn), content=body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_a_body_in_pieces_is_counted_as_a_whole(client: httpx.AsyncClient, drawn: str) -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 2**16

    assert (await client.post(address(drawn), content=endless())).status_code == 413


@pytest.mark.parametrize(
    "prediction",
    [{}, {"id": None}, {"id": "p", "status": "dancing"}, {"id": "p", "status": "succeeded", "output": {"a": [1]}},
     {"id": "\ud800", "status": "failed", "error": {"deep": [[]]}}, {"id": "p", "metrics": {"predict_time": 1e999}}],
)  # fmt: skip
async def test_strange_predictions_are_recorded_for_the_predictor_to_judge(
    client: httpx.AsyncClient, drawn: str, prediction: dict[str, Any]
) -> None:
    assert (await client.post(address(drawn), content=json.dumps(prediction))).status_code == 204


async def test_an_unknown_job_is_404_so_that_it_is_sent_again(client: httpx.AsyncClient) -> None:
    assert (await client.post(address("nobody"), content=BODY)).status_code == 404


@pytest.mark.parametrize(("slot", "attempt"), [(7, 1), (-1, 1), (0, 99), (10**30, 1)])
async def test_an_attempt_that_is_not_there_changes_nothing(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str, slot: int, attempt: int
) -> None:
    before = await gateway.jobs.load(drawn)
    assert (await client.post(address(drawn, slot, attempt), content=BODY)).status_code == 204
    assert await gateway.jobs.load(drawn) == before


async def test_a_slot_that_is_no_number_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/webhooks/replicate/job/one/1?token=x", content=BODY)).status_code == 422


async def test_a_store_that_is_down_is_503_so_that_it_is_sent_again(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    gateway.wire.cut = True
    response = await client.post(address(drawn), content=BODY)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_the_old_callback_route_finds_the_slot_by_the_prediction(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    await gateway.predict(drawn, 0, PredictionStatus.PROCESSING)
    token = token_of(address(drawn))
    callback = "/.netlify/functions/replicate-callback"
    before = (await gateway.jobs.load(drawn)).version
    body = json.dumps(PREDICTION | {"id": gateway.prediction_id(drawn, 0), "status": "canceled"})
    responses = [
        await client.post(f"{callback}?token={token}", content=body),
        await client.post(f"{callback}?token=wrong", content=body),
        await client.post(callback, content=body),
        await client.post(f"{callback}?token={token}", json={"id": "nobody's"}),
        await client.post(f"{callback}?token={token}", content=b"{"),
    ]
    assert [response.status_code for response in responses] == [204, 401, 401, 404, 400]
    assert all(set(response.json()) == {"error", "message"} for response in responses[1:])
    assert (await gateway.jobs.load(drawn)).version == before + 1


async def test_an_equal_webhook_is_answered_and_not_kept_twice(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    for _ in range(5):
        assert (await client.post(address(drawn), content=BODY)).status_code == 204
    assert (await gateway.jobs.load(drawn)).version == 4
    assert [event.type for event in gateway.published].count("studio.prediction.updated.v1") == 1


async def test_a_webhook_that_cannot_be_kept_is_503_so_that_it_is_sent_again(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> bool:
        raise Unavailable("database: the job's document is full of events to be published")

    monkeypatch.setattr(SimulatedJobStore, "commit", full)
    response = await client.post(address(drawn), content=BODY)
    assert response.status_code == 503
