"""The real Prometheus as a process on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from studio_local.ports import LOOPBACK, free_port, is_listening
from studio_local.processes import wait_until
from studio_support import tools
from studio_support.telemetry_files import TELEMETRY

START_SECONDS = 180


class Prometheus:
    """A client of a running server."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=f"http://{address}/api/v1", timeout=60, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def _data(self, path: str, **query: str) -> dict[str, Any]:
        answer = self._http.get(path, params=query)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # it is still starting
            return {}
        assert answer.is_success, answer.text
        return dict(answer.json()["data"])

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples that PromQL finds now."""
        return list(self._data("/query", query=expression).get("result", []))

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """The series that PromQL finds between two instants, in seconds since 1970, a sample each `step` seconds."""
        span = {"start": f"{start}", "end": f"{end}", "step": f"{step}"}
        return list(self._data("/query_range", query=expression, **span).get("result", []))

    def alerts(self) -> set[str]:
        """Names of all alerts there are rules for, as the server has read them."""
        groups = self._data("/rules").get("groups", [])
        return {rule["name"] for group in groups for rule in group["rules"] if rule["type"] == "alerting"}

    def firing(self) -> dict[str, dict[str, Any]]:
        alerts = self._data("/alerts").get("alerts", [])
        return {alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"}


@contextmanager
def prometheus(
    folder: Path, scrape_configs: list[dict[str, Any]], interval: str = "1s", alertmanager: str | None = None
) -> Iterator[Prometheus]:
    """Watches at this interval with our rules, and tells an Alertmanager. Skips the test without a Prometheus."""
    binary = tools.program("prometheus", tools.PROMETHEUS, tools.GET_PROMETHEUS)
    configuration = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [str(TELEMETRY / "rules.yaml")],
        "scrape_configs": scrape_configs,
    }
    if alertmanager is not None:
        configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    address = f"{LOOPBACK}:{port}"
    options = {"config.file": "prometheus.yaml", "storage.tsdb.path": "data", "web.listen-address": address}
    with (folder / "log").open("wb") as log:
        command = [binary, *(f"--{name}={value}" for name, value in options.items())]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        assert wait_until(lambda: is_listening(port), START_SECONDS), (folder / "log").read_text()
        with closing(Prometheus(address)) as client:
            yield client
    finally:
        server.terminate()
        server.wait(START_SECONDS)
