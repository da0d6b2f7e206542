"""The parts of docs/benchmarks.md: what is shown of each contestant's rounds, and why a peer may be ahead."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from plot import Bar, bars

from rounds import NAMES, Figures

Found = dict[str, list[Figures]]


class Row(NamedTuple):
    """A line of the table: what it shows of a round, with how many digits, and what explains a worse figure of ours."""

    name: str
    of: Callable[[Figures], float]
    digits: int
    because: str
    more_is_better: bool = False


def _cost(name: str) -> Callable[[Figures], float]:
    return lambda figures: float(getattr(figures.cost, name))


CPU = (
    "each change is validated, committed under a version, and has its event in an outbox; money is reserved and settled"
)
STEPS = "more steps wait for a majority write: reservation, plan and claim, recorded webhook, its meaning"
READS = "each message starts from the stored job, and so does each webhook, which says nothing of the job's version"
UPDATES = "a claim before each paid call, its answer, and each report that is new are writes of their own"
MONEY = "budgets, the reconciler's lease and its search for what is stuck; the peers have none of these"
PUBLISHES = "the end of a job is an event, too: whoever wants to know of it need not ask"
PICTURES = "the same picture code in child processes that may die; the rest as above"

STEPS_OF_A_JOB = {
    "stencil.ready": "the job is stored by a majority and announced; the stencil's service reads it",
    "slots.planned": "the stencil is stored, announced, read; the first attempts' money is reserved in a transaction",
    "prediction.started": "plan and claims are stored by one write; the provider takes the requests and answers",
    "prediction.succeeded": "the webhook is verified, and what it means stored",
    "pictures.made": "what the provider delivered is announced, read; pictures are fetched and stored",
    "job.completed": "the same write as the last pictures",
}
"""By the event that ends each: what is waited for one after the other."""

CANNED_ROWS = (
    Row("jobs/s", lambda figures: figures.jobs_per_second, 2, CPU, more_is_better=True),
    Row("added time p50, one job at a time, ms", lambda figures: figures.added_p50, 0, STEPS),
    Row("added time p99, one job at a time, ms", lambda figures: figures.added_p99, 0, STEPS),
    Row("added time p50 at half load, ms", lambda figures: figures.half_load_p50, 0, STEPS),
    Row("CPU a job, without the stand-in, ms", lambda figures: _cost("cpu")(figures) * 1000, 0, CPU),
    Row("reads of job documents", _cost("reads"), 1, READS),
    Row("updates of job documents", _cost("updates"), 1, UPDATES),
    Row("reads, with money, leases and the reconciler", _cost("all_reads"), 1, MONEY),
    Row("updates, with money, leases and the reconciler", _cost("all_updates"), 1, MONEY),
    Row("journal, kB a job", lambda figures: _cost("journal_bytes")(figures) / 1000, 1, UPDATES),
    Row("confirmed publishes a job", _cost("publishes"), 1, PUBLISHES),
)
PICTURE_ROWS = (
    Row("jobs/s", lambda figures: figures.jobs_per_second, 2, PICTURES, more_is_better=True),
    Row("CPU a job, without the stand-in, ms", lambda figures: _cost("cpu")(figures) * 1000, 0, PICTURES),
)


def medians(found: Found, row: Row) -> dict[str, float]:
    """Of the rounds, by name."""
    return {name: statistics.median(map(row.of, figures)) for name, figures in found.items()}


def table(title: str, found: Found, rows: Sequence[Row]) -> list[str]:
    """Medians, and least and most of the rounds in brackets."""
    lines = [f"## {title}", "", "| | studio | FastStream | Celery |", "|---|---|---|---|"]
    for row in rows:
        cells = []
        for name in NAMES:
            values = [row.of(figures) for figures in found[name]]
            middle, least, most = statistics.median(values), min(values), max(values)
            cells.append(f"{middle:.{row.digits}f} ({least:.{row.digits}f}–{most:.{row.digits}f})")
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return [*lines, ""]


def plots(canned: Found, pictures: Found, folder: Path) -> list[str]:
    """Write a plot of each figure that matters most; the line that shows them."""
    shown = {
        "bench-rate.svg": ("jobs/s without work on pictures", canned, CANNED_ROWS[0]),
        "bench-pictures.svg": ("jobs/s with it", pictures, PICTURE_ROWS[0]),
        "bench-added.svg": ("added time p50, one job at a time, ms", canned, CANNED_ROWS[1]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, (title, found, row) in shown.items():
        values = {name: [row.of(figures) for figures in found[name]] for name in NAMES}
        bars_of = [Bar(name, statistics.median(of), min(of), max(of)) for name, of in values.items()]
        (folder / file).write_text(bars(title, bars_of))
    return [" ".join(f"![{title}](pictures/{file})" for file, (title, *_) in shown.items()), ""]


def steps(found: Sequence[Figures]) -> list[str]:
    """The latency of one job, step by step: medians of the rounds."""
    lines = ["## Where the added time of one job goes", ""]
    lines += ["The studio's jobs one at a time: milliseconds of each step, its work left out.", ""]
    lines += ["| until | ms | what is waited for |", "|---|---|---|"]
    for name, waits in STEPS_OF_A_JOB.items():
        middle = statistics.median(figures.steps.get(name, 0.0) for figures in found)
        lines.append(f"| `{name}` | {middle:.0f} | {waits} |")
    return [*lines, ""]


def worse(title: str, found: Found, rows: Sequence[Row]) -> list[str]:
    """A line for each figure in which a peer is ahead, and why."""
    ours, *peers = NAMES
    lines = []
    for row in rows:
        of = medians(found, row)
        ahead = [name for name in peers if (of[name] > of[ours] if row.more_is_better else of[name] < of[ours])]
        if ahead:
            figures = ", ".join(f"{name} {of[name]:.{row.digits}f}" for name in ahead)
            lines.append(f"- {title}, {row.name}: {of[ours]:.{row.digits}f}; {figures}. Why: {row.because}.")
    return lines
