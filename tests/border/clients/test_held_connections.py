"""The kind: clients by the thousand that hold connections, headers, bodies or streams. Others are served."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from studio_chassis.runtime import http_connections
from studio_support.served_gateway import ServedGateway, serving

LIMIT = 40
BRIEF = {"prompt": "ocean", "count": 1}


@pytest.fixture
def gateway() -> Iterator[ServedGateway]:
    with serving(connections=LIMIT, streams=10, streams_per_client=8) as gateway:
        gateway.accept("job")
        yield gateway


def connect(gateway: ServedGateway, source: str = "127.0.0.1") -> socket.socket:
    port = int(gateway.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))


def another_client_is_served(gateway: ServedGateway) -> None:
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
        assert client.get("/v1/jobs/job").status_code == 200
        assert client.post("/v1/jobs", json=BRIEF).status_code == 202


def is_closed(connection: socket.socket) -> bool:
    """Whether the gateway closes it, after what it has to say. Raises TimeoutError when it does not."""
    connection.settimeout(60)
    with suppress(ConnectionResetError):
        while connection.recv(10_000):
            pass
    return True


HELD = {
    "idle": b"",
    "half a header": b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "half a body": b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{",
}


@pytest.mark.parametrize("sent", HELD.values(), ids=HELD)
def test_another_client_is_served_while_more_connections_are_held_than_are_kept(
    gateway: ServedGateway, sent: bytes
) -> None:
    with ExitStack() as connections:
        held = [connections.enter_context(connect(gateway)) for _ in range(3 * LIMIT)]
        for connection in held:
            with suppress(OSError):  # closed to make room
                connection.sendall(sent)
        another_client_is_served(gateway)
        assert is_closed(held[0]), "the one that waited longest is closed first"


def test_one_address_has_half_of_the_connections_and_closes_none_of_another_s(gateway: ServedGateway) -> None:
    """Only a trusted proxy, behind which many clients are, may have all: here the loopback's first address."""
    port = int(gateway.url.rpartition(":")[2])
    earlier = [HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(LIMIT // 4)]
    with ExitStack() as connections:
        for connection in earlier:
            connections.callback(connection.close)
            assert is_answered(connection)
        held = [connections.enter_context(connect(gateway, "127.0.0.2")) for _ in range(3 * LIMIT)]
        another_client_is_served(gateway)
        assert is_closed(held[0])
        assert all(is_answered(connection) for connection in earlier)


def is_answered(connection: HTTPConnection) -> bool:
    """Whether a request is, over the same connection each time. Raises RemoteDisconnected when that was closed."""
    connection.request("GET", "/v1/palette")
    response = connection.getresponse()
    return response.status == 200 and bool(response.read())


def test_what_is_at_work_is_not_closed_to_make_room(gateway: ServedGateway) -> None:
    with ExitStack() as connections, httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
        stream = connections.enter_context(client.stream("GET", "/v1/jobs/job/events"))
        lines = stream.iter_lines()
        assert "job.created" in next(line for line in lines if line.startswith("data: "))
        for _ in range(2 * LIMIT):
            connections.enter_context(connect(gateway))
        another_client_is_served(gateway)
        gateway.fail("job")
        assert any("job.failed" in line for line in lines)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "half a header"])
def test_headers_that_do_not_come_close_the_connection(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(http_connections, "HEADER_SECONDS", 0.3)
    with serving() as gateway, connect(gateway) as connection:
        for byte in sent:
            connection.sendall(bytes([byte]))
        assert is_closed(connection)


def test_the_headers_of_a_later_request_have_a_time_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "HEADER_SECONDS", 0.3)
    with serving() as gateway, connect(gateway) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert is_closed(connection)


def test_headers_without_end_are_refused(gateway: ServedGateway) -> None:
    with connect(gateway) as connection:
        with suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for number in range(2000):
                connection.sendall(f"X-{number}: {'x' * 100}\r\n".encode())
        received = b""
        with suppress(OSError):
            received = connection.recv(1000)
        assert received.startswith(b"HTTP/1.1 4") or not received
    another_client_is_served(gateway)


def test_streams_beyond_the_cap_are_429_and_delay_no_request(gateway: ServedGateway) -> None:
    asked: list[Any] = []
    with ExitStack() as connections:
        for _ in range(20):
            client = connections.enter_context(httpx.Client(base_url=gateway.url, trust_env=False, timeout=60))
            asked.append(connections.enter_context(client.stream("GET", "/v1/jobs/job/events")).status_code)
        assert sorted(asked) == [200] * 8 + [429] * 12
        another_client_is_served(gateway)


def test_two_lengths_are_refused_and_close_the_connection(gateway: ServedGateway) -> None:
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(gateway) as connection:
        connection.sendall(head + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        with suppress(ConnectionResetError):
            while chunk := connection.recv(10_000):
                received += chunk
    assert received.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in received.lower()
    assert received.count(b"HTTP/1.1") == 1


def test_no_response_names_its_server_and_docs_stand_in_no_frame(gateway: ServedGateway) -> None:
    for path in ("/", "/docs", "/docs/console", "/docs/events", "/v1/jobs", "/nothing", "/healthz"):
        response = httpx.get(gateway.url + path, timeout=60, trust_env=False)
        assert "server" not in response.headers, path
        if path in ("/", "/docs", "/docs/console", "/docs/events"):
            policy = response.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
