"""The progress of a job in the terminal: a bar for people, a line a change where the output is a pipe or a file."""

from typing import get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from studio_cli.texts import named, t
from studio_client import StudioClient
from studio_client.types import JobView
from studio_contracts.errors import Stage
from studio_contracts.job import TERMINAL

STAGES = get_args(Stage)


def followed(client: StudioClient, job: JobView, timeout: float) -> JobView:
    """Show the job's progress on stderr until it has ended. Raises JobFailed, StillRunning."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return _in_lines(client, job, timeout)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(t("stage.accepted"), total=len(STAGES) - 1)

        def show(now: JobView) -> None:
            bars.update(task, description=_state(now), completed=STAGES.index(now["stage"]))

        return client.wait(job, timeout=timeout, changed=show)


def _in_lines(client: StudioClient, job: JobView, timeout: float) -> JobView:
    shown = ""

    def say(now: JobView) -> None:
        nonlocal shown
        if _state(now) != shown:
            shown = _state(now)
            typer.echo(shown, err=True)

    say(job)
    return client.wait(job, timeout=timeout, changed=say)


def _state(job: JobView) -> str:
    if job["status"] in TERMINAL:
        return named("status", job["status"])
    pictures, stage = len(job["concepts"]), named("stage", job["stage"])
    return t("stage.some", stage=stage, some=pictures, count=job["brief"]["count"]) if pictures else stage
