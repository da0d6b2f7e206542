"""The services under attack: killed, armed with failpoints, and started again, as Kubernetes would."""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient

from studio_local.errors import ProcessFailedError
from studio_local.processes import ManagedProcess, wait_until
from studio_local.services import service_processes
from studio_local.stack import ServiceStack

READY_SECONDS = 240
DEATH_SECONDS = 240


class Fleet:
    """The services of a stack; may be used from several threads, each looking after other services."""

    def __init__(self, stack: ServiceStack) -> None:
        self.stack = stack
        self._lock = threading.Lock()  # around the record of processes, one file for all

    def start(self, name: str, failpoint: str = "") -> None:
        """Start a dead service and return immediately."""
        environment = self.stack.environment | {"STUDIO_FAILPOINT": failpoint}
        logs = self.stack.services[name].log.parent
        records = self.stack.infrastructure.records
        fresh = service_processes(environment, self.stack.ports, logs, records, standin=False)[name]
        if name == "reconciler":
            self._end_lease()
        with self._lock:
            self.stack.services[name] = fresh
            fresh.start()

    def wait_ready(self, name: str) -> None:
        self.stack.services[name].wait_ready(READY_SECONDS)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        with self._lock:
            self.stack.services[name].kill()

    def drill(self, name: str, failpoint: str) -> None:
        """Start a dead service and return when it has died at the failpoint."""
        self.start(name, failpoint)
        process = self.stack.services[name]
        assert wait_until(lambda: not process.alive, DEATH_SECONDS), f"{name} never reached {failpoint}"
        assert ended_with(process, 137), f"{name} did not die at {failpoint}: {process.last_words()}"
        self.kill(name)

    def terminate(self, name: str, grace_seconds: float) -> None:
        """SIGTERM; the service must end by itself, in order, within the time."""
        process = self.stack.services[name]
        process.request_stop()
        assert wait_until(lambda: not process.alive, grace_seconds), f"{name} did not end: {process.last_words()}"
        assert ended_with(process, 0), process.last_words()
        self.kill(name)

    def metric_value(self, service: str, metric: str, **labels: str) -> float:
        """What a service's counter, or all of its name with these labels, stands at."""
        text = httpx.get(f"http://127.0.0.1:{self.stack.ports[service]}/metrics", timeout=60, trust_env=False).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(
            sample.value for sample in samples if sample.name == metric and labels.items() <= sample.labels.items()
        )

    def _end_lease(self) -> None:
        """End the 15 s lease of a killed reconciler, so that the next one has all jobs immediately."""
        endpoints = self.stack.endpoints
        with MongoClient[dict[str, object]](endpoints.mongodb_url) as client:
            client[endpoints.database]["leases"].delete_many({})

    def broker_lists(self, what: str) -> Any:
        """What the broker's management interface lists of our virtual host: `consumers`, `queues`."""
        management = self.stack.infrastructure.management
        vhost = quote(urlsplit(self.stack.endpoints.rabbitmq_url).path[1:], safe="")
        login = (management.user, management.password)
        answer = httpx.get(f"{management.url}/api/{what}/{vhost}", auth=login, timeout=60, trust_env=False)
        return answer.raise_for_status().json()

    def set_faults(self, faults: Mapping[str, object]) -> None:
        """Make the provider's stand-in misbehave."""
        httpx.put(
            f"{self.stack.standin_url}/standin/faults", json=faults, timeout=60, trust_env=False
        ).raise_for_status()


def ended_with(process: ManagedProcess, status: int) -> bool:
    try:
        process.check()
    except ProcessFailedError as error:
        return f"ended with status {status}." in str(error)
    return False
