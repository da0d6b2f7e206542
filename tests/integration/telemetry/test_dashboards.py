"""deploy/telemetry/prometheus.yaml on a running studio: every target answers, no panel is empty."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from studio_contracts import topology
from studio_local.broker import NativeBroker
from studio_local.processes import wait_until
from studio_local.services import GATEWAY, WORKERS
from studio_support.prometheus import Prometheus, prometheus
from studio_support.telemetry_files import RULES, TELEMETRY, shown

PATIENCE_SECONDS = 120


def on_one_machine(scrape_configs: list[dict[str, Any]], addresses: Mapping[str, str]) -> list[dict[str, Any]]:
    """The scrape configurations with an address in place of each name; what is made of the name stays as it is."""
    return [
        {key: value for key, value in config.items() if key != "dns_sd_configs"}
        | {
            "static_configs": [
                {"targets": [addresses[name]], "labels": {"__meta_dns_name": name}}
                for found in config["dns_sd_configs"]
                for name in found["names"]
            ]
        }
        for config in scrape_configs
    ]


@pytest.fixture(scope="module")
def watching(studio: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    broker = studio.stack.server("broker")
    if not isinstance(broker, NativeBroker):
        pytest.skip("the broker's metrics are looked at where it runs natively")
    addresses = {name: f"127.0.0.1:{studio.stack.ports[name]}" for name in (GATEWAY, *WORKERS)}
    configured = yaml.safe_load((TELEMETRY / "prometheus.yaml").read_text())["scrape_configs"]
    scraped = on_one_machine(configured, addresses | {"rabbitmq": broker.metrics_address})
    with prometheus(tmp_path_factory.mktemp("prometheus"), scraped) as server:
        yield server


def test_every_service_and_the_broker_answer_under_their_names(studio: Any, watching: Prometheus) -> None:
    wanted = {("studio", name) for name in (GATEWAY, *WORKERS)} | {("rabbitmq", None), ("rabbitmq-queues", None)}

    def answering() -> set[tuple[str, str | None]]:
        found = (sample["metric"] for sample in watching.query("up == 1"))
        return {(metric["job"], metric.get("service")) for metric in found}

    studio.until(lambda: answering() == wanted)


def test_every_alert_is_on_watch_and_none_rings_for_a_studio_in_order(studio: Any, watching: Prometheus) -> None:
    assert watching.alerts() == {rule["alert"] for rule in RULES}
    assert studio.run()["status"] == "completed"
    studio.until(lambda: watching.firing() == {})  # a scrape that a busy machine was late for rings for a moment


def test_every_panel_shows_something_once_there_was_work_and_trouble(studio: Any, watching: Prometheus) -> None:
    with studio.faults(webhooks=[{"kind": "lost"}], create=[{"status": 429, "times": 1}]) as prompt:
        assert studio.run(prompt)["status"] == "completed"
    with studio.faults(create=[{"status": 402}]) as prompt:  # no credit
        unpaid = studio.post(prompt)
        studio.until(lambda: bool(watching.query("studio_consumer_paused == 1")))
    studio.publish_raw(topology.STENCIL_JOB_CREATED.types[0], b"{not json", {"ce-specversion": "1.0"})
    wait_until(lambda: not empty(watching), PATIENCE_SECONDS)
    assert empty(watching) == []
    assert studio.wait(unpaid)["status"] == "completed"
    studio.dead_letter(topology.STENCIL_JOB_CREATED.dead_letter_queue)  # the studio is as it was, for other tests


def empty(watching: Prometheus) -> list[str]:
    """Panels without a sample. Fails for a query that Prometheus does not take."""
    return [place for place, expression in shown() if not watching.query(expression)]
