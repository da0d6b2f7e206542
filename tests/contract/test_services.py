"""Lists of services that cannot be derived (configuration files) agree with the one table."""

import re
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from studio_chassis.runtime.failpoints import FAILPOINTS
from studio_contracts.services import SERVICES
from studio_contracts.topology import QUEUES

ROOT = Path(__file__).parents[2]


def test_each_service_has_its_folder_and_no_other_is_there() -> None:
    folders = {path.name for path in (ROOT / "services").iterdir() if (path / "pyproject.toml").exists()}
    assert folders == set(SERVICES)
    for service in SERVICES.values():
        assert (ROOT / "services" / service.name / service.package / "__main__.py").exists()


def test_each_queue_has_one_consumer() -> None:
    assert sorted(queue.name for service in SERVICES.values() for queue in service.queues) == sorted(
        queue.name for queue in QUEUES
    )


@pytest.mark.parametrize("name", SERVICES)
def test_the_failpoints_of_a_service_exist(name: str) -> None:
    assert set(SERVICES[name].failpoints) <= set(FAILPOINTS)


def test_the_import_rules_name_each_service() -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    packages = {service.package for service in SERVICES.values()}
    assert set(re.findall(r"\w+", rules["importlinter:contract:layers"]["layers"].strip().splitlines()[0])) == packages
    assert packages <= set(rules["importlinter"]["root_packages"].split())
    assert packages <= set(rules["importlinter:contract:services"]["modules"].split())


def test_the_type_checker_finds_each_service() -> None:
    paths = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["mypy_path"]
    assert {path for path in paths if path.startswith("services/")} == {f"services/{name}" for name in SERVICES}


def test_each_service_has_an_image_a_part_of_compose_and_a_manifest() -> None:
    stages = re.findall(
        r"^FROM (?:runtime|worker) AS (\w+)", (ROOT / "deploy/images/Dockerfile").read_text(), re.MULTILINE
    )
    assert set(stages) - {"worker", "standin", "cli"} == set(SERVICES)
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    assert {name for name in SERVICES if name not in compose} == set()
    base = ROOT / "deploy/kubernetes/base"
    files = yaml.safe_load((base / "kustomization.yaml").read_text())["resources"]
    manifests = [part for file in files for part in yaml.safe_load_all((base / file).read_text())]
    assert {part["metadata"]["name"] for part in manifests if part["kind"] == "Deployment"} == set(SERVICES)


def test_prometheus_scrapes_each_service() -> None:
    (studio, *_) = yaml.safe_load((ROOT / "deploy/telemetry/prometheus.yaml").read_text())["scrape_configs"]
    assert [name for target in studio["dns_sd_configs"] for name in target["names"]] == list(SERVICES)


def test_the_guide_builds_the_image_of_each_service() -> None:
    assert f"for service in {' '.join(SERVICES)}; do" in (ROOT / "deploy/kubernetes/README.md").read_text()
