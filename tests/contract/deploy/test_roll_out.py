"""The command that replaces the services one after the other, with a `kubectl` that notes what it is asked."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from studio_contracts.services import SERVICES
from studio_support.kubernetes.manifests import Manifests, of_kind
from studio_support.kubernetes.overlays import KUBERNETES
from studio_support.telemetry_files import ROOT

SCRIPT = KUBERNETES / "roll-out.sh"
FAKE = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
case "$*" in *"rollout status deployment/$UNREADY "*) exit 1 ;; esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kubectl").write_text(FAKE)
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def replaced(calls: Path) -> list[str]:
    """The services in the order in which they were waited for."""
    words = [shlex.split(line) for line in calls.read_text().splitlines()]
    return [one[4].removeprefix("deployment/") for one in words if one[2:4] == ["rollout", "status"]]


def test_the_services_are_replaced_in_the_order_of_the_runbook(calls: Path) -> None:
    done = subprocess.run([SCRIPT, "overlay"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    order = replaced(calls)
    assert sorted(order) == sorted(SERVICES)
    assert ", ".join(order) in " ".join((ROOT / "docs" / "runbooks" / "deploy.md").read_text().split())
    assert "undo" not in calls.read_text()


def test_a_service_that_does_not_get_ready_is_rolled_back_and_the_rest_is_left_alone(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNREADY", "stencil")
    done = subprocess.run([SCRIPT, "overlay"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, replaced(calls)) == (1, ["postprocess", "predictor", "stencil"])
    assert calls.read_text().splitlines()[-1] == "-n studio rollout undo deployment/stencil"
    assert "stencil did not get ready" in done.stderr


def test_a_service_s_selector_finds_its_deployment_and_no_other(manifests: Manifests) -> None:
    for name, deployment in of_kind(manifests, "Deployment").items():
        labels = deployment["metadata"].get("labels", {})
        is_service = labels.get("app.kubernetes.io/component") == "service"
        assert is_service == (name in SERVICES)
        assert not is_service or labels["app.kubernetes.io/name"] == name
    others = [one for one in manifests if one["kind"] != "Deployment"]
    assert not [
        one for one in others if one["metadata"].get("labels", {}).get("app.kubernetes.io/component") == "service"
    ]
