"""Every manifest against the schema of its kind, offline: Kubernetes' own, and ours for the custom resources."""

from collections import Counter
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from studio_support.kubernetes import crds
from studio_support.kubernetes.schemas import validate


def test_every_manifest_is_valid(
    manifests: list[dict[str, Any]], traced: list[dict[str, Any]], operated: list[dict[str, Any]]
) -> None:
    assert len(manifests) > 30
    for manifest in (*manifests, *traced, *operated):
        validate(manifest)


def test_no_object_is_there_twice(manifests: list[dict[str, Any]]) -> None:
    seen = Counter((manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests)
    assert [key for key, times in seen.items() if times > 1] == []


def test_everything_is_in_the_overlay_s_own_namespace(manifests: list[dict[str, Any]], overlay: str) -> None:
    namespace = {"local": "studio-local", "production": "studio"}[overlay]
    for manifest in manifests:
        where = "name" if manifest["kind"] == "Namespace" else "namespace"
        if manifest["kind"] != "PriorityClass":  # a cluster has them for all namespaces
            assert manifest["metadata"][where] == namespace


def scaled_object(**changes: Any) -> dict[str, Any]:
    trigger = {"type": "rabbitmq", "metadata": {"queueName": "q", "mode": "QueueLength", "value": "1"}}
    spec = {"scaleTargetRef": {"name": "stencil"}, "triggers": [trigger]} | changes
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x"}, "spec": spec}


def test_a_custom_resource_in_order_is_accepted() -> None:
    crds.validate(scaled_object())


@pytest.mark.parametrize(
    "changes",
    [{"minReplicas": 1}, {"triggers": []}, {"scaleTargetRef": {}}, {"cooldownPeriod": "300"}, {"minReplicaCount": -1}],
)
def test_a_custom_resource_with_a_mistake_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        crds.validate(scaled_object(**changes))


def test_a_misspelt_field_of_kubernetes_is_refused() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"port": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(service)
