"""The provider's webhooks: who is believed, what is refused, and that nothing ends in a 500."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from structlog.testing import capture_logs

from studio_chassis.errors import Unavailable
from studio_chassis.replicate.webhook_url import token_is_valid, webhook_url
from studio_chassis.testing.store import SimulatedJobStore
from studio_domain.prediction import PredictionStatus
from studio_gateway.dependencies import MAX_UNVERIFIED_BODIES
from studio_gateway.settings import GatewaySettings
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

SECRET = "a secret of sixteen or more"
KEY = base64.b64encode(b"the provider's key, 32 bytes long").decode()
PREDICTION = {"id": "p0", "status": "processing", "output": None, "input": {"prompt": "ocean"}, "logs": "…"}
BODY = json.dumps(PREDICTION).encode()


@pytest.fixture
async def drawn(gateway: GatewayInMemory, job_id: str) -> str:
    """A job whose first slot waits for the provider's word."""
    await gateway.draw(job_id)
    return job_id


def refusals(check: str) -> float:
    """How many webhooks were refused so far, by the metrics."""
    return REGISTRY.get_sample_value("studio_webhooks_total", {"result": f"refused: wrong {check}"}) or 0.0


def address(job_id: str, slot: int = 0, attempt: int = 1) -> str:
    return webhook_url("http://studio", job_id, slot, attempt, SECRET)


def token_of(url: str) -> str:
    return url.split("/")[-4]


def with_token(url: str, token: str) -> str:
    return url.replace(token_of(url), quote(token, safe=""))


def old_address(job_id: str) -> str:
    """As addresses were until the token became a part of the path."""
    return f"http://studio/v1/webhooks/replicate/{job_id}/0/1?token={token_of(address(job_id))}"


def signature(body: bytes = BODY, *, key: str = KEY, at: float | None = None, message_id: str = "msg_1") -> str:
    timestamp = str(int(time.time() if at is None else at))
    signed = hmac.digest(base64.b64decode(key), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def headers(signatures: str | None = None, *, at: float | None = None, body: bytes = BODY) -> dict[str, str]:
    timestamp = time.time() if at is None else at
    given = signature(body, at=timestamp) if signatures is None else signatures
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(timestamp)), "webhook-signature": given}


