"""Work for child processes: functions that they can import."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path


def pid_after(seconds: float) -> int:
    """Wait, and say which process did."""
    time.sleep(seconds)
    return os.getpid()


def pid_when_told(folder: str) -> int:
    """Make a file that shows which process waits, and wait until there is a file `go`."""
    Path(folder, str(os.getpid())).touch()
    while not Path(folder, "go").exists():
        time.sleep(0.02)
    return os.getpid()


def begun(file: str, work: Callable[..., object], *arguments: object) -> None:
    """Make the file, so that others see that the work has begun, and do the work."""
    Path(file).touch()
    work(*arguments)


class TwoPartError(Exception):
    """An error that cannot be pickled: its constructor wants more than it keeps."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def fail_in_two_parts() -> None:
    """Raise TwoPartError."""
    raise TwoPartError("two ", "parts")


def never_ready(pipe: object, memory_bytes: int) -> None:
    """Run in place of a child that takes calls: it never gets that far."""
    time.sleep(600)


def pages_of_repeated_work() -> int:
    """Fill four arrays of 8 MiB, as often as it takes to know what is needed, and once more: how many pages the system
    gives for that. Together they are more than what the C library keeps by default.
    """
    before = 0
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        arrays = [bytearray(b"\1") * (8 * 2**20) for _ in range(4)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
