"""One control plane for all tests, with the overlays applied to it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from studio_support.kubernetes import crds
from studio_support.kubernetes.cluster import Cluster
from studio_support.kubernetes.control_plane import control_plane
from studio_support.kubernetes.older import as_of_1_20
from studio_support.kubernetes.overlays import KUBERNETES, OVERLAYS, rendered

NAMESPACES = {"local": "studio-local", "production": "studio"}
NODES = ("first", "second")
# One that counts limits refuses every pod that does not state them.
QUOTA = {"hard": {"pods": "64", "requests.cpu": "64", "limits.cpu": "64", "limits.memory": "256Gi"}}
DISK = {
    "capacity": {"storage": "2Gi"},
    "accessModes": ["ReadWriteOnce"],
    "hostPath": {"path": "/nowhere"},
}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With two nodes, a disk, and the custom resources of the operators, but without operators."""
    with (
        control_plane(tmp_path_factory.mktemp("kubernetes")) as access,
        closing(Cluster(access)) as cluster,
    ):
        for name in NODES:
            cluster.add_node(name)
        disk = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": DISK}
        cluster.apply([disk, *crds.definitions()])
        established = ("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        assert cluster.kubectl(*established).returncode == 0
        yield cluster


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def namespace(overlay: str) -> str:
    return NAMESPACES[overlay]


@pytest.fixture(scope="session")
def manifests(overlay: str) -> list[dict[str, Any]]:
    """As the older server knows them."""
    return [as_of_1_20(manifest) for manifest in rendered(KUBERNETES / "overlays" / overlay)]


@pytest.fixture(scope="session")
def applied(cluster: Cluster, manifests: list[dict[str, Any]], namespace: str) -> Cluster:
    """With the overlay applied into a namespace that has a quota."""
    (own,) = (manifest for manifest in manifests if manifest["kind"] == "Namespace")
    metadata = {"name": "quota", "namespace": namespace}
    cluster.apply([own, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": QUOTA}])
    cluster.apply(manifests, "--dry-run=server")
    cluster.apply(manifests)
    return cluster
