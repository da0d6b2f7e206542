"""The stack as a person starts and ends it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from studio_local.errors import ProcessFailedError
from studio_local.infrastructure import Infrastructure
from studio_local.ports import free_port
from studio_local.processes import wait_until
from studio_local.stack import ServiceStack

COMMAND = [sys.executable, "-m", "studio_local"]
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}  # 127.0.0.1 and ::1 as the kernel writes them
Pids = Callable[[set[int]], set[int]]
Sockets = Callable[[set[int]], set[tuple[str, int]]]
Family = Callable[[Path], set[int]]


def refused(root: Path, environment: dict[str, str]) -> str:
    """The message of `up` when it cannot start: one line, status 2."""
    done = subprocess.run(
        [*COMMAND, "up", "--root", str(root)], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_up_serves_on_loopback_refuses_a_second_start_and_ends_with_ctrl_c(
    tmp_path: Path, native_environment: dict[str, str], family: Family, listening: Sockets, alive: Pids
) -> None:
    port = free_port()
    environment = native_environment | {"STUDIO_GATEWAY_PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    command = [*COMMAND, "up", "--root", str(tmp_path)]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a script's `&` leaves it
    ) as up:
        assert up.stdout is not None
        assert up.stderr is not None
        try:
            assert any(address in line for line in up.stdout), up.stderr.read()
            assert httpx.get(f"{address}/healthz", timeout=60, trust_env=False).status_code == 200
            processes = family(tmp_path)
            assert {found for found, _ in listening(processes)} <= LOOPBACK
            assert f"already runs: process {up.pid}, at {address}" in refused(tmp_path, environment)
            assert up.poll() is None
        finally:
            os.killpg(up.pid, signal.SIGINT)
            ended = wait_until(lambda: up.poll() is not None, 180)
            if not ended:
                up.terminate()
        assert ended
        assert up.returncode == 0
        assert up.stdout.read().endswith("Stopped.\n")
        assert up.stderr.read() == ""
    assert not alive(processes)


def test_a_taken_port_is_named_with_the_remedy(tmp_path: Path, native_environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        message = refused(tmp_path, native_environment | {"STUDIO_GATEWAY_PORT": str(port)})
    assert message == f"Port {port} is taken: set STUDIO_GATEWAY_PORT to a free one.\n"
    assert not (tmp_path / "processes.json").exists()


@pytest.mark.parametrize("port", ["http", "0", "70000"])
def test_what_is_no_port_is_refused(port: str, tmp_path: Path, native_environment: dict[str, str]) -> None:
    assert "not a port number" in refused(tmp_path, native_environment | {"STUDIO_GATEWAY_PORT": port})


def test_where_nothing_is_installed_one_line_says_what_to_install(
    tmp_path: Path, native_environment: dict[str, str]
) -> None:
    message = refused(tmp_path, native_environment | {"PATH": str(tmp_path)})
    assert "apt-get install rabbitmq-server" in message
    assert "Docker engine" in message
    assert "RABBITMQ_URL and MONGODB_URL" in message


def test_a_forced_engine_that_does_not_answer_is_named(tmp_path: Path, native_environment: dict[str, str]) -> None:
    nowhere = {"STUDIO_STACK": "docker", "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    assert "no Docker engine answers" in refused(tmp_path, native_environment | nowhere)


def test_a_killed_service_is_noticed_and_comes_back_at_its_place(
    infrastructure: Infrastructure, tmp_path: Path, alive: Pids
) -> None:
    with infrastructure.isolated() as place, ServiceStack(infrastructure, place, tmp_path) as stack:
        stack.check()
        pid = stack.services["stencil"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not stack.services["stencil"].alive, 60)
        with pytest.raises(ProcessFailedError, match="stencil ended with status -9"):
            stack.check()
        stack.kill("gateway")
        stack.restart("stencil")
        stack.start("gateway")
        stack.check()
        assert httpx.get(f"{stack.gateway_url}/readyz", timeout=60, trust_env=False).status_code == 200
        processes = {service.pid for service in stack.services.values() if service.pid is not None}
        assert len(processes) == 6
    assert not alive(processes)


def test_a_service_that_cannot_start_fails_the_start_and_leaves_nothing(
    infrastructure: Infrastructure, tmp_path: Path
) -> None:
    with infrastructure.isolated() as place:
        broken = ServiceStack(infrastructure, place, tmp_path, extra={"STUDIO_STUCK_AFTER": "soon"})
        with (
            pytest.raises(ProcessFailedError, match=r"reconciler ended with status 2(.|\n)*STUDIO_STUCK_AFTER"),
            broken,
        ):
            pass
        assert not any(service.alive for service in broken.services.values())
