"""The secret of webhook tokens is exchanged while predictions run."""

from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from studio_chassis.replicate.webhook_url import token_is_valid, webhook_url
from studio_gateway.settings import GatewaySettings
from studio_support.gateway_in_memory import OpenGateway
from studio_support.signed_webhooks import BODY, SECRET


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
