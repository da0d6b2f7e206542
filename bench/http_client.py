"""An HTTP client that costs as little as one can: it shares the cores with the server it asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from studio_local.ports import LOOPBACK

PATIENCE_SECONDS = 60


class Connection:
    """One HTTP/1.1 connection that is kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection(LOOPBACK, port))

    def send(self, request: bytes) -> None:
        self._writer.write(request)

    async def ask(self, request: bytes, expected: int) -> bytes:
        """The body of the answer, which must have that status."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            self.send(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            body = await self._reader.readexactly(int(length or 0))
        status = int(head[9:12])
        if status != expected:
            raise SystemExit(f"{status} instead of {expected}: {body[:500]!r}")
        return body

    async def read_until(self, text: bytes) -> None:
        await self._reader.readuntil(text)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {LOOPBACK}", *headers]
    if method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def connections(port: int, number: int) -> AsyncIterator[list[Connection]]:
    opened = [await Connection.open(port) for _ in range(number)]
    try:
        yield opened
    finally:
        await asyncio.gather(*(connection.close() for connection in opened))
