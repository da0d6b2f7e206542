"""The overlays as `kubectl apply -k` would send them."""

import os
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
    return rendered(KUBERNETES / "overlays" / overlay)


@pytest.fixture(scope="session")
def traced(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The production overlay with the component that sends traces."""
    folder = tmp_path_factory.mktemp("traced")
    above = os.path.relpath(KUBERNETES, folder)
    wanted = {"resources": [f"{above}/overlays/production"], "components": [f"{above}/components/tracing"]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted | {"namespace": "studio"}))
    return rendered(folder)


def rendered(folder: Path) -> list[dict[str, Any]]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is missing: it renders the overlays, no cluster is needed")
    shown = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    return list(yaml.safe_load_all(shown.stdout))
