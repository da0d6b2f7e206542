"""The servers a benchmark asks, as processes whose cost can be read; one of them does nothing, to compare with."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from studio_local.ports import free_port, is_listening
from studio_local.processes import ManagedProcess
from studio_local.stack import ServiceStack

START_SECONDS = 60
TICKS = os.sysconf("SC_CLK_TCK")

bare = FastAPI()


@bare.get("/")
async def hello() -> dict[str, str]:
    """The least a route can do."""
    return {"hello": "world"}


class Served:
    """A server process: where it listens, what it holds in memory and has spent."""

    def __init__(self, process: ManagedProcess, port: int) -> None:
        self.port = port
        self._pid = process.pid

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / TICKS

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def bare_server(stack: ServiceStack) -> Iterator[Served]:
    """The route that does nothing, in a process of its own."""
    port = free_port()
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log", "--lifespan", "off"]
    process = ManagedProcess(
        "bare",
        [sys.executable, "-m", "uvicorn", "served:bare", "--app-dir", str(Path(__file__).parent), *options],
        environment=stack.environment,
        log=stack.infrastructure.logs / "bare.log",
        records=stack.infrastructure.records,
        ready=lambda: is_listening(port),
    )
    try:
        process.start()
        process.wait_ready(START_SECONDS)
        yield Served(process, port)
    finally:
        process.stop()
