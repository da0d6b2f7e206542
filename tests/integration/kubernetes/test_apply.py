"""The overlays on a real API server with its controllers and scheduler. No container runs: the nodes are made up."""

import copy
from collections import Counter
from typing import Any

import pytest

from studio_support.kubernetes.cluster import Cluster

Manifests = list[dict[str, Any]]
NAME = "app.kubernetes.io/name"


def workloads(manifests: Manifests) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] in ("Deployment", "StatefulSet")}


def pods(cluster: Cluster, namespace: str, name: str | None = None) -> list[dict[str, Any]]:
    """Those that are not on their way out."""
    living = [pod for pod in cluster.items("pods", namespace) if "deletionTimestamp" not in pod["metadata"]]
    return [pod for pod in living if name in (None, pod["metadata"]["labels"][NAME])]


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


def images(found: Manifests) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in found}


@pytest.fixture
def running(applied: Cluster, manifests: Manifests, namespace: str) -> Cluster:
    """Every workload has the pods it should have, and all are ready."""
    wanted = Counter([*workloads(manifests), "gateway"])  # the autoscaler's least is two

    def all_there() -> bool:
        found = pods(applied, namespace)
        return all(map(is_ready, found)) and Counter(pod["metadata"]["labels"][NAME] for pod in found) == wanted

    applied.until(all_there)
    return applied


def test_applying_again_changes_no_workload(running: Cluster, manifests: Manifests, namespace: str) -> None:
    def generations() -> dict[str, int]:
        found = running.items("deployments", namespace, "apis/apps/v1")
        return {one["metadata"]["name"]: one["metadata"]["generation"] for one in found}

    before = generations()
    running.apply(manifests)
    assert generations() == before


def test_our_pods_fit_the_quota_which_refuses_one_without_limits(running: Cluster, namespace: str) -> None:
    def counts() -> bool:
        quotas = running.items("resourcequotas", namespace)  # production has one of its own beside the cluster's
        used = [int(quota.get("status", {}).get("used", {}).get("pods", 0)) for quota in quotas]
        return bool(used) and all(used)  # it may be minutes until all are counted

    running.until(counts)
    container = {"name": "x", "image": "x:1"}
    stranger = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [container]}}
    done = running.kubectl("-n", namespace, "apply", "--dry-run=server", "-f", "-", given=[stranger])
    assert "must specify limits.cpu" in done.stderr


def test_a_pod_holds_no_token_and_its_account_may_do_nothing(running: Cluster, namespace: str) -> None:
    for pod in pods(running, namespace):
        mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0].get("volumeMounts", [])]
        assert not [path for path in mounts if "serviceaccount" in path]
        account = f"system:serviceaccount:{namespace}:{pod['spec']['serviceAccountName']}"
        for asked in (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("patch", "deployments")):
            done = running.kubectl("-n", namespace, "auth", "can-i", *asked, f"--as={account}")
            assert done.stdout.strip() == "no"


def test_a_roll_out_that_gets_not_ready_takes_nothing_away_and_is_undone(running: Cluster, namespace: str) -> None:
    rollout = ("-n", namespace, "rollout")
    (old,) = pods(running, namespace, "predictor")
    bad = old["spec"]["containers"][0]["image"].rpartition(":")[0] + ":6.6.6"
    running.broken_images = {bad}
    assert running.kubectl("-n", namespace, "set", "image", "deployment/predictor", f"service={bad}").returncode == 0
    running.until(lambda: any(pod["status"]["phase"] == "Running" for pod in of_image(running, namespace, bad)))
    assert running.kubectl(*rollout, "status", "deployment/predictor", "--timeout=1s").returncode != 0
    assert [is_ready(pod) for pod in of_image(running, namespace, *images([old]))] == [True]

    assert running.kubectl(*rollout, "undo", "deployment/predictor").returncode == 0
    running.until(lambda: images(pods(running, namespace, "predictor")) == images([old]))
    assert running.kubectl(*rollout, "status", "deployment/predictor", "--timeout=20s").returncode == 0


def of_image(cluster: Cluster, namespace: str, image: str) -> Manifests:
    return [pod for pod in pods(cluster, namespace) if images([pod]) == {image}]


def test_a_roll_out_replaces_every_pod(running: Cluster, namespace: str) -> None:
    before = {pod["metadata"]["name"] for pod in pods(running, namespace, "gateway")}
    assert running.kubectl("-n", namespace, "rollout", "restart", "deployment/gateway").returncode == 0

    def replaced() -> bool:
        found = pods(running, namespace, "gateway")
        return len(found) == 2 and all(map(is_ready, found)) and not before & {pod["metadata"]["name"] for pod in found}

    running.until(replaced)


def test_a_drained_node_takes_one_gateway_at_a_time(running: Cluster, namespace: str) -> None:
    def disruptions_allowed() -> int:
        found = running.items("poddisruptionbudgets", namespace, "apis/policy/v1beta1")
        (own,) = (one for one in found if one["metadata"]["name"] == "gateway")
        return int(own["status"]["disruptionsAllowed"])

    running.until(lambda: disruptions_allowed() == 1)
    first, second = pods(running, namespace, "gateway")
    assert running.evict(first) == 201
    assert running.evict(second) == 429


@pytest.mark.parametrize(
    ("kind", "path", "mistake", "reason"),
    [
        ("Deployment", ("spec", "selector", "matchLabels", NAME), "somebody-else", "does not match"),
        (
            "Deployment",
            ("spec", "template", "spec", "containers", 0, "resources", "requests", "cpu"),
            "9",
            "less than or equal to cpu limit",
        ),
        ("Deployment", ("spec", "template", "spec", "volums"), [], "unknown field"),
        ("NetworkPolicy", ("spec", "policyTypes", 0), "Outgress", "Unsupported value"),
        ("RabbitmqCluster", ("spec", "replicas"), "three", "integer"),
    ],
)
def test_a_mistake_is_refused(
    applied: Cluster, manifests: Manifests, kind: str, path: tuple[Any, ...], mistake: object, reason: str
) -> None:
    manifest = copy.deepcopy(next(one for one in manifests if one["kind"] == kind))
    inner: Any = manifest
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = mistake
    manifest["metadata"]["name"] = "mistaken"
    done = applied.kubectl("apply", "--dry-run=server", "-f", "-", given=[manifest])
    assert done.returncode != 0
    assert reason in done.stderr
