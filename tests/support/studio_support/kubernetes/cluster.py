"""A cluster without nodes: they are made up, and report immediately that they did what was asked."""

import json
import ssl
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import yaml

from studio_local.processes import wait_until
from studio_support.kubernetes.control_plane import Access

PATIENCE_SECONDS = 60.0
ROOM = {"cpu": "16", "memory": "64Gi", "pods": "110"}
READY = {"type": "Ready", "status": "True", "reason": "MadeUp"}


class Cluster:
    """A client of a control plane, and in place of the nodes: `until` does what these would do with the pods."""

    def __init__(self, access: Access) -> None:
        trust = ssl.create_default_context(cafile=str(access.certificate))
        headers = {"Authorization": f"Bearer {access.token}"}
        self._api = httpx.Client(base_url=access.address, headers=headers, verify=trust, trust_env=False, timeout=30)
        self._kubeconfig = access.kubeconfig
        self.broken_images: set[str] = set()  # their containers never get ready

    def close(self) -> None:
        self._api.close()

    def kubectl(self, *arguments: str, given: list[dict[str, Any]] | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl, with the manifests on its standard input."""
        cache = self._kubeconfig.with_name("cache")
        command = ["kubectl", f"--kubeconfig={self._kubeconfig}", f"--cache-dir={cache}", *arguments]
        text = yaml.safe_dump_all(given) if given else None
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)

    def apply(self, manifests: list[dict[str, Any]], *options: str) -> list[str]:
        """The output of kubectl for each object. Fails the test with all refusals."""
        done = self.kubectl("apply", *options, "-f", "-", given=manifests)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def add_node(self, name: str) -> None:
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": name}
        self.apply([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}])
        self._patch(
            f"/api/v1/nodes/{name}/status", {"status": {"capacity": ROOM, "allocatable": ROOM, "conditions": [READY]}}
        )

    def items(self, kind: str, namespace: str, api: str = "api/v1") -> list[dict[str, Any]]:
        """Objects of a kind (`pods`) in a namespace."""
        answer = self._api.get(f"/{api}/namespaces/{namespace}/{kind}").raise_for_status()
        return list(answer.json()["items"])

    def evict(self, pod: dict[str, Any]) -> int:
        """Ask for an eviction as `kubectl drain` does; the status of the answer."""
        meta = {key: pod["metadata"][key] for key in ("name", "namespace")}
        wanted = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": meta}
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
        return self._api.post(path, json=wanted).status_code

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the nodes work until it is so."""

        def tried() -> bool:
            self._work()
            return condition()

        if not wait_until(tried, PATIENCE_SECONDS):
            events = self.kubectl("get", "events", "--all-namespaces").stdout
            raise AssertionError(f"it did not happen in time:\n{events[-4000:]}")

    def _work(self) -> None:
        for pod in self._api.get("/api/v1/pods").raise_for_status().json()["items"]:
            path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
            if "nodeName" not in pod["spec"]:
                continue
            if "deletionTimestamp" in pod["metadata"]:
                self._api.request("DELETE", path, json={"gracePeriodSeconds": 0})
            elif pod["status"]["phase"] == "Pending":
                images = {container["image"] for container in pod["spec"]["containers"]}
                running = {"phase": "Running", "conditions": [] if images & self.broken_images else [READY]}
                self._patch(f"{path}/status", {"status": running})

    def _patch(self, path: str, change: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        self._api.patch(path, content=json.dumps(change), headers=headers).raise_for_status()
