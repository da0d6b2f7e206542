"""The overlays as `kubectl apply -k` would send them."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from studio_support.kubernetes.overlays import KUBERNETES, OVERLAYS, rendered


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def manifests(overlay: str) -> list[dict[str, Any]]:
    return rendered(KUBERNETES / "overlays" / overlay)


@pytest.fixture(scope="session")
def traced(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The production overlay with the component that sends traces."""
    return production_with("tracing", tmp_path_factory.mktemp("traced"))


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The production overlay with the pod that holds the `studio` command."""
    return production_with("ops", tmp_path_factory.mktemp("operated"))


def production_with(component: str, folder: Path) -> list[dict[str, Any]]:
    """The production overlay with a component."""
    above = os.path.relpath(KUBERNETES, folder)
    wanted = {"resources": [f"{above}/overlays/production"], "components": [f"{above}/components/{component}"]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted | {"namespace": "studio"}))
    return rendered(folder)
