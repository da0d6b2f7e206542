"""A TCP proxy between the services and the broker, whose line can be cut, held, or made deaf."""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from studio_local.ports import LOOPBACK, free_port

CHUNK_BYTES = 65536


class Proxy:
    """Listens while the context is open, in a thread of its own. A target that is down is a refused connection."""

    def __init__(self, target_url: str) -> None:
        parts = urlsplit(target_url)
        assert parts.port is not None
        self._target = parts.port
        self._port = free_port()
        credentials = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{credentials}@{LOOPBACK}:{self._port}"))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._flows = asyncio.Event()
        self._deaf = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def connections(self) -> int:
        """How many services are connected now."""
        return len(self._connections)

    def cut(self) -> None:
        """Every connection breaks; new ones are accepted at once, and hear again."""
        self._loop.call_soon_threadsafe(self._cut)

    def hold(self) -> None:
        """A black hole: connections stand, nothing passes in either direction."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def release(self) -> None:
        """What was held passes on, as after a TCP retransmission."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def deafen(self) -> None:
        """What the broker says (confirms, deliveries) is lost until the next cut; what it is told arrives."""
        self._loop.call_soon_threadsafe(setattr, self, "_deaf", True)

    def _cut(self) -> None:
        self._deaf = False
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
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer, from_broker=True))
        finally:
            self._writers -= ends

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, from_broker: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                await self._flows.wait()
                if not (from_broker and self._deaf):
                    sink.write(data)
                    await sink.drain()
        sink.close()
