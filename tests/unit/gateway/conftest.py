"""The gateway in this process, for each test a new one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway, open_gateway


@pytest.fixture
async def gateway_with() -> AsyncIterator[OpenGateway]:
    """Opens gateways with the settings given; they close with the test."""
    async with AsyncExitStack() as stack:

        async def opened(**settings: Any) -> GatewayInMemory:
            return await stack.enter_async_context(open_gateway(GatewayInMemory(**settings)))

        yield opened


@pytest.fixture
async def gateway(gateway_with: OpenGateway) -> GatewayInMemory:
    return await gateway_with()


@pytest.fixture
async def client(gateway: GatewayInMemory) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client() as client:
        yield client


@pytest.fixture
async def job_id(client: httpx.AsyncClient) -> str:
    """A job just accepted."""
    return str((await client.post("/v1/jobs", json={"prompt": "ocean energy with fish", "count": 2})).json()["id"])
