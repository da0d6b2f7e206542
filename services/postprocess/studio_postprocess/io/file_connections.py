"""Connections to the hosts of pictures, kept for the next picture.

A thread reads each picture: through an asynchronous client its many pieces cost five times as much. A thread cannot be
cancelled, and a time-out of a socket holds for one read alone, so who gives up shuts the socket that the thread reads.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

import certifi
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

T = TypeVar("T")
STEP_SECONDS = 10.0
"""What connecting, and each read, may take."""
KEPT = 8
"""Connections to one address that are kept."""


class FileRequest(NamedTuple):
    """A file of the host `name`, and the address to connect to. `host` is the header's: name and port."""

    scheme: str
    name: str
    address: str
    port: int | None
    host: str
    target: str


class Exchange:
    """A request and its response in a thread, as seen by who may give them up."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._is_given_up = False

    def run(self, work: Callable[[FileRequest], T], request: FileRequest) -> T:
        """Do the work here, which makes one request."""
        token = _exchange.set(self)
        try:
            return work(request)
        finally:
            self._socket = None
            _exchange.reset(token)

    def uses(self, used: socket.socket | None) -> None:
        """A response is awaited on this socket. Raises ConnectionAbortedError when nobody waits for it any more."""
        self._socket = used
        if self._is_given_up:
            raise ConnectionAbortedError("given up")

    def give_up(self) -> None:
        """End the work, from another thread."""
        self._is_given_up = True
        if (used := self._socket) is not None:
            with suppress(OSError):  # it is closed
                used.shutdown(socket.SHUT_RDWR)


_exchange: ContextVar[Exchange] = ContextVar("exchange")


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
        _exchange.get().uses(self.sock)
        return super().getresponse()


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsConnections(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class FileConnections:
    """Sends requests, each to the address it names, whose certificate must be the name's. It follows no proxy of the
    environment: that would look up names itself, past our check.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        context = context or ssl.create_default_context(cafile=certifi.where())
        self._pools = PoolManager(maxsize=KEPT, ssl_context=context, timeout=STEP_SECONDS)
        self._pools.pool_classes_by_scheme = {"http": _Connections, "https": _TlsConnections}

    def open(self, request: FileRequest) -> BaseHTTPResponse:
        """The response, whose body is yet to be read. Blocks. Raises urllib3's HTTPError."""
        tls = {"server_hostname": request.name} if request.scheme == "https" else {}
        pool = self._pools.connection_from_host(request.address, request.port, request.scheme, tls)
        return pool.urlopen(
            "GET",
            request.target,
            headers={"Host": request.host, "Accept-Encoding": "identity"},
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pools.clear()
