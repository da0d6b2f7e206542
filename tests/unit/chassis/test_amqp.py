"""Setting up a connection neither hangs nor fails when the connection breaks in between."""

import asyncio
from collections.abc import Callable
from typing import Any

import aio_pika
import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.messaging import broker as amqp
from studio_chassis.messaging.broker import Broker
from studio_chassis.messaging.connection import CONNECTION_ERRORS, run_on_connection


class Line:
    """A connection; one that is broken neither closes, canceled or not, nor opens channels: that ends in `trouble`."""

    def __init__(self, trouble: Callable[[], Any] | None = None) -> None:
        self.trouble = trouble
        self.closed = False
        self.close_callbacks: set[Any] = set()
        self.reconnect_callbacks: set[Any] = set()

    def channel(self, **_: Any) -> "Line":
        return self

    async def initialize(self) -> None:
        if self.trouble is not None:
            await self.trouble()

    async def close(self) -> None:
        self.closed = True
        if self.trouble is not None:
            await hang()


async def hang() -> None:
    forever = asyncio.get_running_loop().create_future()
    try:
        await asyncio.shield(forever)
    finally:
        await forever


async def end_as_if_canceled() -> None:
    raise asyncio.CancelledError


async def fail() -> None:
    raise Exception


async def fail_as_closed() -> None:
    raise RuntimeError("closed")


TROUBLES = (hang, end_as_if_canceled, fail, fail_as_closed)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_channel_that_does_not_open_is_given_up_with_its_connection(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], Any]
) -> None:
    lines = [Line(trouble), Line()]
    waiting = list(lines)

    async def connect(*_: Any, **__: Any) -> Line:
        return waiting.pop(0)

    async def declare(*_: Any) -> None:
        """Nothing to declare here."""

    monkeypatch.setattr("aio_pika.connect_robust", connect)
    monkeypatch.setattr(amqp, "declare", declare)
    monkeypatch.setattr(amqp, "SETUP_SECONDS", 0.01)
    monkeypatch.setattr(amqp, "CLOSE_SECONDS", 0.01)
    monkeypatch.setattr(amqp, "SETUP_RETRY_SECONDS", 0.0)
    broker = Broker("amqp://nowhere", "test", "0")
    async with asyncio.timeout(60):
        await broker.connect()
    assert broker.ready.is_set()
    assert [line.closed for line in lines] == [True, False]


@pytest.fixture
def publishing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Broker]:
    """A connected broker whose publishing meets that trouble."""

    def make(trouble: Callable[[], Any]) -> Broker:
        class Exchange:
            async def publish(self, *_: Any, **__: Any) -> None:
                await trouble()

        monkeypatch.setattr(Broker, "is_connected", True)
        broker = Broker("amqp://nowhere", "test", "0")
        broker._channel, broker._exchanges = Any, {"x": Exchange()}  # type: ignore[assignment, dict-item]
        return broker

    return make


@pytest.mark.parametrize("trouble", [end_as_if_canceled, fail, fail_as_closed])
async def test_a_message_on_a_breaking_connection_is_not_published(
    publishing: Callable[[Callable[[], Any]], Broker], trouble: Callable[[], Any]
) -> None:
    with pytest.raises(Unavailable):
        await publishing(trouble).send("x", "key", aio_pika.Message(b""))


async def test_publishing_that_is_canceled_is_canceled(publishing: Callable[[Callable[[], Any]], Broker]) -> None:
    broker = publishing(lambda: asyncio.sleep(60))
    task = asyncio.create_task(broker.send("x", "key", aio_pika.Message(b"")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_every_error_of_a_broken_connection_is_an_outage(trouble: Callable[[], Any]) -> None:
    with pytest.raises(CONNECTION_ERRORS):
        await run_on_connection(0.01, trouble())
