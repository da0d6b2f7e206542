"""Kind: the environment holds proxy and certificate variables that others set. They work, or are named at the start."""

import os
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest

from studio_chassis.replicate import http_client
from studio_chassis.replicate.http_client import (
    NO_PROXY_VARIABLES,
    PROXY_VARIABLES,
    environment_faults,
    open_http_client,
)

SETTINGS = {
    "RABBITMQ_URL": "amqp://127.0.0.1:1",
    "MONGODB_URL": "mongodb://127.0.0.1:1",
    "OBJECT_STORE_URL": "file:///tmp/none",
    "REPLICATE_API_TOKEN": "r8_x",
    "REPLICATE_WEBHOOK_SECRET": "a secret of sixteen or more",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, *NO_PROXY_VARIABLES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("value", "ignored"),
    [
        ("::1,fd00::/8", ["fd00::/8"]),
        ("localhost,127.0.0.1,::1,10.0.0.0/8,.internal,*.svc,example.com", []),
        ("[::1],a.example", ["[::1]"]),
        ("", []),
        (" , ,", []),
        ("*", []),
    ],
)
@pytest.mark.parametrize("name", NO_PROXY_VARIABLES)
async def test_any_no_proxy_gives_a_client_and_stays_as_it_was(
    name: str, value: str, ignored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    before = dict(os.environ)
    logged: list[list[str]] = []
    logger = SimpleNamespace(warning=lambda _, entries: logged.append(entries))
    monkeypatch.setattr(http_client, "log", logger)
    async with open_http_client() as client:
        assert isinstance(client, httpx.AsyncClient)
    assert logged == ([ignored] if ignored else [])
    assert dict(os.environ) == before
    assert environment_faults() == []


@pytest.mark.parametrize("name", PROXY_VARIABLES)
@pytest.mark.parametrize(
    "value", ["socks://user:secret@127.0.0.1:1080", "socks5://127.0.0.1:1080", "ftp://x", "http://", "http://h:port"]
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert environment_faults() == [f"{name}: not the URL of an HTTP proxy, such as http://host:3128"]


@pytest.mark.parametrize("value", ["http://proxy:3128", "https://proxy", "proxy:3128", " ", "http://u:p@proxy:1"])
def test_a_proxy_that_can_be_used_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert environment_faults() == []


@pytest.mark.parametrize("path", ["/nowhere/certificates.pem", "/etc", "/etc/passwd"])
def test_certificates_that_cannot_be_read_are_named(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", path)
    (fault,) = environment_faults()
    assert fault.startswith("SSL_CERT_FILE: no certificates can be read from it (")


@pytest.mark.parametrize("command", ["studio_predictor", "studio_reconciler"])
@pytest.mark.parametrize(
    ("name", "value"), [("ALL_PROXY", "socks://127.0.0.1:1080"), ("SSL_CERT_FILE", "/nowhere/certificates.pem")]
)
def test_a_service_names_the_variable_and_ends_with_status_2(command: str, name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", command], env={**os.environ, **SETTINGS, name: value}, capture_output=True, timeout=180
    )
    assert done.returncode == 2
    assert f"{name}: " in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_the_doctor_names_the_variable_and_ends_with_status_2() -> None:
    environment = {**os.environ, **SETTINGS, "SSL_CERT_FILE": "/nowhere/certificates.pem"}
    done = subprocess.run(
        [sys.executable, "-m", "studio_cli", "doctor"], env=environment, capture_output=True, timeout=300
    )
    output = (done.stdout + done.stderr).decode()
    assert "SSL_CERT_FILE: no certificates can be read" in output
    assert "Traceback" not in output
    assert done.returncode == 2
