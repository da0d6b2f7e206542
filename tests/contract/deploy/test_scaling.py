"""How the manifests scale the services, the broker and what comes in."""

from datetime import timedelta

from studio_contracts.services import SERVICES
from studio_contracts.topology import QUEUES
from studio_gateway.http.body_limit import MAX_WEBHOOK_BYTES
from studio_gateway.settings import GatewaySettings
from studio_support.kubernetes.manifests import Manifests, named, of_kind, pods

BROKER = {"matchLabels": {"app.kubernetes.io/name": "rabbitmq"}}
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
        assert spec["minReplicaCount"] == 2, "one lost node silences a service of one replica"
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


def test_the_quota_holds_all_that_the_scalers_may_ask_for_and_little_more(manifests: Manifests, overlay: str) -> None:
    if overlay != "production":
        return
    hard = of_kind(manifests, "ResourceQuota")["studio"]["spec"]["hard"]
    most = {name: one["spec"]["maxReplicaCount"] for name, one in of_kind(manifests, "ScaledObject").items()}
    most["gateway"] = of_kind(manifests, "HorizontalPodAutoscaler")["gateway"]["spec"]["maxReplicas"]
    broker = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]
    asked = [(count + 1, named(manifests, name)["resources"]) for name, count in most.items()]  # one more in a roll-out
    asked += [(broker["replicas"], broker["resources"])]
    for limit in ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory"):
        part, resource = limit.split(".")
        wanted = sum(count * amount(resources[part][resource]) for count, resources in asked)
        assert wanted <= amount(hard[limit]) <= 1.2 * wanted, (limit, wanted)
    pods = sum(count for count, _ in asked)
    assert pods <= int(hard["pods"]) <= 1.2 * pods


def amount(quantity: str) -> float:
    """In cores or bytes."""
    units = {"m": 1e-3, "Mi": 2.0**20, "Gi": 2.0**30}
    unit = next((unit for unit in units if quantity.endswith(unit)), "")
    return float(quantity.removesuffix(unit)) * units.get(unit, 1)


def test_what_holds_up_clients_is_placed_before_what_waits_in_queues(manifests: Manifests, overlay: str) -> None:
    if overlay != "production":
        return
    value = {name: one["value"] for name, one in of_kind(manifests, "PriorityClass").items()}
    broker = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]["override"]["statefulSet"]["spec"]["template"]
    rank = {name: value[pod["spec"]["priorityClassName"]] for name, pod in pods(manifests).items()}
    urgent = {rank[name] for name in ("gateway", "predictor", "reconciler")}
    assert urgent == {value[broker["spec"]["priorityClassName"]]}
    assert max(rank["stencil"], rank["postprocess"]) < min(urgent)


def test_no_node_holds_two_brokers_and_no_zone_in_production(manifests: Manifests, overlay: str) -> None:
    spec = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]
    (apart,) = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert (apart["topologyKey"], apart["labelSelector"]) == ("kubernetes.io/hostname", BROKER)
    spread = spec["override"]["statefulSet"]["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
    zones = [(one["topologyKey"], one["whenUnsatisfiable"], one["labelSelector"], one["maxSkew"]) for one in spread]
    hard = [("topology.kubernetes.io/zone", "DoNotSchedule", BROKER, 1)]
    assert zones == (hard if overlay == "production" else [])
