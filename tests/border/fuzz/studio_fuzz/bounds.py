"""The time and memory that one input may take."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

MEMORY_BYTES = 512 * 2**20
"""More than the process holds before the first input. Then a MemoryError is raised, which no target declares."""


class TooSlowError(BaseException):
    """No code handles it: an input took too long."""


def limit_memory() -> None:
    """For the rest of this process's life."""
    held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY_BYTES, hard))


@contextmanager
def time_limits() -> Iterator[None]:
    """Let `start_clock` end what takes too long."""
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    try:
        yield
    finally:
        start_clock(0)
        signal.signal(signal.SIGVTALRM, before)


def start_clock(seconds: float) -> None:
    """Raise TooSlowError after that much processor time. With 0 it never does."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _too_slow(*_: int | FrameType | None) -> None:
    raise TooSlowError
