"""Jobs through real pods on two nodes. `make pods` runs it; without the namespaces of its own it skips itself."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio_local.processes import ProcessRecords, wait_until
from studio_support.kubernetes.as_pods import as_pods
from studio_support.kubernetes.cluster import Cluster
from studio_support.kubernetes.control_plane import control_plane
from studio_support.kubernetes.node import Node, make_network, services
from studio_support.kubernetes.overlays import KUBERNETES, rendered

NAMESPACE = "studio-local"
NAME = "app.kubernetes.io/name"
OURS = ("gateway", "stencil", "predictor", "postprocess", "reconciler")
PATIENCE = 600.0
BRIEF = {"prompt": "a pond with three green frogs", "surface": {"width_m": 5, "height_m": 5}, "count": 1}


class Pods:
    """The studio in its pods, and a client of it that stands on the nodes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.key = ""

    def named(self, name: str) -> list[dict[str, Any]]:
        """Those that are not on their way out."""
        metadata = [(pod["metadata"], pod) for pod in self.cluster.items("pods", NAMESPACE)]
        return [pod for meta, pod in metadata if meta["labels"].get(NAME) == name and "deletionTimestamp" not in meta]

    def kubectl(self, *arguments: str) -> str:
        done = self.cluster.kubectl("--namespace", NAMESPACE, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def address(self, service: str) -> str:
        if service == "mongodb":
            return str(self.named(service)[0]["status"]["podIP"])
        found = {one["metadata"]["name"]: one for one in self.cluster.items("services", NAMESPACE)}
        return str(found[service]["spec"]["clusterIP"])

    def wait_ready(self) -> None:
        """Each workload has its pods, none of an older release, and all are ready."""

        def all_ready() -> bool:
            return all(
                one["status"].get("observedGeneration") == one["metadata"]["generation"]
                and one["status"].get("updatedReplicas", 0) == one["spec"]["replicas"]
                and one["status"].get("readyReplicas", 0) == one["status"].get("replicas")
                for kind in ("deployments", "statefulsets")
                for one in self.cluster.items(kind, NAMESPACE, "apis/apps/v1")
            )

        if not wait_until(all_ready, PATIENCE):
            raise AssertionError(self.kubectl("get", "pods,events", "--output", "wide"))

    def create_key(self) -> None:
        environment = os.environ | {
            "MONGODB_URL": f"mongodb://{self.address('mongodb')}/?directConnection=true",
            "RABBITMQ_URL": "amqp://127.0.0.1/",
            "OBJECT_STORE_URL": "memory:///",
        }
        command = [str(Path(sys.executable).with_name("studio")), "keys", "create", "tests", "--owner", "tests"]
        self.key = subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout.strip()

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        base = f"http://{self.address('gateway')}"
        return httpx.Client(base_url=base, headers=headers, timeout=10, trust_env=False)

    def create_job(self, client: httpx.Client) -> str:
        """Ask until it is accepted, as a client with an idempotency key may."""
        key = os.urandom(8).hex()
        for _ in range(60):
            try:
                answer = client.post("/v1/jobs", json=BRIEF, headers={"Idempotency-Key": key})
                if answer.status_code == 202:
                    return str(answer.json()["id"])
                assert answer.status_code in (429, 502, 503), answer.text
            except httpx.TransportError:
                pass
            time.sleep(1)
        raise AssertionError("no gateway accepts a job")

    def wait_completed(self, client: httpx.Client, jobs: list[str]) -> None:
        left = set(jobs)

        def all_ended() -> bool:
            for job in list(left):
                try:
                    status = client.get(f"/v1/jobs/{job}").json()["status"]
                except httpx.TransportError:
                    return False
                assert status not in ("failed", "canceled"), client.get(f"/v1/jobs/{job}").text
                if status == "completed":
                    left.discard(job)
            return not left

        assert wait_until(all_ended, PATIENCE), f"not completed: {left}"


@pytest.fixture(scope="session")
def pods() -> Iterator[Pods]:
    given = os.environ.get("STUDIO_PODS")
    if not given:
        pytest.skip("real pods are for `make pods` alone")
    folder = Path(given)
    records = ProcessRecords(folder / "processes.json")
    make_network()
    with ExitStack() as stack:
        (folder / "plane").mkdir()
        access = stack.enter_context(control_plane(folder / "plane"))
        cluster = stack.enter_context(closing(Cluster(access)))
        for number in (1, 2):
            stack.enter_context(Node(number, folder, access, records).running(folder / "images.tar"))
        stack.enter_context(services(folder, access, cluster, NAMESPACE, records))
        disk = folder / "disk"
        disk.mkdir()
        disk.chmod(0o777)  # a hostPath does not get the pod's group
        capacity = {"capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": str(disk)}}
        manifests = as_pods(rendered(KUBERNETES / "overlays" / "local"))
        cluster.apply(
            [{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": capacity}]
        )
        cluster.apply(sorted(manifests, key=lambda one: one["kind"] != "Namespace"))
        found = Pods(cluster)
        found.wait_ready()
        found.create_key()
        yield found


def test_a_job_goes_through_the_pods(pods: Pods) -> None:
    with pods.client() as client:
        job = pods.create_job(client)
        pods.wait_completed(client, [job])
        concept = client.get(f"/v1/jobs/{job}").json()["concepts"][0]
        picture = client.get(concept["pictures"]["quantized"]["url"], follow_redirects=True)
    assert picture.content.startswith(b"\x89PNG")


def test_a_rolling_update_under_load_loses_no_job(pods: Pods) -> None:
    before = {pod["metadata"]["uid"] for name in OURS for pod in pods.named(name)}
    with pods.client() as client:
        jobs = [pods.create_job(client) for _ in range(3)]
        pods.kubectl("rollout", "restart", *(f"deployment/{name}" for name in OURS))
        for _ in range(12):
            jobs.append(pods.create_job(client))
            time.sleep(2)  # the load goes on while pods are replaced
        pods.wait_ready()
        pods.wait_completed(client, jobs)
    assert not before & {pod["metadata"]["uid"] for name in OURS for pod in pods.named(name)}


def test_a_drained_node_loses_no_job(pods: Pods) -> None:
    node = pods.named("gateway")[0]["spec"]["nodeName"]
    with pods.client() as client:
        jobs = [pods.create_job(client) for _ in range(4)]
        pods.kubectl("cordon", node)
        for pod in [pod for name in OURS for pod in pods.named(name) if pod["spec"]["nodeName"] == node]:
            evicted = wait_until(lambda pod=pod: pods.cluster.evict(pod) in (201, 404), PATIENCE)  # type: ignore[misc]
            assert evicted, pod["metadata"]["name"]
            jobs.append(pods.create_job(client))
        pods.wait_ready()
        pods.wait_completed(client, jobs)
        pods.kubectl("uncordon", node)
    assert all(pod["spec"]["nodeName"] != node for name in OURS for pod in pods.named(name))
