"""The overlays as `kubectl apply -k` would send them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBERNETES = Path(__file__).parents[3] / "deploy" / "kubernetes"
OVERLAYS = ("local", "production")


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def manifests(overlay: str) -> list[dict[str, Any]]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is missing: it renders the overlays, no cluster is needed")
    command = ["kubectl", "kustomize", str(KUBERNETES / "overlays" / overlay)]
    rendered = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert rendered.returncode == 0, rendered.stderr
    return list(yaml.safe_load_all(rendered.stdout))
