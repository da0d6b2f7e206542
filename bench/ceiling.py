"""What the cores can do at most: the work on a job's pictures in a process for each core, and nothing around it.

The studio's own function on pictures as the stand-in sends them: no broker, no database, no downloads, no files, no web
server. No way to do the job can be faster with this function on these cores.
"""

import multiprocessing
import statistics
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from studio_contracts.brief import Surface
from studio_contracts.models import MODELS
from studio_postprocess.picture_work import work_on_picture
from studio_standin.pictures import Recipe, render
from studio_stencil.drawing.compose import encode
from studio_stencil.planning.plan import draw, make_plan

AGAINST_CELERY = 1.3
"""How many times as many jobs with pictures as Celery's are aimed at."""
PROMPT_STRENGTH = 0.7
JOBS_EACH = 3
_SEED = 1


class Alone(NamedTuple):
    """Jobs a second by nothing but the work on pictures, and the CPU seconds of each."""

    jobs_per_second: float
    cpu: float


class Pictures(NamedTuple):
    """A job's pictures as they arrive, and what the work on each is told besides."""

    originals: list[bytes]
    arguments: tuple[Any, ...]


def pictures_of(brief: dict[str, Any]) -> Pictures:
    """What the provider's stand-in sends for a brief."""
    surface = Surface(**brief["surface"])
    plan = make_plan(brief["prompt"], surface.width_m, surface.height_m, None, brief["strategy"], _SEED, at_most=1)
    drawn = draw(plan, plan.directions[0])
    stencil = encode(drawn.indices, drawn.codes)
    outputs = MODELS["sdxl"].max_outputs
    originals = [
        render(
            Recipe(
                brief["prompt"], _SEED + number // outputs, number % outputs, PROMPT_STRENGTH, plan.fit.size, stencil
            )
        )
        for number in range(brief["count"])
    ]
    return Pictures(originals, (stencil, list(drawn.codes), plan.fit.size, plan.fit.layout, surface))


def pictures_alone(brief: dict[str, Any], cores: int) -> Alone:
    """What it is when every core works on pictures, and on nothing else, all the time."""
    pictures, context = pictures_of(brief), multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(cores)]
    workers = [context.Process(target=_work, args=(theirs, pictures)) for _, theirs in pairs]
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


def _work(connection: Connection, pictures: Pictures) -> None:
    def job() -> None:
        for original in pictures.originals:
            work_on_picture(original, *pictures.arguments)

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
    aimed = AGAINST_CELERY * max(rates["celery"] / most, cpu * 1000 / costs["celery"])
    lines = ["## What the cores can do at most", ""]
    lines += [f"The work on the same pictures in a process for each core, with nothing around it: {most:.2f} jobs/s"]
    lines += [f"(between the rounds). Of that {', '.join(parts)}. It takes {cpu * 1000:.0f} ms of CPU a job, which is"]
    lines += [f"{', '.join(spent)}."]
    if aimed > 1:
        lines += [f"{AGAINST_CELERY} × Celery would be {aimed:.2f} of what the cores can do: nobody can reach that."]
    return [*lines, ""]
