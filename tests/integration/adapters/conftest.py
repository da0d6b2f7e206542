"""Each adapter twice: the simulated one, and the real one on a server of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from studio_chassis.messaging.broker import open_broker
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.persistence.objects import ObjectStore, UrlObjectStore
from studio_chassis.persistence.store import JobStore
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.rabbit import SimulatedRabbit
from studio_chassis.testing.store import SimulatedJobStore
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_support.broker_inbox import AnyBroker, Connect

KINDS = ("simulated", "real")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def endpoints(kind: str, request: pytest.FixtureRequest) -> Iterator[Endpoints | None]:
    """Servers for the real ones; the simulated ones start none."""
    if kind == "simulated":
        yield None
        return
    infrastructure: Infrastructure = request.getfixturevalue("infrastructure")
    with infrastructure.isolated() as own:
        yield own


@pytest.fixture
async def store(endpoints: Endpoints | None) -> AsyncIterator[JobStore]:
    if endpoints is None:
        yield SimulatedJobStore()
        return
    async with open_mongo_store(endpoints.mongodb_url, endpoints.database, "test") as real:
        await real.create_indexes()
        yield real


@pytest.fixture
def objects(kind: str, tmp_path: Path) -> ObjectStore:
    return SimulatedObjectStore() if kind == "simulated" else UrlObjectStore(f"file://{tmp_path}/pictures")


@pytest.fixture
async def connect(endpoints: Endpoints | None) -> AsyncIterator[Connect]:
    """Opens connections to one server."""
    rabbit = SimulatedRabbit()
    async with AsyncExitStack() as opened:

        async def open_one() -> AnyBroker:
            if endpoints is None:
                return SimulatedBroker(rabbit)
            real = await opened.enter_async_context(open_broker(endpoints.rabbitmq_url, "test", "test"))
            await real.ready.wait()
            return real

        yield open_one


@pytest.fixture
async def broker(connect: Connect) -> AnyBroker:
    return await connect()
