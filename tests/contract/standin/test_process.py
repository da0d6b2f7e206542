"""`python -m studio_standin` as a process of its own."""

import os
import signal
import subprocess
import sys

import httpx

from .conftest import free_port, until


def test_it_serves_until_told_to_stop() -> None:
    port = free_port()
    settings = {"STANDIN_PORT": str(port), "STANDIN_API_TOKEN": "r8_own", "STANDIN_WEBHOOK_SIGNING_KEY": ""}
    process = subprocess.Popen([sys.executable, "-m", "studio_standin"], env=os.environ | settings)
    try:
        answer = until(lambda: secret(port))
        assert answer.json()["key"].startswith("whsec_"), "a key is made up when none is given"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def secret(port: int) -> httpx.Response | None:
    headers = {"Authorization": "Bearer r8_own"}
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v1/webhooks/default/secret", headers=headers, trust_env=False)
    except httpx.ConnectError:
        return None
