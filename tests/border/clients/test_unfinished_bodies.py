"""The kind: a client that sends much, slowly or never to its end. Neither memory nor connections are held for it."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from studio_chassis.replicate.webhook_url import webhook_url
from studio_gateway.http import body_limit
from studio_support.served_gateway import ServedGateway, serving

CALLBACK = "/.netlify/functions/replicate-callback?token=x"
HOOK = "/v1/webhooks/replicate/{}job/0/1"
BODY = 4 * 2**20
MIB = 2**20


@pytest.fixture(scope="module")
def gateway() -> Iterator[ServedGateway]:
    with serving() as gateway:
        yield gateway


def connect(gateway: ServedGateway) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=60)


def head(path: str, length: int = BODY) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: studio", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def response_of(connection: socket.socket) -> bytes:
    """What the gateway sends until it closes the connection; an abrupt end is one, too."""
    received = b""
    with suppress(ConnectionResetError):
        while chunk := connection.recv(2**16):
            received += chunk
    return received


def resident_bytes() -> int:
    """Memory of this process, in which the gateway runs."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize("path", [HOOK.format("x/"), HOOK.format("") + "?token=x", HOOK.format("")])
def test_a_request_without_the_token_is_refused_before_a_byte_of_the_body_is_sent(
    gateway: ServedGateway, path: str
) -> None:
    with connect(gateway) as connection:
        connection.sendall(head(path))
        response = response_of(connection)
    assert response.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in response.lower()


@pytest.mark.parametrize("path", [HOOK.format("x/"), HOOK.format("") + "?token=x", CALLBACK])
def test_150_unfinished_bodies_are_not_kept_in_memory(gateway: ServedGateway, path: str) -> None:
    """All but their last byte is sent: 600 MB. With the token checked behind the body, as much was held."""
    unfinished = head(path) + b"x" * (BODY - 1)
    before = resident_bytes()
    with ExitStack() as connections:
        for _ in range(150):
            connection = connections.enter_context(connect(gateway))
            with suppress(OSError):  # closed, as it should be
                connection.sendall(unfinished)
        grown = resident_bytes() - before
    assert grown < 64 * MIB, f"{grown // MIB} MiB"


def test_a_body_that_comes_too_slowly_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "BODY_SECONDS", 0.2)
    with serving() as gateway:
        hook = webhook_url(gateway.url, "job", 0, 1, gateway.secret).removeprefix(gateway.url)
        for path in ("/v1/jobs", hook):
            with connect(gateway) as connection:
                connection.sendall(head(path, 100) + b"{")
                response = response_of(connection)
            assert response.startswith(b"HTTP/1.1 408")
            assert b"connection: close" in response.lower()


def test_a_body_of_a_gigabyte_is_refused_by_its_declared_length(gateway: ServedGateway) -> None:
    with connect(gateway) as connection:
        connection.sendall(head("/v1/jobs", 2**30))
        response = response_of(connection)
    assert response.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in response.lower()
