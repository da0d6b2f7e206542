"""The secrets that calls are signed with, and how one owner's is replaced."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from studio_chassis.outbound.signatures import owner_secret
from studio_reconciler.settings import ReconcilerSettings
from studio_support.called_clients import MASTERS, Clients, FixedDatetime


async def test_one_owner_s_secret_is_replaced_without_a_gap_and_no_other_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", FixedDatetime)
    clients = Clients()
    await clients.store.rotate_callback_secret("acme", clients.now + timedelta(days=1))

    async def valid(owner: str) -> list[int]:
        """The numbers of the secrets that fit a call to the owner."""
        await clients.handle(clients.ended(f"{owner}-{len(clients.requests)}", owner=owner))
        request = clients.requests[-1]
        fitting = []
        for number in range(4):
            with suppress(WebhookVerificationError):
                Webhook(owner_secret(MASTERS[0], owner, number).get_secret_value()).verify(
                    request.content, dict(request.headers)
                )
                fitting.append(number)
        return fitting

    assert await valid("acme") == [0, 1]
    assert await valid("other") == [0]
    await clients.store.rotate_callback_secret("acme", clients.now)
    assert await valid("acme") == [2]
    assert len({owner_secret(MASTERS[0], owner, number).get_secret_value() for owner in "ab" for number in (0, 1)}) == 4


def test_calls_need_a_secret_to_be_signed_with(monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {
        "rabbitmq_url": "amqp://x",
        "mongodb_url": "mongodb://x",
        "object_store_url": "file:///x",
        "replicate_api_token": "r8_x",
        "callbacks": "public",
    }
    with pytest.raises(ValidationError, match="STUDIO_CALLBACK_SECRET"):
        ReconcilerSettings(**values)
    with pytest.raises(ValidationError, match="at least 32"):
        ReconcilerSettings(**values, callback_secret="short")
    settings = ReconcilerSettings(**values, callback_secret=MASTERS[0], callback_secret_previous=MASTERS[1])
    assert settings.callback_secrets == MASTERS
