"""The provider's client on a transport that answers as a test says."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import (
    ProviderError,
)

TOKEN = "r8_very_secret"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
STARTING = {"id": "p1", "status": "starting"}


def client(handler: Any, base: str = "https://api.replicate.com/v1") -> ReplicateClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return ReplicateClient(http, base, SecretStr(TOKEN), now=lambda: NOW)


def answering(status: int, **response: Any) -> ReplicateClient:
    return client(lambda request: httpx.Response(status, **response))


def failing(error: Exception) -> ReplicateClient:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return client(fail)


async def failure(provider: ReplicateClient) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await provider.create("v", {})
    return caught.value
