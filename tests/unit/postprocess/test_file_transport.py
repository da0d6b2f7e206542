"""How pictures travel: over connections that are used again, each failure one that the downloader knows."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trustme

from studio_postprocess.io import file_transport
from studio_postprocess.io.file_transport import FileTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npicture"
Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


class Host:
    """Gives each request the next answer; counts connections, and records the heads of requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.heads: list[bytes] = []
        self._handlers: set[asyncio.Task[None]] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        handler = asyncio.current_task()
        assert handler is not None
        self._handlers.add(handler)
        try:
            while self.answers:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0)
                await writer.drain() if isinstance(answer, bytes) else await answer(writer)
                writer.write(answer if isinstance(answer, bytes) else b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @asynccontextmanager
    async def serving(
        self, tls: ssl.SSLContext | None = None, trusted: ssl.SSLContext | None = None
    ) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
        server = await asyncio.start_server(self, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        async with server, httpx.AsyncClient(transport=FileTransport(trusted), trust_env=False, timeout=5) as http:
            yield http, f"{'http' if tls is None else 'https'}://127.0.0.1:{port}/a/b.png?c=d"
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)


async def becomes(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - it becomes so inside a transport, which tells nobody
            await asyncio.sleep(0.001)


def waiting(http: httpx.AsyncClient) -> list[file_transport._Connection]:
    """The connections that are kept for the next request."""
    assert isinstance(http._transport, FileTransport)
    return [one for kept in http._transport._idle.values() for one in kept]


async def test_a_connection_is_used_again() -> None:
    host = Host(OK, OK, OK)
    async with host.serving() as (http, url):
        assert [(await http.get(url)).content for _ in range(3)] == [b"picture"] * 3
    assert host.connections == 1
    assert host.heads[0].startswith(b"GET /a/b.png?c=d HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    host = Host(OK, OK)
    async with host.serving() as (http, url):
        found = await asyncio.gather(http.get(url), http.get(url))
    assert ([one.content for one in found], host.connections) == ([b"picture"] * 2, 2)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npic\r\n4\r\nture\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\npicture",
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK,
    ],
)
async def test_each_way_to_send_a_body_is_understood(answer: bytes) -> None:
    async with Host(answer, OK).serving() as (http, url):
        assert [(await http.get(url)).content for _ in range(2)] == [b"picture"] * 2


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async with Host(b"HTTP/1.1 200 OK\r\n\r\npicture").serving() as (http, url):
        assert (await http.get(url)).content == b"picture"


async def test_a_large_body_arrives_whole_though_its_reader_is_slow() -> None:
    body = bytes(range(256)) * 20_000
    host = Host(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    async with host.serving() as (http, url), http.stream("GET", url) as response:
        found = bytearray()
        async for piece in response.aiter_raw():
            assert len(piece) <= 3 * file_transport.MAX_UNREAD_BYTES
            found += piece
            await asyncio.sleep(0)
    assert found == body


async def test_what_comes_behind_a_response_is_not_taken_for_the_next_one() -> None:
    host = Host(OK + OK.replace(b"picture", b"planted"), OK)
    async with host.serving() as (http, url):
        assert [(await http.get(url)).content for _ in range(2)] == [b"picture"] * 2
    assert host.connections == 2


async def test_what_comes_later_is_not_taken_for_the_next_response_either() -> None:
    planted = asyncio.Event()

    async def twice(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        await planted.wait()
        writer.write(OK.replace(b"picture", b"planted"))
        await writer.drain()

    host = Host(twice, OK)
    async with host.serving() as (http, url):
        assert (await http.get(url)).content == b"picture"
        [kept] = waiting(http)
        planted.set()
        await becomes(lambda: bool(kept._wire.unread))
        assert (await http.get(url)).content == b"picture"
    assert host.connections == 2


@pytest.mark.parametrize("closes", [True, False])
async def test_a_connection_that_ended_or_waited_too_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch, closes: bool
) -> None:
    async def and_close(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    host = Host(and_close if closes else OK, OK)
    async with host.serving() as (http, url):
        assert (await http.get(url)).content == b"picture"
        if closes:
            await becomes(lambda: all(one._wire.has_ended for one in waiting(http)))
        else:
            monkeypatch.setattr(file_transport, "IDLE_SECONDS", 0.0)
        assert (await http.get(url)).content == b"picture"
    assert host.connections == 2


async def test_a_response_that_is_not_read_to_its_end_costs_its_connection() -> None:
    host = Host(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npicture", OK)
    async with host.serving() as (http, url):
        async with http.stream("GET", url) as response:
            assert await anext(response.aiter_raw()) == b"picture"
        assert (await http.get(url)).content == b"picture"
    assert host.connections == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npicture", httpx.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", httpx.RemoteProtocolError),
        (b"", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2**17 + b"\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_a_host_that_breaks_the_protocol_is_a_transport_error(answer: bytes, failure: type[Exception]) -> None:
    async with Host(answer).serving() as (http, url):
        with pytest.raises(failure):
            await http.get(url)


async def test_a_silent_host_is_given_up() -> None:
    async def wait(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with Host(wait).serving() as (http, url):
        with pytest.raises(httpx.ReadTimeout):
            await http.get(url, timeout=0.05)


async def test_nobody_who_listens_is_a_transport_error() -> None:
    async with httpx.AsyncClient(transport=FileTransport(), trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://127.0.0.1:1/")


@pytest.mark.parametrize(("name", "is_served"), [("replicate.delivery", True), ("elsewhere.example", False)])
async def test_the_certificate_must_be_that_of_the_name_not_of_the_address(name: str, is_served: bool) -> None:
    authority = trustme.CA()
    ours, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("replicate.delivery").configure_cert(ours)
    authority.configure_trust(trusted)
    async with Host(OK).serving(ours, trusted) as (http, url):
        request = http.build_request("GET", url, extensions={"sni_hostname": name})
        if is_served:
            assert (await http.send(request)).content == b"picture"
        else:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await http.send(request)