async def test_a_webhook_with_its_token_is_recorded_and_announced(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    response = await client.post(address(drawn), content=BODY)
    assert (response.status_code, response.content) == (204, b"")
    await gateway.jobs.flush_publishing()
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


@pytest.mark.parametrize(
    ("made_with", "previous", "status"),
    [
        ("the old secret of many letters", "the old secret of many letters", 204),
        (SECRET, "the old secret of many letters", 204),
        ("the old secret of many letters", None, 401),
        ("a secret that never was one", "the old secret of many letters", 401),
    ],
)
async def test_the_previous_secret_s_tokens_are_taken_as_long_as_it_is_set(
    gateway_with: OpenGateway, made_with: str, previous: str | None, status: int
) -> None:
    gateway = await gateway_with(replicate_webhook_secret_previous=previous)
    async with gateway.client() as client:
        job_id = (await client.post("/v1/jobs", json={"prompt": "ocean", "count": 2})).json()["id"]
        with capture_logs() as logs:
            response = await client.post(webhook_url("http://studio", job_id, 0, 1, made_with), content=BODY)
    assert response.status_code == status
    assert made_with not in str(logs)
    assert "many letters" not in repr(gateway.settings)


async def test_every_secret_is_compared_whichever_fits(
    gateway_with: OpenGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await gateway_with(replicate_webhook_secret_previous="the old secret of many letters")
    compared: list[str] = []

    def counted(*given: Any) -> bool:
        compared.append(given[-1])
        return token_is_valid(*given)

    monkeypatch.setattr("studio_gateway.api.webhook_verification.token_is_valid", counted)
    async with gateway.client() as client:
        for made_with in (SECRET, "the old secret of many letters", "a secret that never was one"):
            compared.clear()
            await client.post(webhook_url("http://studio", "nobody", 0, 1, made_with), content=BODY)
            assert compared == [SECRET, "the old secret of many letters"]


def test_an_empty_previous_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="at least 16"):
        GatewaySettings(
            rabbitmq_url="amqp://x",
            mongodb_url="mongodb://x",
            object_store_url="file:///x",
            replicate_webhook_secret=SECRET,
            replicate_webhook_secret_previous="",
        )


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


@pytest.mark.parametrize("prefix", ["", "whsec_"])
@pytest.mark.parametrize(
    ("signatures", "age", "accepted"),
    [
        ("{good}", 0, True),
        ("{wrong} {good}", 0, True),
        ("{good} {wrong}", 0, True),
        ("v2,abc {good}", 0, True),
        ("nonsense v1 v1,a,b v1,ü, , {good}", 0, True),
        ("{good}", 290, True),
        ("{good}", 310, False),
        ("{good}", -310, False),
        ("{wrong}", 0, False),
        ("", 0, False),
        ("nonsense", 0, False),
        ("v1,", 0, False),
        ("v1,%%%", 0, False),
        ("v1,AAAA", 0, False),
        ("v1a,{bare}", 0, False),
        ("{bare}", 0, False),
    ],
)
async def test_signature_vectors(
    gateway_with: OpenGateway, prefix: str, signatures: str, age: int, accepted: bool
) -> None:
    gateway = await gateway_with(replicate_webhook_signing_key=prefix + KEY)
    at = time.time() - age
    good = signature(at=at)
    wrong = signature(at=at, key=base64.b64encode(b"another key").decode())
    given = signatures.format(good=good, wrong=wrong, bare=good.removeprefix("v1,"))
    async with gateway.client() as client:
        job_id = (await client.post("/v1/jobs", json={"prompt": "ocean", "count": 2})).json()["id"]
        sent = {name.encode(): value.encode() for name, value in headers(given, at=at).items()}
        response = await client.post(address(job_id), content=BODY, headers=sent)
    assert response.status_code == (204 if accepted else 401), response.text


@pytest.fixture
async def signed(gateway_with: OpenGateway) -> Any:
    """A gateway that knows the provider's key."""
    return await gateway_with(replicate_webhook_signing_key=f"whsec_{KEY}")


async def _send(gateway: GatewayInMemory, sent: dict[str, str], body: bytes = BODY) -> int:
    async with gateway.client() as client:
        job_id = (await client.post("/v1/jobs", json={"prompt": "ocean", "count": 2})).json()["id"]
        return int((await client.post(address(job_id), content=body, headers=sent)).status_code)


async def test_a_tampered_body_is_refused(signed: Any) -> None:
    assert await _send(signed, headers(), BODY.replace(b"processing", b"succeeded ")) == 401


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_missing_header_is_refused(signed: Any, missing: str) -> None:
    assert await _send(signed, {name: value for name, value in headers().items() if name != missing}) == 401


@pytest.mark.parametrize("timestamp", ["", "soon", "nan", "inf", "-1", "1e99", "9" * 400])
async def test_a_timestamp_that_is_none_is_refused(signed: Any, timestamp: str) -> None:
    assert await _send(signed, headers() | {"webhook-timestamp": timestamp}) == 401


async def test_a_body_that_is_not_text_is_refused(signed: Any) -> None:
    body = b"\xff\xfe\x00{"
    assert await _send(signed, headers(body=body), body) == 401


async def test_a_signature_does_not_replace_the_token(signed: Any) -> None:
    async with signed.client() as client:
        job_id = (await client.post("/v1/jobs", json={"prompt": "ocean"})).json()["id"]
        response = await client.post(with_token(address(job_id), "x"), content=BODY, headers=headers())
    assert response.status_code == 401


async def test_report_mode_accepts_and_logs_what_it_would_refuse(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(replicate_webhook_signing_key=KEY, webhook_signatures="report")
    with capture_logs() as logs:
        assert await _send(gateway, headers("v1,nonsense")) == 204
    assert "webhook would be refused" in [line["event"] for line in logs]


async def test_the_old_callback_route_finds_the_slot_by_the_prediction(
    gateway: GatewayInMemory, client: httpx.AsyncClient, drawn: str
) -> None:
    await gateway.predict(drawn, 0, PredictionStatus.PROCESSING)
    token = token_of(address(drawn))
    callback = "/.netlify/functions/replicate-callback"
    before = (await gateway.jobs.load(drawn)).version
    body = json.dumps(PREDICTION | {"id": gateway.prediction_id(drawn, 0)})
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
