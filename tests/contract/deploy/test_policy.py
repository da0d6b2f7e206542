"""What every workload must keep to, and which connections the network lets through: these and no other."""

import re
from itertools import product

import yaml

from studio_chassis.runtime.settings import ServiceSettings
from studio_cli.doctor import DoctorSettings
from studio_contracts.services import SERVICES
from studio_gateway.settings import GatewaySettings
from studio_predictor.settings import PredictorSettings
from studio_reconciler.settings import ReconcilerSettings
from studio_support.kubernetes.manifests import Manifests, containers, named, of_kind, pods
from studio_support.kubernetes.overlays import KUBERNETES

MADE_BY_OPERATOR = {"rabbitmq-default-user": {"connection_string"}, "gateway-tls": {"tls.crt", "tls.key"}}
MADE_BY_HAND = {
    "studio-stores": {"MONGODB_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
    "studio-provider": {"REPLICATE_API_TOKEN", "REPLICATE_WEBHOOK_SECRET", "REPLICATE_WEBHOOK_SIGNING_KEY"},
    "rabbitmq-users": set(SERVICES),
    "mongodb-users": set(SERVICES),
    "store-users": {f"{name}-{part}" for name in SERVICES for part in ("id", "secret")},
    "studio-callbacks": {"STUDIO_CALLBACK_SECRET", "STUDIO_CALLBACK_SECRET_PREVIOUS"},
}


def test_all_services_are_there(manifests: Manifests, overlay: str) -> None:
    others = {"mongodb", "seaweedfs", "standin"} if overlay == "local" else set()
    assert set(pods(manifests)) == {*SERVICES, *others}


def test_pods_keep_to_the_restricted_profile(manifests: Manifests) -> None:
    cluster = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]["override"]["statefulSet"]["spec"]["template"]
    for name, pod in {**pods(manifests), "rabbitmq": cluster}.items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        assert not [volume for volume in spec.get("volumes", []) if "hostPath" in volume], name
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert context.get("readOnlyRootFilesystem") or name == "rabbitmq", name
    (namespace,) = of_kind(manifests, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_images_are_pinned(manifests: Manifests) -> None:
    images = {name: container["image"] for name, container in containers(manifests).items()}
    images["rabbitmq"] = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]["image"]
    for name, image in images.items():
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d+(\.\d+)+(-[a-z]+)?", image), name


def test_the_ops_pod_keeps_to_the_same_and_holds_no_secret_of_the_webhooks(operated: Manifests) -> None:
    test_pods_keep_to_the_restricted_profile(operated)
    test_images_are_pinned(operated)
    test_requests_and_limits_are_set(operated)
    test_no_pod_has_a_token_and_each_an_account_of_its_own(operated)
    test_selectors_find_their_own_pods_and_no_others(of_services(operated))
    held = {each["name"] for each in named(operated, "ops")["env"]}
    required = {str(field.validation_alias) for field in DoctorSettings.model_fields.values() if field.is_required()}
    assert required <= held | set(of_kind(operated, "ConfigMap")["studio-settings"]["data"])
    assert not [name for name in held if "WEBHOOK" in name or "CALLBACK" in name]


def of_services(manifests: Manifests) -> Manifests:
    """Without the second names by which the health ports are found."""
    return [each for each in manifests if not each["metadata"]["name"].endswith("-health")]


def images_by_tag_alone(images: list[dict[str, str]]) -> list[str]:
    """Entries of a kustomization's `images` that name a real registry, and its image by a tag that may move."""
    placeholder = "registry.example.com/"
    real = [image for image in images if not image.get("newName", image["name"]).startswith(placeholder)]
    return [image["name"] for image in real if not re.fullmatch(r"sha256:[0-9a-f]{64}", image.get("digest", ""))]


def test_images_of_a_real_registry_are_pinned_by_digest() -> None:
    file = KUBERNETES / "overlays" / "production" / "kustomization.yaml"
    images = yaml.safe_load(file.read_text())["images"]
    assert {image["name"] for image in images} == {f"studio-{name}" for name in (*SERVICES, "ops")}
    assert images_by_tag_alone(images) == []
    digest = f"sha256:{'0' * 64}"
    own = {"name": "studio-gateway", "newName": "eu.gcr.io/acme/gateway"}
    assert images_by_tag_alone([own | {"newTag": "0.1.0"}]) == ["studio-gateway"]
    assert images_by_tag_alone([own | {"digest": "sha256:abc"}]) == ["studio-gateway"]
    assert images_by_tag_alone([own | {"digest": digest}]) == []


def test_requests_and_limits_are_set(manifests: Manifests) -> None:
    resources = {name: container["resources"] for name, container in containers(manifests).items()}
    resources["rabbitmq"] = of_kind(manifests, "RabbitmqCluster")["rabbitmq"]["spec"]["resources"]
    for name, found in resources.items():
        for kind, what in product(("requests", "limits"), ("cpu", "memory")):
            assert found[kind].get(what), f"{name} {kind} {what}"


def test_probes_ask_for_life_and_readiness(manifests: Manifests) -> None:
    for name, container in containers(manifests).items():
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys(), name
        if name in SERVICES:
            assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
            assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
            own = [{"name": "http", "containerPort": 8080}, {"name": "health", "containerPort": 8081}]
            assert container["ports"] == (own if name == "gateway" else [{"name": "http", "containerPort": 8081}])


