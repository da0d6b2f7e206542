"""Lists of services that cannot be derived (configuration files) agree with the one table."""

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


@pytest.mark.parametrize("file", [".importlinter", "pyproject.toml", "deploy/images/Dockerfile"])
def test_a_configuration_file_names_each_service(file: str) -> None:
    text = (ROOT / file).read_text()
    assert [name for name in SERVICES if name not in text] == []


def test_compose_kubernetes_and_prometheus_know_each_service() -> None:
    assert set(yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]) >= set(SERVICES)
    kubernetes = (ROOT / "deploy/kubernetes/base/kustomization.yaml").read_text()
    assert [name for name in SERVICES if f"{name}.yaml" not in kubernetes] == []
    prometheus = (ROOT / "deploy/telemetry/prometheus.yaml").read_text()
    assert [name for name in SERVICES if name not in prometheus] == []
