"""The settings that the services are started with."""

from pathlib import Path

import pytest

from studio_local.infrastructure import Endpoints
from studio_local.services import PORT_NAMES, settings

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
