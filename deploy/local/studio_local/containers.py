"""RabbitMQ and MongoDB in containers, where a Docker engine answers."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import docker
from docker.errors import DockerException, ImageNotFound

from studio_local.broker import PLUGINS, USER, Management, speaks_amqp
from studio_local.database import SERVER_OPTIONS, is_primary, replica_set_url
from studio_local.errors import ProcessFailedError, StackError
from studio_local.ports import LOOPBACK
from studio_local.processes import wait_until

BROKER_IMAGE = "rabbitmq:3.10-management"
DATABASE_IMAGE = "mongo:6.0"
LABEL = "studio.stack"
ENGINE_SECONDS = 5
STOP_SECONDS = 10
SOCKET = Path("/var/run/docker.sock")
"""Looked for first: Docker's client leaves a socket open when it cannot connect."""


def engine_problem() -> str | None:
    """Why no container can be run here; None when it can. Pulls the images where they are missing."""
    if "DOCKER_HOST" not in os.environ and not SOCKET.exists():
        return "no Docker engine answers"
    try:
        client = docker.from_env(timeout=ENGINE_SECONDS)
        client.ping()
    except DockerException:
        return "no Docker engine answers"
    try:
        for image in (BROKER_IMAGE, DATABASE_IMAGE):
            _have(image)
    except DockerException:
        return f"the Docker engine has no {image} and cannot pull it"
    finally:
        client.close()
    return None


def _have(image: str) -> None:
    client = docker.from_env(timeout=600)
    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)
    finally:
        client.close()


class ContainerServer:
    """One server in a container, its port the same on the host's loopback, over restarts too."""

    def __init__(
        self,
        name: str,
        image: str,
        *,
        stack: str,
        ports: Mapping[int, int],
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        command: str | None = None,
    ) -> None:
        self.name = name
        self._ready = ready
        # Read when testcontainers is imported. Its own reaper is an image more to pull; `guard` does that work.
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
        from testcontainers.core.container import DockerContainer

        self._container = DockerContainer(image).with_envs(**(environment or {})).with_kwargs(labels={LABEL: stack})
        if command:
            self._container.with_command(command)
        on_loopback = {f"{inner}/tcp": (LOOPBACK, outer) for inner, outer in ports.items()}
        self._container.ports = cast(Any, on_loopback)
        self._started = False

    @property
    def alive(self) -> bool:
        if not self._started:
            return False
        inner = self._inner()
        inner.reload()
        return bool(inner.status == "running")

    def start(self) -> None:
        try:
            if self._started:
                self._inner().start()
            else:
                self._container.start()
                self._started = True
        except DockerException as error:
            raise StackError(f"the container of the {self.name} does not start: {error}") from error

    def wait_ready(self, seconds: float) -> None:
        if not wait_until(lambda: not self.alive or self._ready(), seconds) or not self.alive:
            last = self._inner().logs(tail=12).decode(errors="replace")
            raise ProcessFailedError(f"The container of the {self.name} is not ready after {seconds:.0f} s:\n{last}")

    def request_stop(self) -> None:
        """Docker has no way to ask without waiting."""

    def stop(self) -> None:
        if self.alive:
            self._inner().stop(timeout=STOP_SECONDS)

    def kill(self) -> None:
        if self.alive:
            self._inner().kill()

    def _inner(self) -> Any:
        return self._container.get_wrapped_container()


class ContainerGuard:
    """Removes a stack's containers when this process ends, however it ends: a child waits for our pipe to close."""

    def __init__(self, stack: str) -> None:
        self._command = [sys.executable, "-m", "studio_local.containers", stack]
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._guard = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603

    def remove_now(self) -> None:
        if self._guard:
            self._guard.communicate(timeout=60)
            self._guard = None


def remove_containers(stack: str) -> None:
    """Remove every container of the stack, with its data."""
    client = docker.from_env(timeout=60)
    try:
        for container in client.containers.list(all=True, filters={"label": f"{LABEL}={stack}"}):
            container.remove(force=True, v=True)
    finally:
        client.close()


def container_broker(stack: str, amqp: int, management: int, password: str) -> tuple[ContainerServer, str, Management]:
    """The broker, its URL and its management API."""
    url = f"amqp://{USER}:{password}@{LOOPBACK}:{amqp}/"
    api = Management(f"http://{LOOPBACK}:{management}", USER, password)
    server = ContainerServer(
        "broker",
        BROKER_IMAGE,
        stack=stack,
        ports={5672: amqp, 15672: management},
        command=f"sh -c 'echo [{','.join(PLUGINS)}]. > /etc/rabbitmq/enabled_plugins; "
        "exec docker-entrypoint.sh rabbitmq-server'",
        environment={"RABBITMQ_DEFAULT_USER": USER, "RABBITMQ_DEFAULT_PASS": password},
        ready=lambda: speaks_amqp(url) and api.answers(),
    )
    return server, url, api


def container_database(stack: str, port: int) -> tuple[ContainerServer, str]:
    """The database and its URL. The same port inside: a member must reach itself by its own name."""
    server = ContainerServer(
        "database",
        DATABASE_IMAGE,
        stack=stack,
        ports={port: port},
        command=" ".join([*SERVER_OPTIONS, "--bind_ip_all", "--port", str(port)]),
        ready=lambda: is_primary(port),
    )
    return server, replica_set_url(port)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    remove_containers(sys.argv[1])
