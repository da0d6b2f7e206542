"""What the cores can do at most: the work on a job's pictures in a process for each core, and nothing around it.

The studio's own function on pictures as the stand-in sends them: no broker, no database, no downloads, no files, no web
server. No way to do the job can be faster with this function on these cores.
"""

import multiprocessing
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from studio_chassis.runtime.memory import reuse_what_is_freed
from studio_contracts.brief import Brief
from studio_contracts.models import MODELS
from studio_postprocess.picture_work import work_on_picture
from studio_standin.pictures import Recipe, render
from studio_stencil.drawing.compose import encode
from studio_stencil.planning.plan import draw, make_plan

from rounds import BRIEF

AGAINST_CELERY = 1.3
"""How many times as many jobs with pictures as Celery's are aimed at."""
PROMPT_STRENGTH = 0.7
JOBS_EACH = 3
SEED = 1
"""Of the brief whose pictures all work on."""


class Alone(NamedTuple):
    """Jobs a second by nothing but the work on pictures, and the CPU seconds of each."""

    jobs_per_second: float
    cpu: float


class Drawn(NamedTuple):
    """A brief's stencil, and what the work on each picture is told."""

    stencil: bytes
    arguments: tuple[Any, ...]


@cache
def drawn() -> Drawn:
    """Of the rounds' brief with this SEED."""
    brief = Brief.model_validate(BRIEF)
    width, height = brief.surface.width_m, brief.surface.height_m
    plan = make_plan(brief.prompt, width, height, None, brief.strategy, SEED, at_most=1)
    shown = draw(plan, plan.directions[0])
    stencil = encode(shown.indices, shown.codes)
    return Drawn(stencil, (stencil, list(shown.codes), plan.fit.size, plan.fit.layout, brief.surface))


def picture(recipe: Recipe) -> bytes:
    """What the stand-in sends for it: the picture of that number, format and size for the rounds' brief."""
    return render(recipe._replace(prompt=str(BRIEF["prompt"]), seed=SEED, init=drawn().stencil))


def pictures_alone(cores: int) -> Alone:
    """What it is when every core works on pictures, and on nothing else, all the time."""
    arguments, outputs = drawn().arguments, MODELS["sdxl"].max_outputs
    recipes = [
        Recipe("", SEED, number % outputs, PROMPT_STRENGTH, arguments[2])
        for number in range(Brief.model_validate(BRIEF).count)
    ]
    originals, context = [picture(recipe) for recipe in recipes], multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(cores)]
    workers = [context.Process(target=_work, args=(theirs, originals, arguments)) for _, theirs in pairs]
    for worker in workers:
        worker.start()
    ours = [one for one, _ in pairs]
    for connection in ours:
        connection.recv()  # it has done one job: tables and codecs are loaded
    started = time.perf_counter()
    for connection in ours:
        connection.send(JOBS_EACH)
    cpu = [connection.recv() for connection in ours]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return Alone(cores * JOBS_EACH / seconds, statistics.mean(cpu) / JOBS_EACH)


def _work(connection: Connection, originals: Sequence[bytes], arguments: tuple[Any, ...]) -> None:
    def job() -> None:
        for original in originals:
            work_on_picture(original, *arguments)

    reuse_what_is_freed()  # as the studio's child processes do
    job()
    connection.send("warm")
    jobs, before = connection.recv(), time.process_time()
    for _ in range(jobs):
        job()
    connection.send(time.process_time() - before)


def report(alone: Sequence[Alone], rates: Mapping[str, float], costs: Mapping[str, float]) -> list[str]:
    """What part of it each reaches, by jobs a second and by milliseconds of CPU a job, and what is left to win."""
    most, cpu = (statistics.median(column) for column in zip(*alone, strict=True))
    parts = [f"{name} reaches {rate / most:.2f}" for name, rate in rates.items()]
    spent = [f"{cpu * 1000 / cost:.2f} of what {name} takes" for name, cost in costs.items()]
    taken = costs["celery"] - cpu * 1000
    left = costs["celery"] / AGAINST_CELERY - cpu * 1000
    lines = ["## What the cores can do at most", ""]
    lines += [f"The work on the same pictures in a process for each core, with nothing around it: {most:.2f} jobs/s"]
    lines += [f"(between the rounds). Of that {', '.join(parts)}. It takes {cpu * 1000:.0f} ms of CPU a job, which is"]
    lines += [f"{', '.join(spent)}."]
    lines += [
        f"For all around the pictures Celery takes {taken:.0f} ms a job; {AGAINST_CELERY} × Celery leaves {left:.0f}."
    ]
    if left <= 0:
        lines += ["On these cores nobody can reach that."]
    return [*lines, ""]
