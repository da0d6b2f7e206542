"""deploy/compose.yaml with the example's settings, as compose itself understands it. No engine is needed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from studio_chassis.runtime.settings import ServiceSettings, read_settings
from studio_contracts.broker_rights import permissions
from studio_contracts.database_rights import roles
from studio_contracts.store_rights import seaweedfs_identities
from studio_gateway.settings import GatewaySettings
from studio_postprocess.io.download import read_allow_list
from studio_postprocess.settings import PostprocessSettings
from studio_predictor.settings import PredictorSettings
from studio_reconciler.settings import ReconcilerSettings
from studio_standin.settings import Settings as StandinSettings
from studio_stencil.settings import StencilSettings

DEPLOY = Path(__file__).parents[3] / "deploy"
SETTINGS: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "stencil": StencilSettings,
    "predictor": PredictorSettings,
    "postprocess": PostprocessSettings,
    "reconciler": ReconcilerSettings,
}
STORES = ("rabbitmq", "mongodb", "seaweedfs")
TELEMETRY = ("prometheus", "alertmanager", "grafana")
PINNABLE = {f"{name.upper()}_IMAGE" for name in ("python", *STORES, *TELEMETRY)}
"""Variables by which an image of others can be pinned by its digest."""


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    return shown_parts({})


def shown_parts(environment: dict[str, str]) -> dict[str, Any]:
    """The services by name, everything interpolated."""
    compose = shutil.which("docker-compose", path=Path(sys.executable).parent)
    assert compose, "docker-compose comes with requirements.lock"
    options = ["-f", str(DEPLOY / "compose.yaml"), "--env-file", str(DEPLOY / ".env.example"), "--profile", "*"]
    command = [compose, *options, "config", "--format", "json"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | environment)
    assert shown.returncode == 0, shown.stderr
    return dict(json.loads(shown.stdout)["services"])


def example() -> dict[str, str]:
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_all_parts_are_there_and_postprocess_twice(parts: dict[str, Any]) -> None:
    assert set(parts) == {*SETTINGS, *STORES, "cli", "standin", *TELEMETRY}
    assert parts["postprocess"]["deploy"]["replicas"] == 2
    assert parts["standin"]["profiles"] == ["standin"]
    assert parts["cli"]["profiles"] == ["cli"]
    assert all(parts[name]["profiles"] == ["telemetry"] for name in TELEMETRY)


def test_the_example_names_every_variable_and_no_other() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    optional = {"STUDIO_VERSION", "STUDIO_REVISION", "STUDIO_CORS_ORIGINS", "COMPOSE_PROFILES", "ALERTMANAGER_CONFIG"}
    optional |= {"STUDIO_ACCESS", "STUDIO_API_KEY", *PINNABLE}
    optional |= {"REPLICATE_WEBHOOK_SECRET_PREVIOUS", "STUDIO_TRUSTED_PROXIES", "STUDIO_KEEP_ALIVE_SECONDS"}
    optional |= {"STUDIO_JOB_CENTS", "STUDIO_OPEN_JOBS", "STUDIO_CREATES_PER_MINUTE", "STUDIO_REQUESTS_PER_MINUTE"}
    optional |= {"STUDIO_CHANGES_PER_MINUTE", "STUDIO_QUEUE_PARTITIONS"}
    optional |= {"STUDIO_CALLBACK_SECRET", "STUDIO_CALLBACK_SECRET_PREVIOUS"}
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_0-9]+)", text)) | set(re.findall(r"^ +([A-Z_]+):$", text, re.MULTILINE))
    assert used - optional == set(example()) - optional


def test_secrets_are_required_and_the_example_s_are_no_real_ones() -> None:
    secret = {name for name in example() if re.search("PASSWORD|_KEY$|SECRET|TOKEN", name)}
    assert len(secret) == 12
    for name in secret - {"REPLICATE_WEBHOOK_SIGNING_KEY"}:
        assert example()[name].startswith("exampleonly")
        assert f"${{{name}:?}}" in (DEPLOY / "compose.yaml").read_text()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_service_accepts_its_environment(parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in parts[name]["environment"].items():
        if value is not None:
            monkeypatch.setenv(variable, value)
    settings = read_settings(SETTINGS[name])
    assert settings.object_store_url.startswith("s3://")
    if isinstance(settings, PostprocessSettings):
        assert read_allow_list(settings.download_hosts)[0].port == StandinSettings().port


@pytest.fixture(scope="module")
def contents() -> dict[str, str]:
    """The files that compose writes into containers."""
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["configs"]
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def value(match: re.Match[str]) -> str:
        return "$" if match.group() == "$$" else values[match.group(1)]

    return {name: re.sub(r"\$\$|\$\{([A-Z0-9_]+):\?\}", value, one["content"]) for name, one in found.items()}


ACCOUNTS = (*SETTINGS, "operator")


def password(name: str) -> str:
    return example()[f"{name.upper()}_PASSWORD"]


def test_each_service_has_its_own_user_everywhere(parts: dict[str, Any], contents: dict[str, str]) -> None:
    for name in ACCOUNTS:
        environment = parts["cli" if name == "operator" else name]["environment"]
        login = f"studio-{name}:{password(name)}"
        assert environment["RABBITMQ_URL"] == f"amqp://{login}@rabbitmq:5672/"
        assert environment["MONGODB_URL"] == f"mongodb://{login}@mongodb:27017/?replicaSet=studio&authSource=studio"
        assert f"{environment['AWS_ACCESS_KEY_ID']}:{environment['AWS_SECRET_ACCESS_KEY']}" == login
    made = json.loads(parts["mongodb"]["environment"]["STUDIO_USERS"])
    assert made == {f"studio-{name}": password(name) for name in ACCOUNTS}
    holders = {name for name, part in parts.items() if "admin" in str(part.get("environment", {}).get("MONGODB_URL"))}
    assert holders == set(), "nobody but the database itself has the password of its administrator"


def test_the_broker_s_users_have_the_rights_that_follow_from_the_topology(contents: dict[str, str]) -> None:
    made = json.loads(contents["rabbitmq-users"])
    assert {user["name"]: user["password"] for user in made["users"]} == {
        f"studio-{name}": password(name) for name in ACCOUNTS
    }
    assert not any(user["tags"] for user in made["users"])
    rights = {one.pop("user"): one for one in made["permissions"]}
    assert rights.pop("studio-operator") == {"vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    assert rights == {user: {"vhost": "/", **those} for user, those in permissions().items()}


def test_the_database_s_users_have_the_roles_of_their_services(parts: dict[str, Any]) -> None:
    assert json.loads(parts["mongodb"]["environment"]["STUDIO_ROLES"]) == roles()


def test_the_object_store_s_users_have_the_rights_of_their_services(contents: dict[str, str]) -> None:
    made = json.loads(contents["s3"])["identities"]
    assert made[:-1] == seaweedfs_identities("studio", {name: password(name) for name in SETTINGS})["identities"]
    assert made[-1]["name"] == "studio-operator"


def test_only_those_who_need_a_secret_have_it(parts: dict[str, Any]) -> None:
    def holders(variable: str) -> set[str]:
        return {name for name in SETTINGS if parts[name]["environment"].get(variable)}

    assert holders("REPLICATE_API_TOKEN") == {"predictor", "reconciler"}
    assert holders("REPLICATE_WEBHOOK_SECRET") == {"gateway", "predictor"}
    assert holders("REPLICATE_WEBHOOK_SIGNING_KEY") == {"gateway"}


def test_public_images_are_pinned(parts: dict[str, Any]) -> None:
    for name in (*STORES, *TELEMETRY):
        assert re.fullmatch(r"[a-z/]+:v?\d+(\.\d+)+(-management)?", parts[name]["image"]), name


def test_every_image_of_others_can_be_pinned_by_its_digest() -> None:
    digest = f"sha256:{'0' * 64}"
    pinned = shown_parts(dict.fromkeys(PINNABLE, f"an-image@{digest}"))
    for name in (*STORES, *TELEMETRY):
        assert pinned[name]["image"] == f"an-image@{digest}"
    for name in (*SETTINGS, "standin", "cli"):
        assert pinned[name]["build"]["args"]["PYTHON_IMAGE"] == f"an-image@{digest}"


def test_every_part_has_a_limit_of_memory_and_logs_that_end(parts: dict[str, Any]) -> None:
    for name, part in parts.items():
        assert int(part["mem_limit"]) > 0, name
        assert part["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}, name
        assert part["restart"] == ("no" if name == "cli" else "unless-stopped"), name
    kubernetes = DEPLOY / "kubernetes" / "base"
    for name in SETTINGS:
        deployment = next(
            found
            for found in yaml.safe_load_all((kubernetes / f"{name}.yaml").read_text())
            if found["kind"] == "Deployment"
        )
        limit = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        assert int(parts[name]["mem_limit"]) == int(limit.removesuffix("Mi")) * 2**20, name


def test_no_part_has_privileges_that_it_does_not_need(parts: dict[str, Any]) -> None:
    to_hand_over_data = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    for name, part in parts.items():
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name
        assert set(part.get("cap_add", ())) <= (to_hand_over_data if name in STORES else set()), name
        assert not part.get("privileged"), name


def test_a_service_waits_for_healthy_stores(parts: dict[str, Any]) -> None:
    for name in STORES:
        assert parts[name]["healthcheck"]["test"]
    for name in SETTINGS:
        waits = {other: how["condition"] for other, how in parts[name]["depends_on"].items()}
        assert waits == dict.fromkeys(STORES, "service_healthy")


def test_containers_of_ours_are_read_only_and_without_privileges(parts: dict[str, Any]) -> None:
    for name in (*SETTINGS, "standin"):
        assert parts[name]["read_only"] is True
        assert parts[name]["cap_drop"] == ["ALL"]
        assert parts[name]["security_opt"] == ["no-new-privileges:true"]


def test_a_service_is_given_longer_than_it_drains(parts: dict[str, Any]) -> None:
    for name in SETTINGS:
        drain = float(parts[name]["environment"]["STUDIO_DRAIN_SECONDS"])
        assert float(parts[name]["stop_grace_period"].removesuffix("s")) > drain


def test_only_what_people_look_at_is_published_and_on_loopback_alone(parts: dict[str, Any]) -> None:
    published = {name: part["ports"] for name, part in parts.items() if part.get("ports")}
    assert set(published) == {"gateway", *TELEMETRY}
    assert {port["host_ip"] for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_what_is_mounted_from_the_repository_is_there(parts: dict[str, Any]) -> None:
    mounts = [mount for part in parts.values() for mount in part.get("volumes", []) if mount["type"] == "bind"]
    telemetry = DEPLOY / "telemetry"
    assert {Path(one["source"]) for one in mounts} == {
        telemetry,
        telemetry / "dashboards",
        telemetry / "alertmanager.yaml",
    }
    assert all(mount["read_only"] for mount in mounts)
    assert (telemetry / "prometheus.yaml").exists()
    assert (telemetry / "alertmanager.yaml").exists()
    assert list((telemetry / "dashboards").glob("*.json"))


def test_prometheus_finds_the_alertmanager_that_is_there(parts: dict[str, Any]) -> None:
    (found,) = yaml.safe_load((DEPLOY / "telemetry" / "prometheus.yaml").read_text())["alerting"]["alertmanagers"]
    (named,) = found["dns_sd_configs"]
    assert named["names"] == ["alertmanager"]
    assert [port["target"] for port in parts["alertmanager"]["ports"]] == [named["port"]]
