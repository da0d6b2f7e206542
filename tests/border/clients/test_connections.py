"""The kind: clients that stop in the middle, send too much, or keep a connection for the next request."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from studio_chassis.replicate.webhook_url import webhook_url
from studio_chassis.runtime.service import open_port
from studio_gateway.http.body_limit import MAX_BODY_BYTES
from studio_support.gateway_in_memory import SECRET
from studio_support.served_gateway import ServedGateway, serving

BRIEF = json.dumps({"prompt": "ocean", "count": 1}).encode()


@pytest.fixture(scope="module")
def gateway() -> Iterator[ServedGateway]:
    with serving() as gateway:
        gateway.accept("job")
        gateway.finish("job")
        yield gateway


def connect(gateway: ServedGateway) -> socket.socket:
    host, port = gateway.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def exchange(gateway: ServedGateway, request: bytes) -> bytes:
    """All that comes back until the server closes the connection."""
    with closing(connect(gateway)) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: studio", *headers, "", ""]).encode()


PANEL = "/.netlify/functions"
READERS = [
    "/v1/jobs",
    webhook_url("http://studio", "job", 0, 1, SECRET).removeprefix("http://studio"),
    f"{PANEL}/replicate-callback?token=x",
    f"{PANEL}/studio-enqueue",
]


@pytest.mark.parametrize("path", READERS)
def test_a_body_that_is_cut_off_is_no_error_of_ours(gateway: ServedGateway, path: str) -> None:
    with capture_logs() as logs:
        connection = connect(gateway)
        connection.sendall(head("POST", path, "Content-Type: application/json", "Content-Length: 5000") + b'{"pro')
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        assert httpx.get(f"{gateway.url}/healthz", timeout=60, trust_env=False).status_code == 200
        gateway.settle()
    assert [line for line in logs if line["log_level"] in ("warning", "error")] == []
    assert gateway.server_errors == []


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/job/cancel"])
def test_a_body_announced_as_too_long_is_refused_unread_and_closes_the_connection(
    gateway: ServedGateway, path: str
) -> None:
    announced = head("POST", path, "Content-Type: application/json", f"Content-Length: {10**12}")
    response = exchange(gateway, announced)  # returns: the gateway does not wait for the terabyte
    assert b"connection: close" in response.lower()
    assert path == "/v1/jobs/job/cancel" or response.startswith(b"HTTP/1.1 413")


def test_a_body_that_turns_out_too_long_is_refused_and_closes_the_connection(gateway: ServedGateway) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    request = head("POST", "/v1/jobs", "Content-Type: application/json", "Transfer-Encoding: chunked")
    response = exchange(gateway, request + chunk * (MAX_BODY_BYTES // 0x8000 + 1))
    assert response.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in response.lower()


def test_a_good_request_keeps_the_connection(gateway: ServedGateway) -> None:
    with closing(HTTPConnection(gateway.url.removeprefix("http://"), timeout=60)) as connection:
        connection.connect()
        first = connection.sock
        for _ in range(2):
            connection.request("POST", "/v1/jobs", BRIEF, {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert (response.status, response.read() != b"") == (202, True)
            assert connection.sock is first


def test_a_bundle_can_be_resumed(gateway: ServedGateway) -> None:
    address = f"{gateway.url}/v1/jobs/job/bundle.zip"
    with httpx.Client(timeout=60, trust_env=False) as client:
        whole = client.get(address)
        size = len(whole.content)
        assert whole.headers["content-length"] == str(size)
        etag = whole.headers["etag"]
        assert client.head(address).headers["etag"] == etag
        parts = [
            client.get(address, headers={"Range": f"bytes={start}-{start + 999}", "If-Range": etag})
            for start in range(0, size, 1000)
        ]
        assert {part.status_code for part in parts} == {206}
        assert b"".join(part.content for part in parts) == whole.content
        assert parts[0].headers["content-range"] == f"bytes 0-999/{size}"
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
        assert client.get(address, headers={"Range": f"bytes={size}-"}).status_code == 416
        stale = client.get(address, headers={"Range": "bytes=5-", "If-Range": '"another"'})
        assert (stale.status_code, stale.content) == (200, whole.content)


def test_what_curl_sends_by_default_is_answered_with_what_to_send(gateway: ServedGateway) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = httpx.post(f"{gateway.url}/v1/jobs", content=BRIEF, headers=form, timeout=60, trust_env=False)
    assert response.status_code == 415
    assert "curl: -H 'Content-Type: application/json'" in response.json()["detail"]


def test_a_webhook_of_the_permitted_length_is_read_whole(gateway: ServedGateway) -> None:
    prediction: dict[str, Any] = {"id": "p", "status": "processing", "logs": "x" * 3_000_000}
    address = webhook_url(gateway.url, "job", 0, 1, gateway.secret)
    assert httpx.post(address, json=prediction, timeout=60, trust_env=False).status_code == 204


def test_a_body_waits_for_no_acknowledgement_of_its_headers() -> None:
    with open_port("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), timeout=60):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
