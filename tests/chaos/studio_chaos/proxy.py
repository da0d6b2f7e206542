"""A proxy between the services and the broker. It can cut, stall or mute the connection, and it counts deliveries."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from studio_chaos.frames import CONFIRM, Frame, Frames, Traffic
from studio_chaos.loop_thread import LoopThread
from studio_local.ports import LOOPBACK, free_port

CHUNK_BYTES = 65536


class Proxy:
    """Listens while the context is open, in a thread of its own. A target that is down is a refused connection."""

    def __init__(self, target_url: str) -> None:
        self.target_url = target_url
        parts = urlsplit(target_url)
        assert parts.port is not None
        self._target = parts.port
        self._port = free_port()
        credentials = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{credentials}@{LOOPBACK}:{self._port}"))
        self._loop = LoopThread("proxy")
        self._flows = asyncio.Event()
        self.accepted = 0
        """How many connections there ever were."""
        self._drops_responses = False
        self._to_swallow = 0
        self._spared = False
        self._traffic: set[Traffic] = set()
        self._delivered: Counter[str] = Counter()
        self._most_unacknowledged: Counter[str] = Counter()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._loop.start()
        self._loop.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.run(self._close())
        self._loop.stop()

    @property
    def connections(self) -> int:
        """How many services are connected now."""
        return len(self._connections)

    @property
    def channels(self) -> list[int]:
        """How many channels each connection has open now."""
        return sorted(len(traffic.channels) for traffic in self._traffic.copy())

    @property
    def delivered(self) -> Counter[str]:
        """How many deliveries of each queue passed, repeated ones counted again."""
        return sum((traffic.delivered for traffic in self._traffic.copy()), self._delivered)

    @property
    def most_unacknowledged(self) -> Counter[str]:
        """The most deliveries of a queue that one connection ever held without an answer."""
        most = self._most_unacknowledged.copy()
        for traffic in self._traffic.copy():
            most |= traffic.most_unacknowledged
        return most

    @property
    def in_flight(self) -> int:
        """How many deliveries wait for an answer now."""
        return sum(traffic.in_flight for traffic in self._traffic.copy())

    @property
    def still_to_swallow(self) -> int:
        """How many confirms are still to be swallowed."""
        return self._to_swallow

    def swallow_confirms(self, count: int) -> None:
        """Drop every other confirm until `count` are dropped: the message arrived, and its publisher does not know."""
        self._to_swallow = count

    def cut(self) -> None:
        """Break every connection. New ones are accepted immediately and get responses again."""
        self._loop.call(self._cut)

    def hold(self) -> None:
        """A black hole: connections stand, nothing passes in either direction."""
        self._loop.call(self._flows.clear)

    def release(self) -> None:
        """What was held passes on, as after a TCP retransmission."""
        self._loop.call(self._flows.set)

    def drop_responses(self) -> None:
        """Drop everything from the broker (confirms, deliveries) until the next cut; what services send arrives."""
        self._loop.call(setattr, self, "_drops_responses", True)

    def _cut(self) -> None:
        self._drops_responses = False
        for writer in self._writers:
            writer.transport.abort()

    async def _open(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self._port)

    async def _close(self) -> None:
        self._server.close()
        self._flows.set()
        self._cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._join(reader, writer)
        finally:
            self._connections.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            return
        self.accepted += 1
        ends = {writer, far_writer}
        traffic = Traffic()
        self._writers |= ends
        self._traffic.add(traffic)

        def upstream(frame: Frame) -> bool:
            traffic.from_client(frame)
            return True

        def hear(frame: Frame) -> bool:
            if self._drops_responses or self._swallows(frame):
                return False
            traffic.heard(frame)
            return True

        try:
            await asyncio.gather(self._pump(reader, far_writer, upstream), self._pump(far_reader, writer, hear))
        finally:
            self._writers -= ends
            self._traffic.discard(traffic)
            self._delivered += traffic.delivered
            self._most_unacknowledged |= traffic.most_unacknowledged

    def _swallows(self, frame: Frame) -> bool:
        if not self._to_swallow or frame.method != CONFIRM:
            return False
        self._spared = not self._spared
        self._to_swallow -= not self._spared
        return not self._spared

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passes: Callable[[Frame], bool]
    ) -> None:
        frames = Frames()
        with suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                await self._flows.wait()
                sink.write(b"".join([frame.raw for frame in frames.feed(data) if passes(frame)]))
                await sink.drain()
        sink.close()
