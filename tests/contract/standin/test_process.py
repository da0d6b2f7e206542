"""`python -m studio_standin` as a process of its own."""

import os
import signal
import subprocess
import sys

import httpx
import pytest

from .conftest import free_port, until


@pytest.mark.parametrize("host", ["", "127.0.0.9"])
def test_it_serves_at_its_address_until_sigterm(host: str) -> None:
    port, address = free_port(), host or "127.0.0.1"
    settings = {
        "STANDIN_HOST": host,
        "STANDIN_PORT": str(port),
        "STANDIN_API_TOKEN": "r8_own",
        "STANDIN_WEBHOOK_SIGNING_KEY": "",
    }
    process = subprocess.Popen([sys.executable, "-m", "studio_standin"], env=os.environ | settings)
    try:
        answer = until(lambda: secret(address, port))
        assert answer.json()["key"].startswith("whsec_"), "a key is made up when none is given"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def secret(address: str, port: int) -> httpx.Response | None:
    headers = {"Authorization": "Bearer r8_own"}
    try:
        return httpx.get(
            f"http://{address}:{port}/v1/webhooks/default/secret", headers=headers, timeout=60, trust_env=False
        )
    except httpx.ConnectError:
        return None
