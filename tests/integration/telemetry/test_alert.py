"""A bell rings: the real Prometheus, our rules, a real service's /metrics."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from studio_contracts import topology
from studio_local.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "telemetry" / "rules.yaml"


class Prometheus:
    """A client of a running server."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=f"http://{address}/api/v1", trust_env=False)

    def close(self) -> None:
        self._http.close()

    def _data(self, path: str, **query: str) -> dict[str, Any]:
        try:
            return dict(self._http.get(path, params=query).raise_for_status().json()["data"])
        except httpx.HTTPError:  # it is still starting
            return {}

    def knows(self, metric: str) -> bool:
        return bool(self._data("/query", query=metric).get("result"))

    def firing(self) -> dict[str, dict[str, Any]]:
        alerts = self._data("/alerts").get("alerts", [])
        return {alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"}


@pytest.fixture
def prometheus(studio: Any, tmp_path: Path) -> Iterator[Prometheus]:
    """Watches the stencil service every second, with the rules as they are."""
    unpacked = ROOT / ".studio" / "tools" / "prometheus" / "usr" / "bin"
    binary = shutil.which("prometheus") or shutil.which("prometheus", path=str(unpacked))
    if binary is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    target = {"targets": [f"127.0.0.1:{studio.stack.ports['stencil']}"], "labels": {"service": "stencil"}}
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "studio", "static_configs": [target]}],
    }
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    address = f"127.0.0.1:{free_port()}"
    options = {"config.file": "prometheus.yaml", "storage.tsdb.path": "data", "web.listen-address": address}
    with (tmp_path / "log").open("wb") as log:
        command = [binary, *(f"--{name}={value}" for name, value in options.items())]
        server = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        with closing(Prometheus(address)) as client:
            yield client
    finally:
        server.terminate()
        server.wait(30)


def test_a_dead_letter_rings_the_bell_that_is_meant_for_it(studio: Any, prometheus: Prometheus) -> None:
    studio.until(lambda: prometheus.knows("studio_event_loop_lag_seconds"))
    assert "StudioDeadLettersGrowing" not in prometheus.firing()
    from_the_future = {
        "ce-specversion": "1.0",
        "ce-type": "studio.job.created.v9",
        "ce-id": "from-the-future",
        "ce-source": "/studio/gateway",
        "ce-subject": "a-job",
        "ce-time": "2026-01-01T00:00:00Z",
    }
    studio.publish_raw(topology.STENCIL_JOB_CREATED.types[0], b"{}", from_the_future)
    studio.until(lambda: "StudioDeadLettersGrowing" in prometheus.firing())
    alert = prometheus.firing()["StudioDeadLettersGrowing"]
    assert alert["labels"]["queue"] == topology.STENCIL_JOB_CREATED.name
    assert alert["annotations"]["runbook"] == "docs/runbooks/dead-letters.md"
