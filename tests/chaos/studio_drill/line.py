"""A TCP connection's way through a port of ours: it can be slow, be a black hole, and speak TLS to its clients."""

import asyncio
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Self

from studio_chaos.loop_thread import LoopThread
from studio_local.ports import LOOPBACK, free_port

CHUNK_BYTES = 65536


class Line:
    """Listens while the context is open, in a thread of its own."""

    def __init__(self, target: int, certificate: ssl.SSLContext | None = None) -> None:
        self.port = free_port()
        self.delay_seconds = 0.0
        """How long each chunk from the server takes."""
        self._target = target
        self._certificate = certificate
        self._loop = LoopThread("line")
        self._flows = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._flows.set()
        self._loop.start()
        self._loop.run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.run(self._close())
        self._loop.stop()

    def hold(self) -> None:
        """Connections stand, nothing passes in either direction."""
        self._loop.call(self._flows.clear)

    def release(self) -> None:
        """What was held passes on."""
        self._loop.call(self._flows.set)

    def show(self, certificate: ssl.SSLContext) -> None:
        """Break every connection; new ones meet this certificate."""
        self._loop.run(self._show(certificate))

    async def _show(self, certificate: ssl.SSLContext) -> None:
        self._certificate = certificate
        self._server.close()
        self._cut()
        await self._listen()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port, ssl=self._certificate)

    async def _close(self) -> None:
        self._server.close()
        self._flows.set()
        self._cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            self._tasks.discard(task)
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer, slow=False), self._pump(far_reader, writer, slow=True))
        finally:
            for end in ends:
                end.close()
            self._writers -= ends
            self._tasks.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, slow: bool) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                await self._flows.wait()
                if slow and self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                sink.write(data)
                await sink.drain()
            sink.write_eof() if sink.can_write_eof() else sink.transport.abort()
