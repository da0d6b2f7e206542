"""The network lets through the connections that exist and no other."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from studio_contracts.services import SERVICES
from studio_support.kubernetes.flows import Flow, Place, UnknownSelectorError, allowed
from studio_support.kubernetes.manifests import Manifests, containers, named, of_kind, pods

OPEN = {25: "", 80: "", 443: "", 27017: ""}
OTHERS = (
    Place("ingress controller", {}, {}, namespace="nginx-ingress"),
    Place("prometheus", {"app.kubernetes.io/name": "prometheus"}, {9090: ""}, namespace="monitoring"),
    Place(
        "collector", {"app.kubernetes.io/name": "opentelemetry-collector"}, {4317: "", 4318: ""}, namespace="monitoring"
    ),
    Place("keda", {}, {443: ""}, namespace="keda"),
    Place("dns", {"k8s-app": "kube-dns"}, {53: ""}, namespace="kube-system"),
    Place("stranger", {"app.kubernetes.io/component": "service"}, {8080: "http", 5672: ""}, namespace="default"),
    Place("newcomer", {}, {8080: "http"}),  # a pod of ours that no policy but the general ones knows
    Place("internet", {}, OPEN, address="93.184.215.14"),
    Place("database", {}, OPEN, address="10.20.0.5"),
    Place("object store", {}, OPEN, address="10.21.0.5"),
    Place("private host", {}, OPEN, address="10.99.0.5"),
    Place("cloud metadata", {}, OPEN, address="169.254.169.254"),
)
BROKER = Place(
    "rabbitmq",
    {"app.kubernetes.io/name": "rabbitmq", "app.kubernetes.io/component": "rabbitmq"},
    {4369: "", 5672: "amqp", 15672: "management", 15692: "prometheus", 25672: "", 35672: ""},
)


def places(manifests: Manifests) -> list[Place]:
    extra = {"seaweedfs": {9333: "", 8888: ""}}  # other ports that it listens on and that must not be reachable
    found = [
        Place(
            name,
            pod["metadata"]["labels"],
            {port["containerPort"]: port["name"] for port in containers(manifests)[name].get("ports", [])}
            | extra.get(name, {}),
        )
        for name, pod in pods(manifests).items()
    ]
    return [*found, BROKER, *OTHERS]


def flows_that_exist(manifests: Manifests, overlay: str) -> set[Flow]:
    flows = {Flow(name, "dns", 53) for name in (*pods(manifests), "rabbitmq", "newcomer")}
    flows |= {Flow(name, "rabbitmq", 5672) for name in (*SERVICES, "keda")}
    flows |= {Flow("rabbitmq", "rabbitmq", port) for port in (4369, 25672, 35672)}
    flows |= {Flow("prometheus", name, 8081) for name in SERVICES}
    flows |= {Flow("prometheus", "rabbitmq", 15692), Flow("ingress controller", "gateway", 8080)}
    if overlay == "production":
        flows |= {Flow(name, "database", 27017) for name in SERVICES} | {
            Flow(name, "object store", 443) for name in SERVICES
        }
        return flows | {Flow(name, "internet", 443) for name in ("predictor", "reconciler", "postprocess")}
    flows |= {Flow(name, "mongodb", 27017) for name in (*SERVICES, "mongodb")}
    flows |= {Flow(name, "seaweedfs", 8333) for name in SERVICES}
    flows |= {Flow(name, "standin", 18090) for name in ("predictor", "reconciler", "postprocess")}
    return flows | {Flow("standin", "gateway", 8080)}


def test_the_flows_that_exist_are_allowed_and_no_other(manifests: Manifests, overlay: str) -> None:
    policies = list(of_kind(manifests, "NetworkPolicy").values())
    assert allowed(policies, places(manifests)) == flows_that_exist(manifests, overlay)


def test_traces_flow_to_the_collector_where_they_are_wanted_and_nothing_else_changes(traced: Manifests) -> None:
    endpoint = urlsplit(of_kind(traced, "ConfigMap")["studio-settings"]["data"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
    assert (endpoint.hostname or "").split(".")[1] == "monitoring"
    traces = {Flow(name, "collector", endpoint.port or 0) for name in SERVICES}
    found = allowed(list(of_kind(traced, "NetworkPolicy").values()), places(traced))
    assert found == traces | flows_that_exist(traced, "production")


def test_the_ops_pod_reaches_what_an_engineer_looks_at_and_nothing_reaches_it(operated: Manifests) -> None:
    ops = {"rabbitmq": (5672, 15692), "gateway": (8080,), "database": (27017,), "object store": (443,)}
    ops |= {"internet": (443,), "dns": (53,)}
    flows = {Flow("ops", target, port) for target, ports in ops.items() for port in ports}
    flows |= {Flow("ops", name, 8081) for name in SERVICES}
    found = allowed(list(of_kind(operated, "NetworkPolicy").values()), places(operated))
    assert found == flows | flows_that_exist([each for each in operated if not is_ops(each)], "production")


def is_ops(manifest: dict[str, Any]) -> bool:
    return (manifest["kind"], manifest["metadata"]["name"]) == ("Deployment", "ops")


def test_the_ops_pod_finds_each_service_and_the_broker(operated: Manifests) -> None:
    (urls,) = (each["value"] for each in named(operated, "ops")["env"] if each["name"] == "STUDIO_SERVICE_URLS")
    services = of_kind(operated, "Service")
    found = {}
    for url in map(urlsplit, urls.split()):
        if url.hostname in services:
            service = services[url.hostname]["spec"]
            assert [port["port"] for port in service["ports"]] == [url.port]
            assert service["publishNotReadyAddresses"]
            found[service["selector"]["app.kubernetes.io/name"]] = url.port
        else:
            found[url.hostname] = url.port
    assert found == dict.fromkeys(SERVICES, 8081) | {"rabbitmq": 15692}


def test_without_policies_everything_would_be_allowed(manifests: Manifests) -> None:
    everything = allowed([], places(manifests))
    assert Flow("stencil", "gateway", 8080) in everything
    assert Flow("stranger", "rabbitmq", 5672) in everything


@pytest.mark.parametrize("name", ["default-deny", "services", "stores", "rabbitmq", "gateway", "dns"])
def test_taking_away_any_policy_is_noticed(manifests: Manifests, overlay: str, name: str) -> None:
    policies = of_kind(manifests, "NetworkPolicy")
    del policies[name]
    assert allowed(list(policies.values()), places(manifests)) != flows_that_exist(manifests, overlay)


def test_a_selector_that_is_not_understood_is_refused_rather_than_guessed() -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}
    policy = {"spec": {"policyTypes": ["Ingress"], "podSelector": selector}}
    with pytest.raises(UnknownSelectorError):
        allowed([policy], [Place("a", {}, {80: ""})])
