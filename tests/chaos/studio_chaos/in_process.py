"""Parts of the services in this process, on the real broker and database, with a clock and a provider of ours."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.runtime.clock import Clock, utc_now
from studio_chassis.runtime.health import Health
from studio_chassis.runtime.service import ServiceContext, open_service_context
from studio_chassis.runtime.settings import ServiceSettings
from studio_gateway.app import build
from studio_gateway.settings import GatewaySettings
from studio_local.infrastructure import Endpoints

SECRET = "a secret of sixteen or more"
URL = "http://studio"


def addresses(endpoints: Endpoints) -> dict[str, Any]:
    """The settings with the addresses of the servers."""
    urls = {"rabbitmq_url": endpoints.rabbitmq_url, "mongodb_url": endpoints.mongodb_url}
    return {**urls, "database": endpoints.database, "object_store_url": "memory:///"}


@asynccontextmanager
async def service_context_on(endpoints: Endpoints, name: str, clock: Clock = utc_now) -> AsyncIterator[ServiceContext]:
    """What a service works with, connected."""
    async with open_service_context(name, ServiceSettings(**addresses(endpoints)), clock) as chassis:
        await chassis.broker.ready.wait()
        await chassis.store.create_indexes()
        yield chassis
        await chassis.jobs.outbox.flush()


@asynccontextmanager
async def gateway_on(
    chassis: ServiceContext, endpoints: Endpoints, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway's application."""
    own = {"access": "local", "trusted_hosts": "studio", "replicate_webhook_secret": SECRET, **settings}
    known = GatewaySettings(**addresses(endpoints), **own)
    async with build(chassis, known) as work:
        assert work.web is not None
        transport = httpx.ASGITransport(work.web(Health("gateway", "test", "instance-1", chassis.store.ping, [])))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            yield client


class Provider:
    """Returns the predictions in `known` and counts the requests for each."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()

    @asynccontextmanager
    async def client(self, clock: Clock = utc_now) -> AsyncIterator[ReplicateClient]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._answer)) as http:
            yield ReplicateClient(http, "http://provider/v1", SecretStr("token"), clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        prediction_id = request.url.path.rpartition("/")[2]
        self.asked[prediction_id] += 1
        return httpx.Response(200, json=self.known[prediction_id])
