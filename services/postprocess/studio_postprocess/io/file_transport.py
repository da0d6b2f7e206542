"""httpx's transport for pictures: HTTP/1.1 by h11, read as asyncio delivers it.

The one that httpx brings takes about twice the processor time for a picture: for each piece of 64 KiB it asks which
event loop runs, and opens a scope for its time-out. This one is for files of hosts that were checked: it knows no
proxies, which would look up names themselves, past our check, no bodies of requests and no HTTP/2.
"""

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import h11
import httpx

MAX_IDLE = 20
"""Connections that wait for their next request, to all hosts together."""
IDLE_SECONDS = 5.0
MAX_UNREAD_BYTES = 256 * 1024
MAX_HEADER_BYTES = 64 * 1024


class _Place(NamedTuple):
    """Where a connection goes, and whose certificate it needs."""

    scheme: str
    host: str
    port: int
    name: str


class FileTransport(httpx.AsyncBaseTransport):
    """Sends each request over a connection of its own, which is kept a little for the next one to the same place."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._idle: defaultdict[_Place, list[_Connection]] = defaultdict(list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As in httpx; `timeout` and `sni_hostname` of the request's extensions are followed."""
        seconds = request.extensions.get("timeout", {}).get("read")
        place = _place(request)
        connection = self._take(place) or await self._connect(place, seconds)
        try:
            connection.send(request)
            head = await connection.head()
        except BaseException:
            connection.close()
            raise
        body = _Body(self, place, connection)
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=body)

    def give_back(self, place: _Place, connection: "_Connection") -> None:
        """Keep the connection for the next request, if its response was read to the end and there is room."""
        if sum(map(len, self._idle.values())) < MAX_IDLE and connection.begin_to_wait():
            self._idle[place].append(connection)
        else:
            connection.close()

    async def aclose(self) -> None:
        """Close the connections that wait."""
        for waiting in self._idle.values():
            for connection in waiting:
                connection.close()
        self._idle.clear()

    def _take(self, place: _Place) -> "_Connection | None":
        waiting = self._idle[place]
        while waiting:
            if (connection := waiting.pop()).is_alive:
                return connection
            connection.close()
        del self._idle[place]
        return None

    async def _connect(self, place: _Place, seconds: float | None) -> "_Connection":
        encrypted: dict[str, Any] = {}
        if place.scheme == "https":
            encrypted = {"ssl": self._tls, "server_hostname": place.name}
        connect = asyncio.get_running_loop().create_connection
        try:
            async with asyncio.timeout(seconds):
                _, wire = await connect(_Wire, place.host, place.port, **encrypted)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except OSError as error:  # also one about the certificate
            raise httpx.ConnectError(str(error)) from error
        return _Connection(wire, seconds)


class _Wire(asyncio.Protocol):
    """What has arrived and was not read; the host waits when that is much."""

    def __init__(self) -> None:
        self.unread = bytearray()
        self.has_ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        if len(self.unread) > MAX_UNREAD_BYTES:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def read(self, seconds: float | None) -> bytes:
        """What has arrived, once something has; nothing at the end. Raises OSError and TimeoutError."""
        if not self.unread and not self.has_ended:
            self._reader = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(seconds):
                await self._reader
        if self._error is not None and not self.unread:
            raise self._error
        data = bytes(self.unread)
        self.unread.clear()
        if not self.has_ended:
            self.transport.resume_reading()
        return data


class _Connection:
    """One connection, its requests one after the other. Raises TransportErrors of httpx."""

    def __init__(self, wire: _Wire, seconds: float | None) -> None:
        self._wire = wire
        self._seconds = seconds
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._waits_since = 0.0

    def send(self, request: httpx.Request) -> None:
        """Send a request, which has no body."""
        with _as_httpx():
            head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            self._wire.transport.write((self._http.send(head) or b"") + (self._http.send(h11.EndOfMessage()) or b""))

    async def head(self) -> h11.Response:
        """The status and headers of the response; informational ones before it are passed over."""
        while not isinstance(event := await self.next_event(), h11.Response):
            if isinstance(event, h11.ConnectionClosed):
                raise httpx.RemoteProtocolError("the connection was closed before a response")
        return event

    async def next_event(self) -> h11.Event:
        """The next piece of the response."""
        with _as_httpx():
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._wire.read(self._seconds))
        assert isinstance(event, h11.Event)  # it pauses only behind the end of a response
        return event

    def begin_to_wait(self) -> bool:
        """Whether another request can follow: the response was read to its end, and nothing came behind it."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        is_clean = self._http.trailing_data == (b"", False)
        self._http.start_next_cycle()
        self._waits_since = time.monotonic()
        return is_clean and self.is_alive

    @property
    def is_alive(self) -> bool:
        """Whether it has not waited too long, was not closed as far as we know, and was sent nothing unasked."""
        has_time = time.monotonic() - self._waits_since < IDLE_SECONDS
        return has_time and not (self._wire.has_ended or self._wire.unread)

    def close(self) -> None:
        self._wire.transport.abort()


class _Body(httpx.AsyncByteStream):
    """The body of a response. Its connection goes back when it is closed."""

    def __init__(self, transport: FileTransport, place: _Place, connection: _Connection) -> None:
        self._transport = transport
        self._place = place
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not isinstance(event := await self._connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield event.data

    async def aclose(self) -> None:
        self._transport.give_back(self._place, self._connection)


def _place(request: httpx.Request) -> _Place:
    url = request.url
    port = url.port or (443 if url.scheme == "https" else 80)
    return _Place(url.scheme, url.host, port, request.extensions.get("sni_hostname", url.host))


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Errors of the connection and of the protocol as those of httpx."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout("the host was silent for too long") from error
    except OSError as error:
        raise httpx.ReadError(str(error)) from error
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
