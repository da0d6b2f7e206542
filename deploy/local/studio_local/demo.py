"""One brief through the whole pipeline, as any client would send it; what comes back is written to a folder."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from studio_local.client import STAGES, GatewayClient, Progress, RankedConcept, progress, ranked_concepts, stage_seconds
from studio_local.contact_sheet import Cell, contact_sheet

JOB_SECONDS = 600
BRIEF = "ocean energy with fish, flowing bands of blue and turquoise"


class Show(Protocol):
    """Shows a person the progress of the job."""

    def __call__(self, now: Progress) -> None: ...


def run_demo(gateway_url: str, prompt: str, out: Path, console: Console) -> None:
    """Post the brief, follow the job, write what came of it. Raises JobFailedError or httpx.HTTPError."""
    brief = {"prompt": prompt, "surface": {"width_m": 5, "height_m": 5}, "count": 6}
    with GatewayClient(gateway_url) as gateway:
        job_id = gateway.post_brief(brief)
        console.print(f"Brief: {prompt}\nJob {job_id}", highlight=False, markup=False)
        with _shown(console) as show:
            for job in gateway.follow(job_id, JOB_SECONDS):
                show(progress(job))
        concepts = ranked_concepts(job)
        _write(gateway, job, concepts, out)
    console.print(_table(concepts))
    for warning in job["warnings"]:
        console.print(f"Warning: {warning['text']}", markup=False)
    spent = stage_seconds(job)
    console.print("Timings: " + ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in spent.items()))
    console.print(f"Written to {out}/: job.json, stencils, {2 * len(concepts)} pictures, contact-sheet.png")


def _write(gateway: GatewayClient, job: dict[str, Any], concepts: list[RankedConcept], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for old in [*out.glob("*.png"), *out.glob("job.json")]:
        old.unlink()
    (out / "job.json").write_text(json.dumps(job, indent=2) + "\n")
    directions = job["plan"]["directions"]
    for direction in directions:
        (out / f"stencil-{direction['number']}.png").write_bytes(gateway.picture(direction["stencil"]["url"]))
    cells = []
    for concept in concepts:
        installable = gateway.picture(concept.installable)
        (out / f"rank-{concept.rank}-installable.png").write_bytes(installable)
        (out / f"rank-{concept.rank}-original.png").write_bytes(gateway.picture(concept.original))
        cells.append(Cell(concept.rank, concept.direction, concept.score, installable, concept.colours))
    brief = job["brief"]
    size = f"{brief['surface']['width_m']:g} by {brief['surface']['height_m']:g} m"
    subtitle = f"{size}  ·  {len(cells)} concepts  ·  seed {directions[0]['seed']}"
    contact_sheet(brief["prompt"], subtitle, cells).save(out / "contact-sheet.png", optimize=True)


def _table(concepts: list[RankedConcept]) -> Table:
    table = Table("rank", "direction", "score", "colours", "warnings")
    for concept in concepts:
        colours = ", ".join(f"{colour.code} {colour.name} {colour.share:.0%}" for colour in concept.colours)
        table.add_row(
            str(concept.rank), concept.direction, f"{concept.score:.2f}", colours, "; ".join(concept.warnings)
        )
    return table


@contextmanager
def _shown(console: Console) -> Iterator[Show]:
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        task = bars.add_task(STAGES[0], total=len(STAGES))

        def show(now: Progress) -> None:
            bars.update(task, description=_words(now), completed=_stages_done(now))

        yield show


class _Lines:
    """One line whenever the job has moved on, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begin = time.monotonic()
        self._last = ""

    def __call__(self, now: Progress) -> None:
        if (words := _words(now)) != self._last:
            self._last = words
            self._console.print(f"{time.monotonic() - self._begin:6.1f} s  {words}", highlight=False)


def _words(now: Progress) -> str:
    if now.stage not in STAGES:
        return now.status
    pictures = f", {now.received} of {now.asked} pictures received" if now.stage != STAGES[0] else ""
    return f"{now.stage}{pictures}"


def _stages_done(now: Progress) -> int:
    return STAGES.index(now.stage) if now.stage in STAGES else len(STAGES)
