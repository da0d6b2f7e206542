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


def most_jobs_per_second(brief: dict[str, Any], cores: int) -> float:
    """Jobs a second when every core works on pictures, and on nothing else, all the time."""
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
    for connection in ours:
        connection.recv()
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return cores * JOBS_EACH / seconds


def _work(connection: Connection, pictures: Pictures) -> None:
    def job() -> None:
        for original in pictures.originals:
            work_on_picture(original, *pictures.arguments)

    job()
    connection.send("warm")
    for _ in range(connection.recv()):
        job()
    connection.send("done")


def report(alone: Sequence[float], rates: Mapping[str, float]) -> list[str]:
    """What part of it each reaches, by jobs a second, and what that says of the aim against Celery."""
    most = statistics.median(alone)
    parts = [f"{name} reaches {rate / most:.2f}" for name, rate in rates.items()]
    wanted = AGAINST_CELERY * rates["celery"] / most
    lines = ["## What the cores can do at most", ""]
    lines += [f"The work on the same pictures in a process for each core, with nothing around it: {most:.2f} jobs/s"]
    lines += [f"({min(alone):.2f}–{max(alone):.2f}, measured between the rounds). Of that {', '.join(parts)}."]
    if wanted > 1:
        lines += [f"{AGAINST_CELERY} × Celery would be {wanted:.2f} of it: on these cores nobody can reach that."]
    return [*lines, ""]
