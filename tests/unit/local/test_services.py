"""The settings that the services are started with."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from studio_local.infrastructure import Endpoints
from studio_local.services import PORT_NAMES, is_ready, settings

ENDPOINTS = Endpoints("amqp://broker", "mongodb://database", "studio")
PORTS = {name: 21000 + number for number, name in enumerate(PORT_NAMES)}
SECRETS = {"webhook_token": "w" * 32, "webhook_signing_key": "whsec_c3R1ZGlv", "provider": "p" * 32}


def made(caller: dict[str, str]) -> dict[str, str]:
    return settings(ENDPOINTS, Path("/data/objects"), PORTS, SECRETS, caller)


def test_without_a_token_everything_points_to_the_stand_in() -> None:
    environment = made({"PATH": "/bin"})
    assert environment["REPLICATE_API_BASE"] == "http://127.0.0.1:21001/v1"
    assert environment["STUDIO_DOWNLOAD_HOSTS"] == "http://127.0.0.1:21001"
    assert environment["PUBLIC_BASE_URL"] == "http://127.0.0.1:21000"
    assert environment["REPLICATE_API_TOKEN"] == environment["STANDIN_API_TOKEN"]
    assert environment["REPLICATE_WEBHOOK_SIGNING_KEY"] == environment["STANDIN_WEBHOOK_SIGNING_KEY"]
    assert environment["OBJECT_STORE_URL"] == "file:///data/objects"
    assert environment["PATH"] == "/bin"


@pytest.mark.parametrize("caller", [{}, {"PUBLIC_BASE_URL": "https://studio.example"}])
def test_with_a_token_replicate_itself_is_used(caller: dict[str, str]) -> None:
    environment = made(caller | {"REPLICATE_API_TOKEN": "r8_real"})
    assert environment["REPLICATE_API_TOKEN"] == "r8_real"
    assert environment.get("PUBLIC_BASE_URL") == caller.get("PUBLIC_BASE_URL")
    assert not {"REPLICATE_API_BASE", "STUDIO_DOWNLOAD_HOSTS", "STANDIN_API_TOKEN"} & environment.keys()


def test_the_studio_command_finds_the_gateway_of_this_stack() -> None:
    assert made({})["STUDIO_GATEWAY_URL"] == "http://127.0.0.1:21000"


@pytest.fixture
def stranger(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that answers everything with the parameter as its body."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(request.param)

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(
    ("stranger", "ready"),
    [
        (json.dumps({"instance": "ours"}).encode(), True),
        (json.dumps({"instance": "another"}).encode(), False),
        (json.dumps({"status": "fine"}).encode(), False),
        (b"[1]", False),
        (b"<html>", False),
    ],
    indirect=["stranger"],
)
def test_a_port_on_which_somebody_else_answers_is_not_our_service(stranger: int, ready: bool) -> None:
    assert is_ready(stranger, "ours") is ready
