"""Setting up a connection does not wait for ever on a line that broke meanwhile."""

import asyncio
from typing import Any

import pytest

from studio_chassis import amqp
from studio_chassis.amqp import Broker


class Line:
    """A connection that, when it is broken, neither opens channels nor closes, canceled or not."""

    def __init__(self, broken: bool) -> None:
        self.broken = broken
        self.closed = False
        self.close_callbacks: set[Any] = set()
        self.reconnect_callbacks: set[Any] = set()

    def channel(self, **_: Any) -> "Line":
        return self

    async def initialize(self) -> None:
        if self.broken:
            await self._hang()

    async def close(self) -> None:
        self.closed = True
        if self.broken:
            await self._hang()

    async def _hang(self) -> None:
        forever = asyncio.get_running_loop().create_future()
        try:
            await asyncio.shield(forever)
        finally:
            await forever


async def test_a_channel_that_never_opens_is_given_up_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Line(broken=True), Line(broken=False)]
    waiting = list(lines)

    async def connect(*_: Any, **__: Any) -> Line:
        return waiting.pop(0)

    async def declare(_: Any) -> None:
        """Nothing to declare here."""

    monkeypatch.setattr("aio_pika.connect_robust", connect)
    monkeypatch.setattr(amqp, "declare", declare)
    monkeypatch.setattr(amqp, "SET_UP_SECONDS", 0.01)
    monkeypatch.setattr(amqp, "CLOSE_SECONDS", 0.01)
    monkeypatch.setattr(amqp, "SET_UP_AGAIN_SECONDS", 0.0)
    broker = Broker("amqp://nowhere", "test", "0")
    async with asyncio.timeout(10):
        await broker.connect()
    assert broker.ready.is_set()
    assert [line.closed for line in lines] == [True, False]
