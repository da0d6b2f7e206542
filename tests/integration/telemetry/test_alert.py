"""A bell rings: the real Prometheus, our rules, a real service's /metrics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_contracts import topology
from studio_support.prometheus import Prometheus, prometheus


@pytest.fixture
def watching(studio: Any, tmp_path: Path) -> Iterator[Prometheus]:
    """Sees the stencil service alone."""
    target = {"targets": [f"127.0.0.1:{studio.stack.ports['stencil']}"], "labels": {"service": "stencil"}}
    with prometheus(tmp_path, [{"job_name": "studio", "static_configs": [target]}]) as server:
        yield server


def test_a_dead_letter_fires_its_alert(studio: Any, watching: Prometheus) -> None:
    studio.until(lambda: bool(watching.query("studio_event_loop_lag_seconds")))
    assert "StudioDeadLettersGrowing" not in watching.firing()
    from_the_future = {
        "ce-specversion": "1.0",
        "ce-type": "studio.job.created.v9",
        "ce-id": "from-the-future",
        "ce-source": "/studio/gateway",
        "ce-subject": "a-job",
        "ce-time": "2026-01-01T00:00:00Z",
    }
    studio.publish_raw(topology.STENCIL_JOB_CREATED.types[0], b"{}", from_the_future)
    studio.until(lambda: "StudioDeadLettersGrowing" in watching.firing())
    alert = watching.firing()["StudioDeadLettersGrowing"]
    assert alert["labels"]["queue"] == topology.STENCIL_JOB_CREATED.name
    assert alert["annotations"]["runbook"] == "docs/runbooks/dead-letters.md"
    studio.dead_letter(topology.STENCIL_JOB_CREATED.dead_letter_queue)  # none is left for other tests,
    studio.stack.restart("stencil")  # and none is counted: to another Prometheus all that is counted is new
