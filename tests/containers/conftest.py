"""All images built from this tree, and the studio of deploy/compose.yaml brought up from them."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.errors import DockerException, ImageNotFound

from studio_local.ports import free_port

HERE = Path(__file__).parent
DEPLOY = HERE.parents[1] / "deploy"
BASE = "python:3.11-slim-bookworm"
PROJECT = "studio-test"
PORT_LINE = "STUDIO_GATEWAY_PORT="


class Compose:
    """`docker compose` on deploy/compose.yaml, with the example's settings and random secrets."""

    def __init__(self, engine: docker.DockerClient, folder: Path, *, stand_ins: bool) -> None:
        self.engine = engine
        self.port = free_port()
        files = [DEPLOY / "compose.yaml"] + ([HERE / "compose.local.yaml"] if stand_ins else [])
        self._command = [_compose_binary(), "--project-name", PROJECT, "--env-file", str(_settings(folder, self.port))]
        for file in files:
            self._command += ["--file", str(file)]
        # The engine's own builder: BuildKit would want a plugin that not every machine has.
        self._environment = os.environ | {"DOCKER_BUILDKIT": "0", "STUDIO_VERSION": "test", "STUDIO_REVISION": "abc"}

    def run(self, *arguments: str, seconds: float = 300) -> str:
        """What the command prints on stdout."""
        done = subprocess.run(
            [*self._command, *arguments], env=self._environment, capture_output=True, text=True, timeout=seconds
        )
        assert done.returncode == 0, f"compose {' '.join(arguments)}:\n{(done.stdout + done.stderr)[-4000:]}"
        return done.stdout

    def containers(self, service: str) -> list[Any]:
        """The service's containers, stopped ones too."""
        labels = [f"com.docker.compose.project={PROJECT}", f"com.docker.compose.service={service}"]
        return self.engine.containers.list(all=True, filters={"label": labels})


def _compose_binary() -> str:
    return shutil.which("docker-compose", path=Path(sys.executable).parent) or "docker-compose"


def _settings(folder: Path, port: int) -> Path:
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    file = folder / "env"
    file.write_text("\n".join(f"{PORT_LINE}{port}" if line.startswith(PORT_LINE) else _own(line) for line in lines))
    return file


def _own(line: str) -> str:
    """The line with a random secret in place of the example's."""
    name, mark, _ = line.partition("=exampleonly")
    return f"{name}={secrets.token_hex(24)}" if mark else line


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    # Asked from outside first: the client leaves its socket open when no server answers.
    if subprocess.run([_compose_binary(), "ls"], capture_output=True, timeout=30).returncode != 0:
        pytest.skip("no Docker engine answers")
    client = docker.from_env(timeout=30)
    try:
        if not _can_have(client, BASE):
            pytest.skip(f"the Docker engine has no {BASE} and cannot pull it")
        yield client
    finally:
        client.close()


def _can_have(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except DockerException:
            return False
    return True


@pytest.fixture(scope="session")
def compose(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Compose:
    """With all images built. Public images that were made here rather than pulled bring their differences along."""
    made_here = engine.images.list(filters={"label": "local-base-images.recipe"})
    tags = {tag for image in made_here for tag in image.tags}
    built = Compose(engine, tmp_path_factory.mktemp("compose"), stand_ins="mongo:6.0" in tags)
    built.run("build", "gateway", seconds=1200)  # alone: the others find what they share with it made
    built.run("--profile", "cli", "--profile", "standin", "build", seconds=1200)
    return built


@pytest.fixture(scope="session")
def studio(compose: Compose) -> Iterator[httpx.Client]:
    """A client of the gateway; the studio runs."""
    compose.run("down", "--volumes", "--remove-orphans")
    try:
        compose.run("up", "--detach", "--no-build", "--wait", "--wait-timeout", "480", seconds=600)
        token = compose.run("run", "--rm", "--no-TTY", "cli", "keys", "create", "tests", "--owner", "tests").strip()
        headers = {"Authorization": f"Bearer {token}"}
        base = f"http://127.0.0.1:{compose.port}"
        with httpx.Client(base_url=base, timeout=30, trust_env=False, headers=headers) as client:
            yield client
    finally:  # no test looks at how what holds the data ends
        compose.run("down", "--volumes", "--remove-orphans", "--timeout", "0")
