"""Look at processes and their sockets the way the kernel shows them."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_local.infrastructure import Infrastructure
from studio_support.native_servers import native_servers

LISTENING = "0A"


@pytest.fixture(scope="session")
def native_environment() -> dict[str, str]:
    """The caller's environment with native servers forced and nothing else of the studio's own."""
    ours = ("STUDIO_", "REPLICATE_", "STANDIN_", "RABBITMQ_", "MONGODB_", "PUBLIC_BASE_URL", "OBJECT_STORE_URL")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)} | {"STUDIO_STACK": "native"}


@pytest.fixture(scope="session")
def infrastructure(
    infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Infrastructure]:
    """Those of the worker where they are native."""
    with native_servers(infrastructure, tmp_path_factory.mktemp("studio")) as native:
        yield native


def _stat(process: Path) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when the process is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _runs(stat: list[str]) -> bool:
    return bool(stat) and (stat[0] != "Z" or int(stat[17]) > 1)


def _family(root: Path) -> set[int]:
    """The live processes of a stack, with the children that its servers have made: all in recorded sessions."""
    sessions = json.loads((root / "processes.json").read_text()).keys()
    stats = {int(path.name): _stat(path) for path in Path("/proc").glob("[0-9]*")}
    return {pid for pid, stat in stats.items() if _runs(stat) and stat[3] in sessions}


def _inodes(pid: int) -> set[str]:
    links = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(descriptor))
        except FileNotFoundError:  # closed in between
            continue
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}


def _listening(pids: set[int]) -> set[tuple[str, int]]:
    """Address (in the kernel's hexadecimal) and port of each TCP socket on which the processes accept connections."""
    owned = set().union(*(_inodes(pid) for pid in pids))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    sockets = [row[1].split(":") for row in rows if row[3] == LISTENING and row[9] in owned]
    return {(address, int(port, 16)) for address, port in sockets}


@pytest.fixture(scope="session")
def family() -> Callable[[Path], set[int]]:
    return _family


@pytest.fixture(scope="session")
def listening() -> Callable[[set[int]], set[tuple[str, int]]]:
    return _listening


@pytest.fixture(scope="session")
def alive() -> Callable[[set[int]], set[int]]:
    """Those of the processes that still run: a zombie with other threads does."""
    return lambda pids: {pid for pid in pids if _runs(_stat(Path(f"/proc/{pid}")))}
