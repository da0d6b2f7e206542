"""What the measurements of the running stack share: cores, a provider that answers immediately, percentiles."""

import os
import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from studio_local.stack import LocalStack

TICKS = os.sysconf("SC_CLK_TCK")


def take_cores(parser: ArgumentParser) -> None:
    """The option for the number of cores that everything is bound to."""
    parser.add_argument("--cores", type=int, default=2, help="cores everything is bound to")


def bind(cores: int) -> int:
    """Bind this process, and all that it starts, to that many cores. Returns how many cores are available."""
    had = sorted(os.sched_getaffinity(0))[:cores]
    os.sched_setaffinity(0, had)
    return len(had)


def stack_at_once(*, fresh: bool = False) -> LocalStack:
    """The whole stack, whose provider takes no time."""
    folder = Path(".studio") / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    unlimited = {"STUDIO_DAY_CENTS": "100000000", "STUDIO_STREAMS_PER_CLIENT": "500"}
    return LocalStack(folder, fresh=fresh, extra={"STANDIN_DELAY_SECONDS": "0"} | unlimited)


def session_seconds(leader: int) -> float:
    """User and system seconds of a process that leads a session, and of all it has started there."""
    spent = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == leader:
            spent += sum(map(int, fields[11:15])) / TICKS
    return spent


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which that share of the values lies."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def exit_if_missed(missed: Sequence[str]) -> None:
    """Raises SystemExit, status 1, naming the targets that this run missed, if there are any."""
    if missed:
        sys.exit("\n".join(f"missed: {target}" for target in missed))
