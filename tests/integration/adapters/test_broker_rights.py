"""Each service with a broker user of its own: it does its work, and nothing that is another's."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import httpx
import pytest
from aiormq.exceptions import ChannelAccessRefused

from studio_chassis.messaging.broker import Broker, open_broker
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.dispositions import Reject, Retry
from studio_contracts import topology
from studio_contracts.broker_rights import permissions
from studio_contracts.events import Event
from studio_contracts.services import SERVICES
from studio_contracts.topology import QUEUES, Queue
from studio_local.infrastructure import Infrastructure
from studio_support.event_examples import EXAMPLES, example_event

PATIENCE_SECONDS = 120


@pytest.fixture
def urls(infrastructure: Infrastructure) -> Iterator[dict[str, str]]:
    """The broker's URL for each service, with users that have the rights of `permissions` and no more."""
    management = infrastructure.management
    with (
        infrastructure.isolated() as endpoints,
        httpx.Client(
            base_url=f"{management.url}/api/", auth=(management.user, management.password), trust_env=False
        ) as api,
    ):
        parts, found = urlsplit(endpoints.rabbitmq_url), {}
        for name, rights in permissions().items():
            user, password = f"{name}-{secrets.token_hex(4)}", secrets.token_hex(8)
            api.put(f"users/{user}", json={"password": password, "tags": ""}).raise_for_status()
            api.put(f"permissions/{parts.path[1:]}/{user}", json=rights).raise_for_status()
            host = f"{user}:{password}@{parts.hostname}:{parts.port}"
            found[name.removeprefix("studio-")] = urlunsplit(parts._replace(netloc=host))
        yield found
        for url in found.values():
            api.delete(f"users/{urlsplit(url).username}").raise_for_status()


@pytest.fixture(params=[1, 3])
def partitions(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
async def brokers(urls: dict[str, str], partitions: int) -> AsyncIterator[dict[str, Broker]]:
    """A connection of every service, opened at the same time, as at a first deployment."""
    async with AsyncExitStack() as stack:
        opened = {
            name: await stack.enter_async_context(open_broker(url, name, "test", partitions))
            for name, url in urls.items()
        }
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(broker.ready.wait() for broker in opened.values()))
        yield opened


async def test_every_service_consumes_retries_and_dead_letters_with_its_own_rights(brokers: dict[str, Broker]) -> None:
    handled: dict[str, list[str]] = {queue.name: [] for queue in QUEUES}
    reported: list[str] = []
    all_dead = asyncio.Event()

    def handler(queue: Queue) -> Callable[[Event], Awaitable[None]]:
        async def handle(event: Event) -> None:
            handled[queue.name].append(event.type)
            if len(handled[queue.name]) == 1:
                raise Retry("once more")
            raise Reject("no use")

        return handle

    async def dead_lettered(_: Event, queue: Queue) -> None:
        reported.append(queue.name)
        if len(reported) == len(QUEUES):
            all_dead.set()

    consumers = [
        Consumer(brokers[service.name], queue, handler(queue), dead_lettered)
        for service in SERVICES.values()
        for queue in service.queues
    ]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(consumer.start() for consumer in consumers))
    taken = {queue.types[0]: queue.name for queue in QUEUES}
    for payload in EXAMPLES:
        if payload.type in taken:
            await brokers["gateway"].publish(example_event(payload))

    await asyncio.wait_for(all_dead.wait(), PATIENCE_SECONDS)
    assert sorted(reported) == sorted(queue.name for queue in QUEUES)
    assert all(len(types) == 2 for types in handled.values())
    async with brokers["reconciler"].dead_letters(topology.STENCIL_JOB_CREATED) as dead_letters:
        assert await dead_letters.next() is not None, "the reconciler looks into all dead letters"
    assert await brokers["predictor"].ready_count(topology.POSTPROCESS_PREDICTION_SUCCEEDED) == 0
    await asyncio.gather(*(consumer.drain(5) for consumer in consumers))


@pytest.mark.parametrize("name", SERVICES)
async def test_no_service_reads_purges_or_deletes_another_s_queue(
    brokers: dict[str, Broker], urls: dict[str, str], name: str, partitions: int
) -> None:
    others = [part for queue in QUEUES if queue not in SERVICES[name].queues for part in queue.parts(partitions)]
    connection = await aio_pika.connect(urls[name])
    async with connection:
        for queue in others:
            for forbidden in ("get", "purge", "delete"):
                channel = await connection.channel()
                foreign = await channel.get_queue(queue, ensure=False)
                with pytest.raises(ChannelAccessRefused):
                    await getattr(foreign, forbidden)()


async def test_only_the_keeper_changes_what_all_share(brokers: dict[str, Broker], urls: dict[str, str]) -> None:
    for name in ("gateway", "stencil", "predictor", "postprocess"):
        async with await aio_pika.connect(urls[name]) as connection:
            channel = await connection.channel()
            with pytest.raises(ChannelAccessRefused):
                await channel.exchange_delete(topology.EXCHANGE)
            channel = await connection.channel()
            waiting = await channel.get_queue(topology.retry_exchange(topology.RETRY_DELAYS[-1]), ensure=False)
            with pytest.raises(ChannelAccessRefused):
                await waiting.get(fail=False)


async def test_a_copy_of_the_definitions_brings_a_lost_user_and_its_rights_back(
    urls: dict[str, str], infrastructure: Infrastructure
) -> None:
    management = infrastructure.management
    user = urlsplit(urls["stencil"]).username
    async with httpx.AsyncClient(
        base_url=f"{management.url}/api/", auth=(management.user, management.password), trust_env=False
    ) as api:
        copy = (await api.get("definitions")).raise_for_status().content
        rights = (await api.get(f"users/{user}/permissions")).raise_for_status().json()
        (await api.delete(f"users/{user}")).raise_for_status()
        with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
            await aio_pika.connect(urls["stencil"])
        headers = {"Content-Type": "application/json"}
        (await api.post("definitions", content=copy, headers=headers)).raise_for_status()
        async with await aio_pika.connect(urls["stencil"]):
            assert (await api.get(f"users/{user}/permissions")).json() == rights
