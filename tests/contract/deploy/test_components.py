"""What the components change in production, each by itself and all together."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from studio_contracts.services import SERVICES
from studio_support.kubernetes import crds
from studio_support.kubernetes.flows import Flow, Place, allowed
from studio_support.kubernetes.manifests import Manifests, named, of_kind, pods
from studio_support.kubernetes.overlays import KUBERNETES, rendered
from studio_support.kubernetes.schemas import validate
from studio_support.telemetry_files import ROOT, TELEMETRY

COMPONENTS = sorted(folder.name for folder in (KUBERNETES / "components").iterdir())
CLOUDS = {"eks", "gke"}
CA_FILE = "/etc/studio/broker/ca.crt"


def with_components(folder: Path, *components: str) -> Manifests:
    """An overlay over production, as each component's head describes it."""
    above = os.path.relpath(KUBERNETES, folder)
    wanted: dict[str, Any] = {
        "resources": [f"{above}/overlays/production"],
        "components": [f"{above}/components/{component}" for component in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted | {"namespace": "studio"}))
    return rendered(folder)


@pytest.fixture(scope="module", params=sorted(CLOUDS))
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def everything(cloud: str, tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """All components that can be together."""
    others = [component for component in COMPONENTS if component not in {*CLOUDS, "broker-tls", "gateway-api"}]
    return with_components(
        tmp_path_factory.mktemp("everything"), cloud, *others, "broker-tls"
    )  # which changes what ops sets


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return with_components(tmp_path_factory.mktemp("routed"), "gateway-api")


def egress(manifests: Manifests, name: str, address: str, port: int) -> bool:
    """Whether pods of that name may connect to the address."""
    pod = Place(name, pods(manifests)[name]["metadata"]["labels"], {})
    target = Place("target", {}, {port: ""}, address=address)
    return Flow(name, "target", port) in allowed(list(of_kind(manifests, "NetworkPolicy").values()), [pod, target])


def test_everything_together_is_valid_and_in_one_namespace(everything: Manifests) -> None:
    for manifest in everything:
        validate(manifest)
        assert manifest["metadata"].get("namespace", "studio") == "studio"


def test_in_a_cloud_a_service_has_a_role_by_its_account_and_no_key(everything: Manifests, cloud: str) -> None:
    annotation = {"eks": "eks.amazonaws.com/role-arn", "gke": "iam.gke.io/gcp-service-account"}[cloud]
    roles = set()
    for name in SERVICES:
        assert not [each for each in named(everything, name)["env"] if each["name"].startswith("AWS_")]
        roles.add(of_kind(everything, "ServiceAccount")[name]["metadata"]["annotations"][annotation])
    assert len(roles) == len(SERVICES)
    store = of_kind(everything, "ConfigMap")["studio-settings"]["data"]["OBJECT_STORE_URL"]
    assert store.partition("://")[0] == {"eks": "s3", "gke": "gs"}[cloud]


@pytest.mark.parametrize("name", SERVICES)
def test_the_network_lets_a_service_get_its_identity_and_its_names(
    everything: Manifests, cloud: str, name: str
) -> None:
    if cloud == "eks":
        assert egress(everything, name, "10.22.0.7", 443)
        assert egress(everything, name, "169.254.170.23", 80)
        assert not egress(everything, name, "169.254.169.254", 80), "the node's own role"
        return
    assert egress(everything, name, "169.254.20.10", 53)
    assert egress(everything, name, "169.254.169.254", 53)
    assert egress(everything, name, "169.254.169.254", 80)
    assert egress(everything, name, "169.254.169.252", 988)
    assert egress(everything, name, "199.36.153.9", 443)
    assert not egress(everything, name, "169.254.169.254", 443)


def test_the_certificate_s_secret_is_the_ingress_s(everything: Manifests) -> None:
    ingress = of_kind(everything, "Ingress")["gateway"]
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"]
    assert "nginx.org/client-max-body-size" in ingress["metadata"]["annotations"]
    assert ingress["spec"]["tls"][0]["secretName"] == "gateway-tls"


def test_every_secret_that_is_made_by_hand_comes_from_the_vault(everything: Manifests) -> None:
    vault = of_kind(everything, "ExternalSecret")
    used = {
        each["valueFrom"]["secretKeyRef"]["name"]
        for name in SERVICES
        for each in named(everything, name)["env"]
        if not each["valueFrom"]["secretKeyRef"].get("optional")
    }
    assert used - {"rabbitmq-default-user"} <= set(vault)
    assert all(one["spec"]["target"]["name"] == name for name, one in vault.items())


def test_the_monitors_scrape_what_prometheus_does_elsewhere(everything: Manifests) -> None:
    monitors = of_kind(everything, "PodMonitor").values()
    ends = [end for one in monitors for end in one["spec"]["podMetricsEndpoints"]]
    found = {_label(end, "job"): (end.get("path", "/metrics"), end.get("params")) for end in ends}
    scrapes = yaml.safe_load((TELEMETRY / "prometheus.yaml").read_text())["scrape_configs"]
    wanted = {one["job_name"]: (one.get("metrics_path", "/metrics"), one.get("params")) for one in scrapes}
    assert found == wanted
    studio = of_kind(everything, "PodMonitor")["studio"]["spec"]["selector"]["matchLabels"].items()
    assert {name for name, pod in pods(everything).items() if studio <= pod["metadata"]["labels"].items()} == set(
        SERVICES
    )


def test_the_guide_s_command_wraps_the_rules_as_they_are() -> None:
    guide = (KUBERNETES / "README.md").read_text()
    command = guide.partition("```\n{ printf")[2].partition("} | kubectl")[0]
    done = subprocess.run(["bash", "-c", f"printf{command}"], cwd=ROOT, capture_output=True, text=True, check=True)
    made = yaml.safe_load(done.stdout)
    assert made["kind"] == "PrometheusRule"
    assert made["spec"] == yaml.safe_load((TELEMETRY / "rules.yaml").read_text())


def _label(end: dict[str, Any], name: str) -> str:
    (found,) = (one["replacement"] for one in end["relabelings"] if one["targetLabel"] == name)
    return str(found)


def broker_flow(manifests: Manifests, name: str, port: int) -> bool:
    """Whether pods of that name may connect to the broker there, as both of their policies see it."""
    everywhere = {**{own: pod["metadata"]["labels"] for own, pod in pods(manifests).items()}, **of_cron_jobs(manifests)}
    places = [Place(own, labels, {}) for own, labels in everywhere.items()]
    broker = Place("rabbitmq", {"app.kubernetes.io/name": "rabbitmq"}, {port: ""})
    keda = Place("keda", {}, {}, namespace="keda")
    found = allowed(list(of_kind(manifests, "NetworkPolicy").values()), [*places, broker, keda])
    return Flow(name, "rabbitmq", port) in found


def of_cron_jobs(manifests: Manifests) -> dict[str, dict[str, str]]:
    found = of_kind(manifests, "CronJob").items()
    return {name: one["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"] for name, one in found}


def test_with_broker_tls_only_the_scaler_connects_without_it(everything: Manifests) -> None:
    for name in (*SERVICES, "ops"):
        assert broker_flow(everything, name, 5671)
        assert not broker_flow(everything, name, 5672)
    assert broker_flow(everything, "keda", 5672)
    assert not broker_flow(everything, "keda", 5671)


def test_every_client_of_the_broker_has_its_authority_and_the_certificate_its_name(everything: Manifests) -> None:
    certificate = of_kind(everything, "Certificate")["rabbitmq"]["spec"]
    cluster = of_kind(everything, "RabbitmqCluster")["rabbitmq"]["spec"]
    assert cluster["tls"]["secretName"] == certificate["secretName"]
    assert "rabbitmq" in certificate["dnsNames"]
    for name in (*SERVICES, "ops"):
        pod, container = pods(everything)[name]["spec"], named(everything, name)
        (mounted,) = (one["mountPath"] for one in container["volumeMounts"] if one["name"] == "broker")
        (volume,) = (one["secret"] for one in pod["volumes"] if one["name"] == "broker")
        assert (volume["secretName"], f"{mounted}/{volume['items'][0]['path']}") == (certificate["secretName"], CA_FILE)
    (url,) = (one["value"] for one in named(everything, "ops")["env"] if one["name"] == "RABBITMQ_URL")
    assert (url.partition("://")[0], url.partition("?")[2]) == ("amqps", f"cafile={CA_FILE}")
    described = (KUBERNETES / "components" / "broker-tls" / "kustomization.yaml").read_text()
    assert f"--host rabbitmq:5671 --ca-file {CA_FILE}" in described


def test_the_broker_s_definitions_are_copied_to_where_the_ops_pod_reads_them(everything: Manifests) -> None:
    assert broker_flow(everything, "broker-definitions", 15672)
    assert not broker_flow(everything, "ops", 15672)
    job = of_kind(everything, "CronJob")["broker-definitions"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for spec in (job, pods(everything)["ops"]["spec"]):
        (copies,) = (one["persistentVolumeClaim"]["claimName"] for one in spec["volumes"] if one["name"] == "copies")
        assert copies == "broker-definitions"
    assert "broker-definitions" in of_kind(everything, "PersistentVolumeClaim")
    assert job["containers"][0]["image"] == named(everything, "ops")["image"]


@pytest.mark.parametrize("cloud_class", [("eks", "gp3"), ("gke", "premium-rwo")])
def test_a_cloud_s_broker_has_a_disk_of_a_named_class(tmp_path: Path, cloud_class: tuple[str, str]) -> None:
    cloud, wanted = cloud_class
    cluster = of_kind(with_components(tmp_path, cloud), "RabbitmqCluster")["rabbitmq"]["spec"]
    assert cluster["persistence"] == {"storage": "20Gi", "storageClassName": wanted}


@pytest.mark.parametrize("name", [*SERVICES, "ops"])
def test_every_port_of_atlas_is_reached_and_no_other(everything: Manifests, name: str) -> None:
    assert all(egress(everything, name, "10.20.0.7", port) for port in (27015, 27016, 27017))
    assert not egress(everything, name, "10.20.0.7", 27018)


def test_a_route_of_the_gateway_api_takes_the_place_of_the_ingress(routed: Manifests, everything: Manifests) -> None:
    assert "gateway" not in of_kind(routed, "Ingress")
    route = of_kind(routed, "HTTPRoute")["gateway"]
    crds.validate(route)
    (rule,) = route["spec"]["rules"]
    kinds = {"Exact": "Exact", "PathPrefix": "Prefix"}
    found = [(one["path"]["value"], kinds[one["path"]["type"]]) for one in rule["matches"]]
    ingress = of_kind(everything, "Ingress")["gateway"]["spec"]["rules"][0]
    assert found == [(one["path"], one["pathType"]) for one in ingress["http"]["paths"]]
    assert route["spec"]["hostnames"] == [ingress["host"]]
    service = of_kind(routed, "Service")["gateway"]["spec"]["ports"][0]["port"]
    assert rule["backendRefs"] == [{"name": "gateway", "port": service}]


def test_the_gateway_api_s_pods_reach_the_gateway_and_nothing_else(routed: Manifests) -> None:
    (parent,) = of_kind(routed, "HTTPRoute")["gateway"]["spec"]["parentRefs"]
    proxy = Place("proxy", {}, {}, namespace=parent["namespace"])
    ours = [Place(name, pod["metadata"]["labels"], {8080: "http", 8081: ""}) for name, pod in pods(routed).items()]
    flows = allowed(list(of_kind(routed, "NetworkPolicy").values()), [proxy, *ours])
    assert {flow for flow in flows if flow.source == "proxy"} == {Flow("proxy", "gateway", 8080)}
