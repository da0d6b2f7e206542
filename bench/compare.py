"""The studio beside what people would use instead: the same job with FastStream and with Celery.

Run by `make bench`, in short by `make bench-quick`: the same broker, database, stand-in and cores, the contestants one
after the other and in turn, each round from the start. It writes docs/benchmarks.md, says what misses its target, and
ends with status 1 if anything does. What the studio does and the others do not is in docs/guarantees.md.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ceiling import AGAINST_CELERY, Alone, pictures_alone
from ceiling import report as ceiling_report
from comparison import CANNED_ROWS, PICTURE_ROWS, Found, medians, plots, steps, table, worse
from peers.environment import peers_environment

from studio_local.infrastructure import Infrastructure

from kills import Losses, kill_round
from kills import report as kills_report
from measuring import bind
from rounds import NAMES, TOGETHER, canned_round, picture_round, run_rounds

QUIET_LOAD = 0.3
"""Load a core, before the first round, up to which the machine counts as quiet."""
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"

INTRODUCTION = """# Benchmarks

By `make bench` on {date:%Y-%m-%d}: {machine}.
Medians of {rounds} alternating rounds, least and most in brackets.

The same job on the same broker, database and stand-in of the provider, which answers immediately: six pictures of
1152 × 768 in two predictions. [bench/peers](../bench/peers) has the other two as their own users would write them:
acknowledged after the work, quorum queues, confirmed publishes, majority writes, idempotent by state. They have no
outbox, no claim before a paid call, no rescue, no budgets and no cancellation; [Guarantees](guarantees.md) says what
those are for.
"""


class Target(NamedTuple):
    """What the medians must fulfil: `value` by name of the contestant is compared with the bound."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether it is."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        bound = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
        return f"{'met' if self.met else '**missed**'}: {self.name}: {self.value:.2f} ({bound})"


def targets(canned: Found, pictures: Found, alone: Sequence[Alone], killed: dict[str, Losses]) -> list[Target]:
    """The issue's targets, as ratios of this run."""
    rate, p50, p99, half, cpu, reads, updates, _, _, _, publishes = (medians(canned, row) for row in CANNED_ROWS)
    painted = medians(pictures, PICTURE_ROWS[0])
    most = statistics.median(one.jobs_per_second for one in alone)
    ours = NAMES[0]
    lost = [Target("jobs refused or lost under kills", sum(killed[ours]), at_most=0)] if killed else []
    return [
        Target("jobs/s against FastStream", rate[ours] / rate["faststream"], at_least=1.0),
        Target("jobs/s against Celery", rate[ours] / rate["celery"], at_least=0.8),
        Target("CPU a job against FastStream", cpu[ours] / cpu["faststream"], at_most=1.1),
        Target("reads of job documents", reads[ours], at_most=8),
        Target("updates of job documents", updates[ours], at_most=14),
        Target("confirmed publishes", publishes[ours], at_most=8),
        Target("added time p50, ms", p50[ours], at_most=70),
        Target("added time p99, ms", p99[ours], at_most=130),
        Target("half load against one at a time", half[ours] / p50[ours], at_most=1.5),
        Target("jobs/s with pictures against Celery", painted[ours] / painted["celery"], at_least=AGAINST_CELERY),
        Target("jobs/s with pictures against these alone", painted[ours] / most, at_least=0.9),
        *lost,
    ]


def machine(load: float, cores: int) -> str:
    """Where this was measured, and whether it was quiet."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown processor",
    )
    quiet = "quiet" if load <= QUIET_LOAD * (os.cpu_count() or 1) else "**not quiet: these figures prove little**"
    return f"{cores} cores of {model}, load average {load:.1f} before the first round ({quiet})"


def main() -> int:
    """Measure, write the report, say what is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--jobs", type=int, default=60, help="one at a time, and three times as many together, without work on pictures"
    )
    parser.add_argument("--pictures", type=int, default=8, help="jobs in each round with it")
    parser.add_argument("--kills", type=int, default=60, help="jobs under kills, 0 for none")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--report", type=Path, default=REPORT)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    cores = bind(arguments.cores)
    folder = Path(".studio") / "compare"
    folder.mkdir(parents=True, exist_ok=True)
    binaries = peers_environment(folder / "peers").resolve()
    with Infrastructure(folder) as infrastructure:
        rounds = partial(run_rounds, infrastructure, binaries, arguments.rounds)
        canned = rounds(partial(canned_round, jobs=arguments.jobs), canned=True)
        alone: list[Alone] = []
        pictures = rounds(
            partial(picture_round, jobs=arguments.pictures),
            canned=False,
            between=lambda: alone.append(pictures_alone(cores)),
        )
        kill = partial(kill_round, infrastructure, binaries, jobs=arguments.kills, cores=cores)
        killed = {name: kill(name) for name in NAMES} if arguments.kills else {}
    aims = targets(canned, pictures, alone, killed)
    report = "\n".join(
        [
            INTRODUCTION.format(date=datetime.now(UTC), machine=machine(load, cores), rounds=arguments.rounds),
            *plots(canned, pictures, arguments.report.parent / "pictures"),
            *table(
                f"Without work on pictures, {TOGETHER * arguments.jobs} jobs together, {arguments.jobs} one at a time",
                canned,
                CANNED_ROWS,
            ),
            *steps(canned[NAMES[0]]),
            *table(f"With it, {arguments.pictures} jobs", pictures, PICTURE_ROWS),
            *ceiling_report(alone, *(medians(pictures, row) for row in PICTURE_ROWS)),
            *(kills_report(killed, arguments.kills) if killed else []),
            "## Targets",
            "",
            *(f"- {aim}" for aim in aims),
            "",
            "## What is slower than a peer, and why",
            "",
            *(worse("without pictures", canned, CANNED_ROWS) + worse("with pictures", pictures, PICTURE_ROWS)),
            "",
        ]
    )
    arguments.report.write_text(report)
    print(report)
    return 0 if all(aim.met for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
