"""Broker and database, really started: private, on loopback, with data that lasts, and gone afterwards."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pymongo import MongoClient

from studio_local.backend import Kind
from studio_local.errors import AlreadyRunningError, StackError
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_local.processes import wait_until

LOOPBACK = {"0100007F", "00000000000000000000000001000000"}  # 127.0.0.1 and ::1 as the kernel writes them
HOLD = """
import sys, threading
from pathlib import Path
from studio_local.infrastructure import Infrastructure
with Infrastructure(Path(sys.argv[1])) as running:
    print(running.rabbitmq_url, running.mongodb_url, flush=True)
    threading.Event().wait()
"""
Pids = Callable[[set[int]], set[int]]
Sockets = Callable[[set[int]], set[tuple[str, int]]]
Family = Callable[[Path], set[int]]


async def put(endpoints: Endpoints) -> None:
    """One durable message in a quorum queue, one document."""
    connection = await aio_pika.connect(endpoints.rabbitmq_url)
    async with connection, await connection.channel() as channel:
        queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue.name)
    with MongoClient[dict[str, Any]](endpoints.mongodb_url) as client:
        client[endpoints.database]["things"].insert_one({"_id": "kept"})


async def kept_message(endpoints: Endpoints) -> bytes:
    """The body of the message in the queue, which stays there. Asked again: what was asked of a broker that has just
    crashed, while its queue has no leader, may never be answered.
    """
    deadline = time.monotonic() + 120
    while True:
        try:
            async with asyncio.timeout(15):
                connection = await aio_pika.connect(endpoints.rabbitmq_url)
                async with connection, await connection.channel() as channel:
                    queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
                    message = await queue.get(timeout=10)
                    assert message is not None
                    await message.reject(requeue=True)
                    return message.body
        except (TimeoutError, aio_pika.exceptions.QueueEmpty, *aio_pika.exceptions.CONNECTION_EXCEPTIONS):
            if time.monotonic() > deadline:
                raise


async def assert_kept(endpoints: Endpoints) -> None:
    assert await kept_message(endpoints) == b"kept"
    with MongoClient[dict[str, Any]](endpoints.mongodb_url) as client:
        assert client[endpoints.database]["things"].find_one({"_id": "kept"})


def test_all_that_we_start_listens_on_loopback_below_the_ephemeral_ports(
    infrastructure: Infrastructure, family: Family, listening: Sockets
) -> None:
    sockets: set[tuple[str, int]] = set()

    def all_listen() -> bool:
        """AMQP, management, metrics, distribution, epmd and MongoDB: not all before the broker serves."""
        sockets.update(listening(family(infrastructure.root)))
        return len({port for _, port in sockets}) == 6

    assert wait_until(all_listen, 60), sockets
    assert {address for address, _ in sockets} <= LOOPBACK
    assert all(port < 32768 for _, port in sockets)


def test_an_isolated_place_is_empty_and_removed_afterwards(infrastructure: Infrastructure) -> None:
    with infrastructure.isolated() as first, infrastructure.isolated() as second:
        assert first != second
        with MongoClient[dict[str, Any]](first.mongodb_url) as client:
            client[first.database]["things"].insert_one({})
            assert client[second.database].list_collection_names() == []
    with MongoClient[dict[str, Any]](first.mongodb_url) as client:
        assert first.database not in client.list_database_names()


async def test_an_isolated_virtual_host_is_usable_until_it_is_removed(infrastructure: Infrastructure) -> None:
    with infrastructure.isolated() as place:
        async with await aio_pika.connect(place.rabbitmq_url) as connection, await connection.channel() as channel:
            await channel.declare_queue("q", durable=True)
    with pytest.raises(aio_pika.exceptions.CONNECTION_EXCEPTIONS):
        await aio_pika.connect(place.rabbitmq_url)


async def test_data_and_addresses_survive_an_orderly_restart_and_then_a_crash_of_both(
    infrastructure: Infrastructure,
) -> None:
    with infrastructure.isolated() as place:
        await put(place)
        for name in ("broker", "database"):
            infrastructure.restart(name)
        await assert_kept(place)
        for name in ("broker", "database"):
            infrastructure.server(name).kill()
            infrastructure.restart(name)
        await assert_kept(place)


def test_after_a_killed_parent_all_is_gone_and_the_next_start_has_the_same_data_and_addresses(
    tmp_path: Path, native_environment: dict[str, str], family: Family, alive: Pids
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], env=native_environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        addresses = next(line for line in parent.stdout if line.startswith("amqp:")).split()
        with MongoClient[dict[str, Any]](addresses[1]) as client:
            client["studio"]["things"].insert_one({"_id": "kept"})
        processes = family(tmp_path)
        assert len(processes) >= 3
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not alive(processes), 60)
    with Infrastructure(tmp_path, environment=native_environment) as again:
        assert [again.rabbitmq_url, again.mongodb_url] == addresses
        with MongoClient[dict[str, Any]](again.mongodb_url) as client:
            assert client["studio"]["things"].find_one({"_id": "kept"})
        processes = family(tmp_path)
    assert not alive(processes)


def test_a_folder_in_use_is_refused_naming_its_owner(
    infrastructure: Infrastructure, native_environment: dict[str, str]
) -> None:
    second = Infrastructure(infrastructure.root, environment=native_environment)
    with pytest.raises(AlreadyRunningError, match=r"already runs: process \d+"), second:
        pass
    assert infrastructure.server("broker").alive


def test_servers_given_by_url_are_used_and_left_alone(infrastructure: Infrastructure, tmp_path: Path) -> None:
    urls = {"RABBITMQ_URL": infrastructure.rabbitmq_url, "MONGODB_URL": infrastructure.mongodb_url}
    with Infrastructure(tmp_path, environment=urls) as given:
        assert given.choice.kind is Kind.URL
        assert given.shared() == (infrastructure.rabbitmq_url, infrastructure.mongodb_url, "studio")
        with pytest.raises(StackError, match="not started here"):
            given.restart("broker")
    assert infrastructure.server("broker").alive


@pytest.mark.parametrize("missing", ["RABBITMQ_URL", "MONGODB_URL"])
def test_a_url_where_nothing_answers_is_named(
    missing: str, infrastructure: Infrastructure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_local.infrastructure.URL_SECONDS", 0.5)
    urls = {"RABBITMQ_URL": infrastructure.rabbitmq_url, "MONGODB_URL": infrastructure.mongodb_url}
    nowhere = {"RABBITMQ_URL": "amqp://127.0.0.1:1/", "MONGODB_URL": "mongodb://127.0.0.1:1/"}
    with (
        pytest.raises(StackError, match=f"answers at {missing}"),
        Infrastructure(tmp_path, environment=urls | {missing: nowhere[missing]}),
    ):
        pass
