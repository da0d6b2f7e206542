"""What `kubectl` does to the local stack: the commands of the runbooks, and an error for any other."""

import json
import re
from collections.abc import Callable
from typing import Any

from studio_contracts.services import SERVICES
from studio_drill.deployments import Deployments


class RefusedError(Exception):
    """A command that the local stack has no equal of."""


class LocalCluster:
    """Carries commands out. `volume` enlarges the object store's, `pods` brings back what is no service."""

    def __init__(self, deployments: Deployments, volume: Callable[[], str], pods: Callable[[str], str | None]) -> None:
        self._deployments = deployments
        self._volume = volume
        self._pods = pods

    def run(self, arguments: list[str]) -> str:
        """What it prints. Raises RefusedError."""
        match [word for word in arguments if word not in ("-n", "studio")]:
            case ["rollout", "restart", *names]:
                return self._each(names, "restarted", self._deployments.restart)
            case ["rollout", "undo", *names]:
                return self._each(names, "rolled back", self._deployments.undo)
            case ["rollout", "status", name, *_]:
                return self._each([name], "successfully rolled out", self._deployments.wait_ready)
            case ["set", "env", *words]:
                names = [word for word in words if word.startswith("deployment/")]
                changes = _changes(words[len(names) :])
                return self._each(names, "env updated", lambda one: self._deployments.set(one, changes))
            case ["delete", "pod", pod]:
                return self._delete(pod)
            case ["patch", "secret", name, *options]:
                return self._patch(name, options)
            case ["patch", "pvc", *_]:
                return self._volume()
            case ["get", "pods", *_]:
                return self._list_pods()
            case ["logs", "-l", selector, *_]:
                return "".join(self._log(name) for name in SERVICES if name in re.split(r"\W", selector))
        raise RefusedError(f"the local stack has no equal of: kubectl {' '.join(arguments)}")

    def _each(self, names: list[str], done: str, act: Callable[[str], None]) -> str:
        services = [name.removeprefix("deployment/") for name in names]
        for service in services:
            act(service)
        return "".join(f"deployment.apps/{service} {done}\n" for service in services)

    def _delete(self, pod: str) -> str:
        service = pod.split("-")[0]
        if service in SERVICES:
            self._deployments.move(service)
        elif (refusal := self._pods(pod)) is not None:
            raise RefusedError(refusal)
        return f'pod "{pod}" deleted\n'

    def _patch(self, name: str, options: list[str]) -> str:
        patch = json.loads(options[options.index("-p") + 1])
        for key, value in _patched(patch).items():
            if value is None:
                self._deployments.shared.pop(key, None)
            else:
                self._deployments.shared[key] = value
        return f"{name} patched\n"

    def _list_pods(self) -> str:
        services = self._deployments.stack.services
        return "".join(f"{name}-0   {'Running' if services[name].alive else 'Error'}\n" for name in services)

    def _log(self, name: str) -> str:
        process = self._deployments.stack.services.get(name)
        return process.log.read_text(errors="replace") if process else ""


def _changes(settings: list[str]) -> dict[str, str | None]:
    """`NAME=value` sets one, `NAME-` takes it away."""
    found: dict[str, str | None] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        found[name if equals else name.removesuffix("-")] = value if equals else None
    return found


def _patched(patch: Any) -> dict[str, str | None]:
    """The settings of a merge patch, or those that a JSON patch removes."""
    if isinstance(patch, list):
        return {operation["path"].rpartition("/")[2]: None for operation in patch if operation["op"] == "remove"}
    return dict(patch.get("data") or patch.get("stringData") or {})
