"""The signature of a webhook: which are accepted, and what happens without one."""

import base64
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway
from studio_support.signed_webhooks import BODY, KEY, address, headers, signature, with_token


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
