"""The services as a cluster runs them: each with its settings, its former settings, and a new process when one ends."""

import threading
from collections.abc import Mapping
from typing import Self

from studio_contracts.services import SERVICES
from studio_local.processes import ManagedProcess
from studio_local.services import service_processes
from studio_local.stack import ServiceStack
from studio_local.supervision import Supervisor

READY_SECONDS = 120
STEP_SECONDS = 1.0


class Deployments:
    """Starts dead services again while the context is open. `shared` are the settings of all, as secrets are."""

    def __init__(self, stack: ServiceStack) -> None:
        self.stack = stack
        self.shared = dict(stack.environment)
        self.machines: dict[str, dict[str, str]] = {}
        """What a service meets on the machine on which it runs, if that is no ordinary one."""
        self._own: dict[str, list[dict[str, str]]] = {name: [{}] for name in SERVICES}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._supervisor = Supervisor(stack.services, lambda _: None)
        self._thread = threading.Thread(target=self._watch, name="supervisor")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(STEP_SECONDS):
            with self._lock:
                self._supervisor.step()

    def set(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Roll a new revision out, whose settings differ so; None takes one away."""
        before = self._own[name][-1]
        after = {key: value for key, value in before.items() if changes.get(key, value) is not None}
        self._own[name].append(after | {key: value for key, value in changes.items() if value is not None})
        self.restart(name)

    def undo(self, name: str) -> None:
        """Roll the revision before this one out again."""
        self._own[name].append(self._own[name][-2])
        self.restart(name)

    def restart(self, name: str) -> None:
        """End the process in order, or by force, and start another with today's settings."""
        with self._lock:
            if name in self.stack.services:
                self.stack.services[name].stop()
            self.stack.services[name] = fresh = self._process(name)
            fresh.start()

    def move(self, name: str) -> None:
        """The same on another machine."""
        self.machines.pop(name, None)
        self.restart(name)

    def wait_ready(self, name: str) -> None:
        """Raises ProcessFailedError."""
        self.stack.services[name].wait_ready(READY_SECONDS)

    def _process(self, name: str) -> ManagedProcess:
        infrastructure = self.stack.infrastructure
        logs = next(iter(self.stack.services.values())).log.parent
        environment = self.shared | self._own[name][-1] | self.machines.get(name, {})
        return service_processes(environment, self.stack.ports, logs, infrastructure.records, standin=False)[name]
