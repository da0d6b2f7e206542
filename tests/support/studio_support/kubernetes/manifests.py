"""Finds objects in rendered manifests."""

from typing import Any

Manifests = list[dict[str, Any]]


def of_kind(manifests: Manifests, *kinds: str) -> dict[str, dict[str, Any]]:
    """The objects of these kinds, by name; a ConfigMap's without the hash of what is in it."""
    return {_name(found): found for found in manifests if found["kind"] in kinds}


def _name(manifest: dict[str, Any]) -> str:
    name = str(manifest["metadata"]["name"])
    return name.rpartition("-")[0] if manifest["kind"] == "ConfigMap" else name


def pods(manifests: Manifests) -> dict[str, dict[str, Any]]:
    """Pod templates by the name of their workload."""
    return {name: found["spec"]["template"] for name, found in of_kind(manifests, "Deployment", "StatefulSet").items()}


def containers(manifests: Manifests) -> dict[str, dict[str, Any]]:
    """The one container of each workload, by the workload's name."""
    found = {name: pod["spec"]["containers"] for name, pod in pods(manifests).items()}
    assert all(len(each) == 1 for each in found.values())
    return {name: each[0] for name, each in found.items()}


def named(manifests: Manifests, name: str) -> dict[str, Any]:
    """The container of the workload of that name."""
    (found,) = (each for each in containers(manifests).items() if each[0] == name)
    return found[1]
