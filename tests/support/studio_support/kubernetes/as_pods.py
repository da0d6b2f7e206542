"""The local overlay for nodes that can pull no image and have no operator.

Nothing is changed but what stands here, and what `older.py` leaves out; our own services run as they are written.
"""

from typing import Any

from studio_support.kubernetes.older import as_of_1_20

BROKER = "rabbitmq"
BROKER_IMAGE, DATABASE_IMAGE, STORE_IMAGE = "rabbitmq:3.10-management", "mongo:6.0", "studio-test-seaweedfs:4.48"
PASSWORD = "of-the-tests"


def as_pods(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stand-ins for the public images; a plain broker in the place of the operator's."""
    found: list[dict[str, Any]] = []
    for manifest in map(as_of_1_20, manifests):
        match manifest["kind"], manifest["metadata"]["name"]:
            case "RabbitmqCluster", _:
                found += _broker(manifest["metadata"]["namespace"])
            case "StatefulSet", "mongodb":
                container = _container(manifest)
                container["image"] = DATABASE_IMAGE
                container["startupProbe"]["exec"]["command"] = ["mongo-rs-init", "mongodb:27017"]  # there is no mongosh
                found.append(manifest)
            case "Deployment", "seaweedfs":
                _container(manifest)["image"] = STORE_IMAGE
                found.append(manifest)
            case _:
                found.append(manifest)
    return found


def _container(workload: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = workload["spec"]["template"]["spec"]["containers"][0]
    return container


def _broker(namespace: str) -> list[dict[str, Any]]:
    """What the operator makes of a RabbitmqCluster and the services depend on: a secret, a service, a pod."""
    metadata = {"name": BROKER, "namespace": namespace}
    labels = {"app.kubernetes.io/name": BROKER}
    secret = {"connection_string": f"amqp://studio:{PASSWORD}@{BROKER}:5672/"}
    settings = {"RABBITMQ_DEFAULT_USER": "studio", "RABBITMQ_DEFAULT_PASS": PASSWORD}
    container = {
        "name": BROKER,
        "image": BROKER_IMAGE,
        "env": [{"name": name, "value": value} for name, value in settings.items()],
        "readinessProbe": {"tcpSocket": {"port": 5672}, "periodSeconds": 3},
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "2", "memory": "1Gi"},
        },
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "enableServiceLinks": False}}
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata | {"name": f"{BROKER}-default-user"},
            "stringData": secret,
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "selector": labels,
                "ports": [{"name": "amqp", "port": 5672}, {"name": "management", "port": 15672}],
            },
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": metadata,
            "spec": {"serviceName": BROKER, "replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        },
    ]
