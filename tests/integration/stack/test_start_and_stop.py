"""How a service ends that cannot start, or gets SIGTERM while its servers are missing."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio_contracts.services import SERVICES
from studio_local.processes import wait_until

Start = Callable[..., subprocess.Popen[str]]
START_SECONDS = 180.0
"""For the interpreter and its imports, on a machine that is busy."""

UNFINISHED = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    b"Expect: 100-continue\r\n\r\n"
)
"""A request that is answered once its body has come."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a service whose broker and database are away, with its port, and another one for health and metrics."""
    started: list[subprocess.Popen[str]] = []

    def start(service: str, port: int, health_port: int | None = None, drain: str = "1") -> subprocess.Popen[str]:
        environment = os.environ | {
            "RABBITMQ_URL": "amqp://studio:studio@127.0.0.1:1/",
            "MONGODB_URL": "mongodb://127.0.0.1:1/?replicaSet=studio",
            "OBJECT_STORE_URL": tmp_path.as_uri(),
            "REPLICATE_API_TOKEN": "r8_nothing",
            "REPLICATE_WEBHOOK_SECRET": "sixteen characters",
            "STUDIO_HEALTH_PORT": str(health_port or port),
            "STUDIO_GATEWAY_PORT": str(port),
            "STUDIO_LOG_FORMAT": "json",
            "STUDIO_INSTANCE": "the one that was started",
            "STUDIO_DRAIN_SECONDS": drain,
            "STUDIO_ACCESS": "local",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", f"studio_{service}"], env=environment, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_whose_port_is_taken_ends_and_says_so_last(start: Start, taken: int, service: str) -> None:
    process = start(service, taken)
    output, _ = process.communicate(timeout=START_SECONDS)
    last = json.loads(output.strip().splitlines()[-1])
    assert (process.returncode, last["event"], last["level"]) == (1, "ended", "critical")
    assert f"cannot listen on 127.0.0.1:{taken}" in last["reason"]


def _readiness(port: int) -> dict[str, Any] | None:
    try:
        body: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30, trust_env=False).json()
    except httpx.TransportError:
        return None
    return body


def test_sigterm_ends_a_service_that_waits_for_everything(start: Start, free: int) -> None:
    process = start("stencil", free)
    assert wait_until(lambda: _readiness(free) is not None, START_SECONDS)
    body = _readiness(free)
    assert body is not None
    assert body["instance"] == "the one that was started"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0
    assert json.loads(output.strip().splitlines()[-1])["event"] == "stopped"


def test_the_gateway_keeps_its_metrics_off_the_public_port(start: Start, free: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        private = int(server.getsockname()[1])
    process = start("gateway", free, private)
    assert wait_until(lambda: _readiness(free) is not None and _readiness(private) is not None, START_SECONDS)
    with httpx.Client(timeout=60, trust_env=False) as client:
        assert "python_info" in client.get(f"http://127.0.0.1:{private}/metrics").text
        assert client.get(f"http://127.0.0.1:{free}/metrics").status_code == 404
        assert client.get(f"http://127.0.0.1:{private}/v1/palette").status_code == 404
        assert client.get(f"http://127.0.0.1:{free}/v1/palette").status_code == 200
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0
    assert json.loads(output.strip().splitlines()[-1])["event"] == "stopped"


def test_a_second_signal_ends_a_service_immediately(start: Start, free: int) -> None:
    process = start("gateway", free, drain="300")
    assert process.stdout is not None
    assert wait_until(lambda: _readiness(free) is not None, START_SECONDS)
    with socket.create_connection(("127.0.0.1", free)) as client:
        client.sendall(UNFINISHED)
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")  # the body is waited for: the drain cannot end
        process.send_signal(signal.SIGTERM)
        assert any(json.loads(line)["event"] == "draining" for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, json.loads(output.strip().splitlines()[-1])["reason"]) == (1, "stopped a second time")
