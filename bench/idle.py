"""What the local stack costs while nothing happens: memory and CPU of each part, and the seconds of a start and a stop.

Run by `make bench-idle`: the stack is started once, stopped, and started again, which is the start that counts; then it
is left alone, makes a few drafts, and is left alone again. Memory is the proportional set size: what processes share is
divided among them, also with those of other programs, so beside another Python the pages of libraries count for less.
A part is its process and all that it has started. Ends with status 1 when a target is missed.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pipeline import DRAFT, NEW_MOTIFS, run_jobs
from rich.console import Console
from rich.table import Table

from studio_chassis.runtime.process_pool import IDLE_SECONDS
from studio_contracts.services import SERVICES
from studio_local.stack import LocalStack, ServiceStack

from measuring import exit_if_missed, stack_at_once

SETTLED_SECONDS = 10
"""After a start: what is done once, such as the declaration of queues, is over."""
TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Bytes of memory and CPU seconds since the start."""

    memory: int
    cpu: float


class Target(NamedTuple):
    """An upper limit."""

    name: str
    value: float
    limit: float


def leaders(stack: ServiceStack) -> dict[str, int]:
    """Name and process of each part. What a part starts is of the same session."""
    found = {}
    for pid in json.loads((stack.infrastructure.root / "processes.json").read_text()):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            found[words[2].removeprefix("studio_") if words[1] == "-m" else Path(words[0]).name] = int(pid)
    return found


def costs(parts: Mapping[str, int]) -> dict[str, Cost]:
    """Of each part now."""
    names = {pid: name for name, pid in parts.items()}
    found = dict.fromkeys(parts, Cost(0, 0.0))
    for session, cost in _processes():
        if session in names:
            one = found[names[session]]
            found[names[session]] = Cost(one.memory + cost.memory, one.cpu + cost.cpu)
    return found


def _processes() -> Iterator[tuple[int, Cost]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            lines = (folder / "smaps_rollup").read_text().splitlines()
            memory = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
            yield int(fields[3]), Cost(memory * 1024, sum(map(int, fields[11:13])) / TICKS)


def started_and_stopped(stack: LocalStack) -> float:
    """Start and stop it; the seconds of the stop."""
    with stack:
        time.sleep(1)
        began = time.perf_counter()
    return time.perf_counter() - began


def used(stack: ServiceStack, parts: Mapping[str, int]) -> dict[str, Cost]:
    """Make drafts one after the other, and leave the stack alone; the cost then."""
    for prompt in NEW_MOTIFS:
        run_jobs(stack, 1, 0, DRAFT | {"prompt": prompt})
    time.sleep(IDLE_SECONDS + SETTLED_SECONDS)
    return costs(parts)


def report(
    console: Console,
    before: Mapping[str, Cost],
    after: Mapping[str, Cost],
    used: Mapping[str, Cost],
    seconds: float,
) -> list[Target]:
    """Print the table; what the five services cost together, as targets."""
    names = ("", "memory, MiB", "CPU, % of a core", "memory after drafts, MiB")
    table = Table(*names, title=f"Idle for {seconds:.0f} s")
    shares = {name: 100 * (after[name].cpu - before[name].cpu) / seconds for name in after}
    for name, cost in after.items():
        table.add_row(name, f"{cost.memory / 2**20:.0f}", f"{shares[name]:.2f}", f"{used[name].memory / 2**20:.0f}")
    console.print(table)
    ours = [name for name in after if name in SERVICES]
    console.print(f"The five services after drafts: {sum(used[name].memory for name in ours) / 2**20:.0f} MiB.")
    return [
        Target("CPU of the five services, % of a core", sum(shares[name] for name in ours), 1.0),
        Target("memory of the five services, MiB", sum(after[name].memory for name in ours) / 2**20, 300),
        Target("memory of the whole local stack, MiB", sum(cost.memory for cost in after.values()) / 2**20, 700),
    ]


def main() -> None:
    """Start, leave alone, measure, print. Raises SystemExit when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is left alone")
    seconds = parser.parse_args().seconds
    console = Console()
    console.print(f"Load {os.getloadavg()[0]:.1f} before the first start, on {os.cpu_count()} cores.")
    stop = started_and_stopped(stack_at_once())
    began = time.perf_counter()
    with stack_at_once() as stack:
        start = time.perf_counter() - began
        time.sleep(SETTLED_SECONDS)
        parts = leaders(stack)
        before = costs(parts)
        time.sleep(seconds)
        found = report(console, before, costs(parts), used(stack, parts), seconds)
    found += [Target("second start, s", start, 5.0), Target("stop, s", stop, 2.0)]
    for target in found:
        verdict = "met " if target.value <= target.limit else "NOT met"
        console.print(f"{verdict} {target.name}: {target.value:.2f} (at most {target.limit:g})")
    exit_if_missed([target.name for target in found if target.value > target.limit])


if __name__ == "__main__":
    main()