def test_a_pod_is_given_longer_than_it_drains(manifests: Manifests) -> None:
    drain = float(of_kind(manifests, "ConfigMap")["studio-settings"]["data"]["STUDIO_DRAIN_SECONDS"])
    for name in SERVICES:
        spec = pods(manifests)[name]["spec"]
        pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert spec["terminationGracePeriodSeconds"] >= drain + pause + 10


def test_no_pod_has_a_token_and_each_an_account_of_its_own(manifests: Manifests) -> None:
    accounts = of_kind(manifests, "ServiceAccount")
    for name, pod in pods(manifests).items():
        assert pod["spec"]["serviceAccountName"] == name
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert accounts[name]["automountServiceAccountToken"] is False
    assert set(accounts) == set(pods(manifests))


def test_services_are_spread_and_disrupted_one_at_a_time(manifests: Manifests) -> None:
    budgets = of_kind(manifests, "PodDisruptionBudget")
    for name in SERVICES:
        spread = pods(manifests)[name]["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        selected = budgets[name]["spec"]["selector"]["matchLabels"]
        assert selected.items() <= pods(manifests)[name]["metadata"]["labels"].items()


def test_selectors_find_their_own_pods_and_no_others(manifests: Manifests) -> None:
    for name, found in of_kind(manifests, "Deployment", "StatefulSet").items():
        selector = found["spec"]["selector"]["matchLabels"].items()
        assert [other for other, pod in pods(manifests).items() if selector <= pod["metadata"]["labels"].items()] == [
            name
        ]
    for name, found in of_kind(manifests, "Service").items():
        selector = found["spec"]["selector"].items()
        assert [other for other, pod in pods(manifests).items() if selector <= pod["metadata"]["labels"].items()] == [
            name
        ]


def test_every_setting_a_service_needs_is_given(manifests: Manifests, overlay: str) -> None:
    plain = set(of_kind(manifests, "ConfigMap")["studio-settings"]["data"])
    shared = MADE_BY_HAND["studio-stores"] if overlay == "local" else set()
    needed: dict[str, type[ServiceSettings]] = {
        "gateway": GatewaySettings,
        "predictor": PredictorSettings,
        "reconciler": ReconcilerSettings,
    }
    for name, settings in needed.items():
        given = plain | shared | {each["name"] for each in named(manifests, name)["env"]}
        required = {str(field.validation_alias) for field in settings.model_fields.values() if field.is_required()}
        assert required <= given, name


def test_secrets_are_only_referred_to_and_every_reference_is_met(manifests: Manifests, overlay: str) -> None:
    secrets = {name: set(found["stringData"]) for name, found in of_kind(manifests, "Secret").items()}
    assert bool(secrets) == (overlay == "local")
    known = MADE_BY_OPERATOR | MADE_BY_HAND | secrets
    for container in containers(manifests).values():
        for each in container.get("env", []):
            reference = each["valueFrom"]["secretKeyRef"]
            assert reference.get("optional") or reference["key"] in known[reference["name"]]
        for each in container.get("envFrom", []):
            assert "configMapRef" in each or each["secretRef"]["name"] in known
    for name, found in secrets.items():
        assert found == MADE_BY_HAND.get(name, found)
    config = of_kind(manifests, "ConfigMap")["studio-settings"]["data"]
    assert not [key for key in config if re.search("TOKEN|SECRET|PASSWORD|SIGNING", key)]


def test_each_service_has_users_of_its_own_in_production(manifests: Manifests, overlay: str) -> None:
    for name in SERVICES:
        references = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in named(manifests, name)["env"]}
        if overlay == "production":
            assert references["RABBITMQ_URL"] == {"name": "rabbitmq-users", "key": name}
            assert references["MONGODB_URL"] == {"name": "mongodb-users", "key": name}
            assert references["AWS_ACCESS_KEY_ID"] == {"name": "store-users", "key": f"{name}-id"}
            assert references["AWS_SECRET_ACCESS_KEY"] == {"name": "store-users", "key": f"{name}-secret"}
        else:
            assert references["RABBITMQ_URL"] == {"name": "rabbitmq-default-user", "key": "connection_string"}


def test_only_those_who_buy_hold_the_provider_s_token(manifests: Manifests) -> None:
    def holders(key: str) -> set[str]:
        return {
            name
            for name, container in containers(manifests).items()
            if key in {each["name"] for each in container.get("env", [])} and name in SERVICES
        }

    assert holders("REPLICATE_API_TOKEN") == {"predictor", "reconciler"}
    assert holders("REPLICATE_WEBHOOK_SECRET") == {"gateway", "predictor"}
    assert holders("REPLICATE_WEBHOOK_SECRET_PREVIOUS") == holders("REPLICATE_WEBHOOK_SIGNING_KEY") == {"gateway"}


def test_only_the_secret_that_is_there_during_a_rotation_may_be_missing(manifests: Manifests) -> None:
    optional = {
        each["name"]
        for container in containers(manifests).values()
        for each in container.get("env", [])
        if each["valueFrom"]["secretKeyRef"].get("optional")
    }
    assert optional == {
        "REPLICATE_WEBHOOK_SECRET_PREVIOUS",
        "STUDIO_CALLBACK_SECRET",
        "STUDIO_CALLBACK_SECRET_PREVIOUS",
    }
