"""The manifests as Kubernetes 1.20 knows them: the youngest API server that can be had without a registry.

Nothing is converted but what is listed here, all of it younger than 1.20; schemas of 1.34 check the originals.
"""

import copy
from typing import Any

VERSIONS = {"autoscaling/v2": "autoscaling/v2beta2", "policy/v1": "policy/v1beta1"}


def as_of_1_20(manifest: dict[str, Any]) -> dict[str, Any]:
    """A copy for the older server; the same where it knows everything."""
    older = copy.deepcopy(manifest)
    older["apiVersion"] = VERSIONS.get(older["apiVersion"], older["apiVersion"])
    spec = older.get("spec", {})
    match older["kind"]:
        case "PodDisruptionBudget":
            spec.pop("unhealthyPodEvictionPolicy", None)  # 1.27
        case "NetworkPolicy":
            for rule in (*spec.get("ingress", []), *spec.get("egress", [])):
                for port in rule["ports"]:
                    port.pop("endPort", None)  # 1.21
        case "Deployment" | "StatefulSet":
            _pod(spec["template"]["spec"])
    return older


def _pod(spec: dict[str, Any]) -> None:
    for constraint in spec.get("topologySpreadConstraints", []):
        constraint.pop("matchLabelKeys", None)  # 1.27
    for container in spec["containers"]:
        stopping = container.get("lifecycle", {}).get("preStop", {})
        if sleep := stopping.pop("sleep", None):  # 1.30
            stopping["exec"] = {"command": ["sleep", str(sleep["seconds"])]}
