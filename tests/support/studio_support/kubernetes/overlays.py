"""Render the overlays of deploy/kubernetes."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBERNETES = Path(__file__).parents[4] / "deploy" / "kubernetes"
OVERLAYS = ("local", "production")


def rendered(folder: Path) -> list[dict[str, Any]]:
    """The manifests of a kustomization. Skips the test without kubectl."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is missing: it renders the overlays, no cluster is needed")
    shown = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    return list(yaml.load_all(shown.stdout, yaml.CSafeLoader))
