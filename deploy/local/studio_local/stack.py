"""The whole local stack: broker, database, stand-in and the five services."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from studio_local.broker import NativeBroker
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_local.ports import LOOPBACK, stable_ports
from studio_local.processes import ManagedProcess, Server, running, stop_all
from studio_local.services import (
    GATEWAY,
    PORT_NAMES,
    STANDIN,
    require_free,
    service_processes,
    settings,
    uses_replicate,
)

READY_SECONDS = 180


class ServiceStack:
    """The services on a running infrastructure, up while the context is open.

    `extra` is added to the services' environment (STANDIN_DELAY_SECONDS, STUDIO_STUCK_AFTER, ...). `folder` takes the
    object store and the logs. Ports stay the same when a service is restarted.
    """

    def __init__(
        self,
        infrastructure: Infrastructure,
        endpoints: Endpoints,
        folder: Path,
        *,
        extra: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        ports = stable_ports(folder / "service-ports.json", PORT_NAMES)
        require_free(port)
        self.ports = ports if port is None else ports | {GATEWAY: port}
        self.infrastructure = infrastructure
        self.endpoints = endpoints
        self.objects = folder / "objects"
        self.gateway_url = f"http://{LOOPBACK}:{self.ports[GATEWAY]}"
        self.standin_url = f"http://{LOOPBACK}:{self.ports[STANDIN]}"
        self.objects.mkdir(exist_ok=True)
        caller = infrastructure.environment
        self.environment = settings(endpoints, self.objects, self.ports, infrastructure.secrets, caller) | dict(
            extra or {}
        )
        broker = infrastructure.servers.get("broker")
        if isinstance(broker, NativeBroker):  # its answers are dated, by which `studio doctor` compares clocks
            self.environment["STUDIO_SERVICE_URLS"] += f" http://{broker.metrics_address}"
        self.services: dict[str, ManagedProcess] = service_processes(
            self.environment, self.ports, logs, infrastructure.records, standin=not uses_replicate(caller)
        )
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(running(self.services, READY_SECONDS))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin(self) -> None:
        """Start the services without waiting: what they import takes as long as their servers take to start."""
        for service in self.services.values():
            service.start()

    def server(self, name: str) -> Server:
        """A service, "standin", "broker" or "database"."""
        return self.services.get(name) or self.infrastructure.server(name)

    def stop(self, name: str) -> None:
        """End one part in order."""
        self.server(name).stop()

    def kill(self, name: str) -> None:
        """Kill one part (SIGKILL)."""
        self.server(name).kill()

    def start(self, name: str) -> None:
        """Start a part that was stopped or killed, on the same port with the same data, and wait until it serves."""
        self.server(name).start()
        self.server(name).wait_ready(READY_SECONDS)

    def restart(self, name: str) -> None:
        self.stop(name)
        self.start(name)

    def check(self) -> None:
        """Raises ProcessFailedError when a service has ended by itself."""
        for service in self.services.values():
            service.check()


class LocalStack:
    """Everything in one folder, up while the context is open: `with LocalStack(root) as stack: stack.gateway_url`.

    Jobs stay from one start to the next, unless `fresh`: then the services see an empty broker, database and store.
    """

    def __init__(
        self,
        root: Path,
        *,
        port: int | None = None,
        fresh: bool = False,
        extra: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._infrastructure = Infrastructure(
            root, environment=environment, say=say, while_starting=lambda: None if fresh else self._start_early()
        )
        self._early: ServiceStack | None = None
        self._port = port
        self._fresh = fresh
        self._extra = extra
        self._open = ExitStack()

    def __enter__(self) -> ServiceStack:
        with ExitStack() as opening:
            lock = self._infrastructure.lock
            lock.acquire()
            opening.callback(lock.release)
            require_free(
                self._port
            )  # after the lock, so that a second start hears that it is one; before the long part
            opening.callback(self._stop_early)
            infrastructure = opening.enter_context(self._infrastructure)
            folder, endpoints = infrastructure.root, infrastructure.shared()
            if self._fresh:
                folder = folder / "fresh"
                shutil.rmtree(folder, ignore_errors=True)
                endpoints = opening.enter_context(infrastructure.isolated())
            services = self._early or self._services(endpoints, folder)
            opening.enter_context(services)
            lock.describe(f"at {services.gateway_url}")
            self._open = opening.pop_all()
        return services

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _services(self, endpoints: Endpoints, folder: Path) -> ServiceStack:
        return ServiceStack(self._infrastructure, endpoints, folder, extra=self._extra, port=self._port)

    def _start_early(self) -> None:
        self._early = self._services(self._infrastructure.shared_endpoints(), self._infrastructure.root)
        self._early.begin()

    def _stop_early(self) -> None:
        """Of a start whose servers failed."""
        if self._early is not None:
            stop_all(list(self._early.services.values()))
