"""A host of pictures that never leaves the machine: real requests reach a real server, whatever name they are for."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import cache
from socket import AF_UNSPEC, AddressFamily

import trustme
from aiohttp.abc import ResolveResult

from studio_postprocess.io.download import Downloader, read_allow_list
from studio_postprocess.io.http_session import PublicAddresses, open_session

GOOD = "https://replicate.delivery/a/out-0.png"
NAMES = ("replicate.delivery", "*.replicate.delivery", "a.b.replicate.delivery")
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"
HERE = "127.0.0.1"
NOBODY = 1
"""A port at which nothing listens."""

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is sent before the host waits for the next request, or what sends it. A sender ends the connection."""


def response(status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole response."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def cut_off(writer: asyncio.StreamWriter) -> None:
    """Send half of a picture."""
    writer.write(response(body=b"picture")[:-3])


async def nothing(_: asyncio.StreamWriter) -> None:
    """Hang up."""


async def silence(writer: asyncio.StreamWriter) -> None:
    """Begin with a picture and never go on."""
    writer.write(response(body=b"picture")[:-3])
    await writer.wait_closed()


@cache
def authority() -> trustme.CA:
    """Who the client trusts."""
    return trustme.CA()


class FileHost:
    """Gives the answers in turn and repeats the last; records requests, addresses and the pauses between.

    Names lead to it after they were looked up and checked, but for the addresses that are `closed`. `asked` has the
    whole addresses of the requests.
    """

    def __init__(self, *answers: Answer, certified: tuple[str, ...] = NAMES, closed: Collection[str] = ()) -> None:
        self.answers = list(answers)
        self.closed = closed
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.found: list[str] = []
        self.pauses: list[float] = []
        self._identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert(*certified).configure_cert(self._identity)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def fetch(self, url: str) -> bytes:
        """What the downloader makes of it. `{port}` in the URL is where the host listens without TLS."""
        async with self._serving(None) as plain, self._serving(self._identity) as secure:
            trusted = ssl.create_default_context()
            authority().configure_trust(trusted)
            async with open_session(_Names(self, secure), trusted) as session:
                allowed = read_allow_list(f"replicate.delivery *.replicate.delivery http://{HERE}:{plain}")
                return await Downloader(session, allowed, self.pause).fetch(url.replace("{port}", str(plain)))

    @asynccontextmanager
    async def _serving(self, identity: ssl.SSLContext | None) -> AsyncIterator[int]:
        """Listen on a free port, which is given."""
        served: set[asyncio.Task[None]] = set()
        scheme = "https" if identity else "http"

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            served.add(asyncio.current_task())  # type: ignore[arg-type]
            try:
                await self._serve(scheme, reader, writer)
            except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, HERE, 0, ssl=identity)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in served:
                task.cancel()
            await asyncio.gather(*served, return_exceptions=True)

    async def _serve(self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = request.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            self.asked.append(f"{scheme}://{headers['host']}{first.split()[1]}")
            self.headers.append(headers)
            answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
            if not isinstance(answer, bytes):
                return await answer(writer)
            writer.write(answer)
            await writer.drain()


class _Names(PublicAddresses):
    """Lets each name that may be connected to lead to the host."""

    def __init__(self, host: FileHost, port: int) -> None:
        self._host = host
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC) -> list[ResolveResult]:
        checked = await super().resolve(host, port, family)
        self._host.found += [one["host"] for one in checked]
        ports = [NOBODY if one["host"] in self._host.closed else self._port for one in checked]
        return [
            ResolveResult(**{**one, "host": HERE, "port": there}) for one, there in zip(checked, ports, strict=True)
        ]
