"""Processes that are started, watched, stopped, and never left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from studio_local import parent_death as bound
from studio_local.errors import ProcessFailedError

POLL_SECONDS = 0.05
KILL_SECONDS = 5.0

# The kernel ties a child to the *thread* that made it. This thread lives as long as the interpreter, so a child
# started from a short-lived worker thread does not die with that.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


class Server(Protocol):
    """A part of the stack that can be started and ended."""

    @property
    def name(self) -> str: ...
    @property
    def alive(self) -> bool: ...
    def start(self) -> None:
        """Start it and return immediately."""

    def wait_ready(self, seconds: float) -> None:
        """Return when it serves. Raises ProcessFailedError."""

    def request_stop(self) -> None:
        """Send SIGTERM and return immediately."""

    def stop(self) -> None:
        """End it in order, by force when it takes too long."""

    def kill(self) -> None:
        """Kill it, as a crash would."""


class ProcessRecords:
    """The processes of one stack on disk, so that the next start finds what a crash has left running."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def _read(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._file.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def add(self, pid: int) -> None:
        self._file.write_text(json.dumps(self._read() | {str(pid): _started_at(pid)}))

    def remove(self, pid: int) -> None:
        self._file.write_text(json.dumps({key: value for key, value in self._read().items() if key != str(pid)}))

    def stop_leftovers(self) -> int:
        """Kill recorded processes that still run, never a later owner of the same id. Returns how many."""
        leftovers = [int(pid) for pid, started in self._read().items() if started and _started_at(int(pid)) == started]
        for pid in leftovers:
            _signal_group(pid, signal.SIGKILL)
        wait_until(lambda: not any(_started_at(pid) for pid in leftovers), KILL_SECONDS)
        self._file.unlink(missing_ok=True)
        return len(leftovers)


class ManagedProcess:
    """One child process in a session of its own, its output in a log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        records: ProcessRecords,
        ready: Callable[[], bool],
        grace_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self.environment = dict(environment)
        self._records = records
        self._ready = ready
        self._grace_seconds = grace_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self.alive:
            return
        self._process = _SPAWNER.submit(self._spawn).result()
        self._records.add(self._process.pid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        tied = [sys.executable, "-I", "-S", bound.__file__, str(os.getpid())]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - commands of this package
                [*tied, *self._command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the children in order
            )

    def wait_ready(self, seconds: float) -> None:
        if not wait_until(lambda: not self.alive or self._ready(), seconds):
            raise ProcessFailedError(f"{self.name} is not ready after {seconds:.0f} s. {self.last_words()}")
        self.check()

    def check(self) -> None:
        """Raises ProcessFailedError when it has ended."""
        if self._process is not None and (status := self._process.poll()) is not None:
            raise ProcessFailedError(f"{self.name} ended with status {status}. {self.last_words()}")

    def last_words(self, lines: int = 12) -> str:
        """The end of the log, and where the rest is."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([f"Its log, {self.log}, ends:", *text.splitlines()[-lines:]])

    def request_stop(self) -> None:
        if self._process and self.alive:
            self._process.terminate()  # not its whole group: a helper that goes first makes the Erlang VM crash

    def stop(self) -> None:
        self.request_stop()
        self._reap(self._grace_seconds)

    def kill(self) -> None:
        self._reap(0)

    def _reap(self, grace_seconds: float) -> None:
        if not (process := self._process):
            return
        try:
            process.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait(timeout=KILL_SECONDS)
        _signal_group(process.pid, signal.SIGKILL)  # children of its own that stayed behind
        self._records.remove(process.pid)
        self._process = None


@contextmanager
def running(
    servers: Mapping[str, Server], seconds: float, while_starting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """All of them started and ready, until the context ends. Raises ProcessFailedError when one is not so in time.

    `while_starting` is called between the start and the wait.
    What is in the mapping at the end is stopped, because a server may have been replaced by another in between.
    """
    try:
        for server in servers.values():
            server.start()
        while_starting()
        for server in servers.values():
            server.wait_ready(seconds)
        yield
    finally:
        stop_all(list(servers.values()))


def stop_all(servers: Sequence[Server]) -> None:
    """Ask all to end, then wait for each."""
    for server in servers:
        server.request_stop()
    for server in servers:
        server.stop()


def wait_until(condition: Callable[[], bool], seconds: float, *, slowing: float = 0.0) -> bool:
    """Whether the condition came true in time.

    A condition that costs something to look at is looked at less often: each pause is this share of the time so far.
    """
    began = time.monotonic()
    while not condition():
        passed = time.monotonic() - began
        if passed > seconds:
            return False
        time.sleep(max(POLL_SECONDS, slowing * passed))
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # already gone
        os.killpg(pid, number)


def _started_at(pid: int) -> str:
    """When a live process started, in the kernel's ticks since boot; empty when there is none (or no /proc).

    A process whose first thread is a zombie still holds its ports while other threads are ending.
    """
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    threads, started = int(rest[16]), rest[18]
    return "" if state == "Z" and threads <= 1 else started
