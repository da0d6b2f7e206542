"""How the manifests scale the services, the broker and what comes in."""

from datetime import timedelta

from studio_contracts.services import SERVICES
from studio_contracts.topology import QUEUES
from studio_gateway.http.body_limit import MAX_WEBHOOK_BYTES
from studio_gateway.settings import GatewaySettings
from studio_support.kubernetes.manifests import Manifests, of_kind

SCALED_BY_QUEUE = {name for name, service in SERVICES.items() if service.queues}


def test_workers_scale_by_all_their_queues_and_slower_than_a_job(manifests: Manifests, overlay: str) -> None:
    scaled = of_kind(manifests, "ScaledObject")
    assert set(scaled) == (SCALED_BY_QUEUE if overlay == "production" else set())
    longest = GatewaySettings.model_fields["job_deadline"].default
    for name, found in scaled.items():
        spec = found["spec"]
        asked = {trigger["metadata"]["queueName"] for trigger in spec["triggers"]}
        assert asked == {queue.name for queue in QUEUES if queue.name.startswith(f"{name}.")}
        assert spec["scaleTargetRef"]["name"] == name
        assert spec["minReplicaCount"] == 1
        assert spec["maxReplicaCount"] > 1
        window = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
        assert timedelta(seconds=window["stabilizationWindowSeconds"]) > longest
        assert timedelta(seconds=spec["cooldownPeriod"]) > longest
        for trigger in spec["triggers"]:
            assert trigger["authenticationRef"]["name"] in of_kind(manifests, "TriggerAuthentication")
    assert of_kind(manifests, "HorizontalPodAutoscaler")["gateway"]["spec"]["minReplicas"] >= 2
    for name in {*scaled, "gateway"}:
        assert "replicas" not in of_kind(manifests, "Deployment")[name]["spec"], "would undo what the scaler did"


def test_the_broker_is_a_cluster_of_three_in_production(manifests: Manifests, overlay: str) -> None:
    replicas = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]["replicas"]
    assert replicas == (3 if overlay == "production" else 1)


def test_the_ingress_bounds_bodies_but_lets_every_webhook_in(manifests: Manifests, overlay: str) -> None:
    ingress = of_kind(manifests, "Ingress")["gateway"]
    limit = ingress["metadata"]["annotations"]["nginx.org/client-max-body-size"]
    assert MAX_WEBHOOK_BYTES <= int(limit.removesuffix("m")) * 2**20 <= 4 * MAX_WEBHOOK_BYTES
    assert ("tls" in ingress["spec"]) == (overlay == "production")
