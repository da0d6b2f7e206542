"""A connection that breaks at any frame: while a consumer sets up, and while it sets up again."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from studio_chaos.frames import Frame, Frames
from studio_chassis.messaging.broker import Broker
from studio_chassis.messaging.connection import CONNECTION_ERRORS, run_on_connection
from studio_chassis.messaging.consumer import Consumer
from studio_contracts import topology
from studio_local.infrastructure import Infrastructure

QUEUE = topology.STENCIL_JOB_CREATED
CONCURRENCY = 24
BACK_SECONDS = 240
WAIT_SECONDS = 20
CHUNK_BYTES = 65536
CONSUME_OK = (60, 21)
REASON = b"CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
"""The frame that a broker sends before it closes."""


def close_frame() -> bytes:
    """connection.close (AMQP 0-9-1, 1.4.2.10) on channel 0, whole."""
    payload = struct.pack(">HHHB", 10, 50, 320, len(REASON)) + REASON + struct.pack(">HH", 0, 0)
    return struct.pack(">BHL", 1, 0, len(payload)) + payload + b"\xce"


class Line:
    """A proxy whose connections break, each after a number of frames from the broker; the last one holds."""

    def __init__(self, target_url: str, breaks_after: Sequence[int] = (), *, closes_properly: bool = False) -> None:
        self._target = urlsplit(target_url)
        self._breaks_after = breaks_after
        self._closes_properly = closes_properly
        self.heard: list[int] = []
        """Frames from the broker that passed, by connection."""
        self.consumer_is_back = asyncio.Event()
        """Set when a consumer is registered on a connection that holds: the first, or one after an attempt given up."""
        self.heard_until_then = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """The URL that leads over this line."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        yield self._target._replace(netloc=f"{self._target.netloc.rpartition(':')[0]}:{port}").geturl()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.heard)
        self.heard.append(0)
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)

        async def upstream() -> None:
            with suppress(OSError):
                while data := await reader.read(CHUNK_BYTES):
                    far_writer.write(data)
            far_writer.close()

        async def downstream() -> None:
            frames = Frames()
            with suppress(OSError):
                while data := await far_reader.read(CHUNK_BYTES):
                    if any(self._breaks_at(frame, number, writer) for frame in frames.feed(data)):
                        break
                    await writer.drain()
            writer.close()
            far_writer.close()

        await asyncio.gather(upstream(), downstream())

    def _breaks_at(self, frame: Frame, number: int, writer: asyncio.StreamWriter) -> bool:
        """Let the frame pass. Returns whether the connection breaks after it."""
        writer.write(frame.raw)
        self.heard[number] += 1
        if number >= len(self._breaks_after) and frame.method == CONSUME_OK:
            self.heard_until_then = self.heard[number]
            self.consumer_is_back.set()
        if number >= len(self._breaks_after) or self.heard[number] < self._breaks_after[number]:
            return False
        if self._closes_properly:
            writer.write(close_frame())
        return True


async def set_up(line: Line) -> bool:
    """Whether a consumer is registered in the end, after all breaks."""

    async def ignore(*_: object) -> None:
        """No message comes."""

    async with line.opened() as url:
        broker = Broker(url, "test", "0")
        consumer = Consumer(broker, QUEUE, ignore, ignore)
        setting_up = [asyncio.create_task(broker.connect()), asyncio.create_task(consumer.start())]
        try:
            await asyncio.wait_for(line.consumer_is_back.wait(), BACK_SECONDS)
        except TimeoutError:
            return False
        finally:
            for task in setting_up:
                task.cancel()
            with suppress(*CONNECTION_ERRORS):
                await run_on_connection(WAIT_SECONDS, broker.close())
    return True


async def frames_to_a_consumer(url: str, *breaks_after: int) -> int:
    """How many frames the broker sends until a consumer is there, on the connection after those that break."""
    line = Line(url, breaks_after)
    assert await set_up(line)
    return line.heard_until_then


@pytest.mark.parametrize("closes_properly", [False, True], ids=["cut", "close_frame"])
async def test_a_consumer_whose_connection_breaks_at_any_frame_consumes_in_the_end(
    infrastructure: Infrastructure, closes_properly: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chassis.messaging.broker.SETUP_RETRY_SECONDS", 0.1)
    places = asyncio.Semaphore(CONCURRENCY)

    async def survives(breaks_after: tuple[int, ...]) -> bool:
        async with places:
            return await set_up(Line(endpoints.rabbitmq_url, breaks_after, closes_properly=closes_properly))

    with infrastructure.isolated() as endpoints:
        at_first = await frames_to_a_consumer(endpoints.rabbitmq_url)
        once_more = await frames_to_a_consumer(endpoints.rabbitmq_url, at_first)
        assert at_first > once_more > 3
        breaks: list[tuple[int, ...]] = [(number,) for number in range(1, at_first + 1)]
        breaks += [(at_first, number) for number in range(1, once_more + 1)]
        survived = await asyncio.gather(*map(survives, breaks))
    assert [where for where, well in zip(breaks, survived, strict=True) if not well] == []
