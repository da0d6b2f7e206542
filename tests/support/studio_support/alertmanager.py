"""The real Alertmanager as a process on loopback, with the routing of deploy/telemetry."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from studio_local.ports import LOOPBACK, free_port, is_listening
from studio_local.processes import wait_until
from studio_support.telemetry_files import TELEMETRY

PROGRAM = "prometheus-alertmanager"
GET = "Debian: apt-get install prometheus-alertmanager"


class Alertmanager:
    """A client of a running server."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._url = f"http://{address}/api/v2/alerts"

    def alert(self, **labels: str) -> None:
        """Report one, as Prometheus does."""
        httpx.post(self._url, json=[{"labels": labels}], timeout=60, trust_env=False).raise_for_status()

    def states(self) -> dict[str, str]:
        """`active`, `suppressed` or `unprocessed`, by the alert's name."""
        return {alert["labels"]["alertname"]: alert["status"]["state"] for alert in self._alerts()}

    def firing(self) -> dict[str, dict[str, Any]]:
        """The alerts that somebody hears of, by name."""
        return {one["labels"]["alertname"]: one for one in self._alerts() if one["status"]["state"] == "active"}

    def _alerts(self) -> list[dict[str, Any]]:
        return list(httpx.get(self._url, timeout=60, trust_env=False).raise_for_status().json())


@contextmanager
def alertmanager(folder: Path, receivers: Mapping[str, str]) -> Iterator[Alertmanager]:
    """Sends immediately to the receivers at these URLs, by name. Skips the test where there is no Alertmanager."""
    binary = shutil.which(PROGRAM) or pytest.skip(f"Alertmanager is missing ({GET})")
    configuration = yaml.safe_load((TELEMETRY / "alertmanager.yaml").read_text())
    configuration["route"]["group_wait"] = "0s"
    configuration["receivers"] = [
        {"name": one["name"], "webhook_configs": [{"url": receivers[one["name"]]}]}
        for one in configuration["receivers"]
    ]
    (folder / "alertmanager.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    address = f"{LOOPBACK}:{port}"
    options = {"config.file": "alertmanager.yaml", "storage.path": "data", "web.listen-address": address}
    with (folder / "alertmanager.log").open("wb") as log:
        command = [binary, "--cluster.listen-address=", *(f"--{name}={value}" for name, value in options.items())]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        assert wait_until(lambda: is_listening(port), 180), (folder / "alertmanager.log").read_text()
        yield Alertmanager(address)
    finally:
        server.terminate()
        server.wait(180)
