"""What grows with the studio, and what does not: jobs a second and the slowest hundredth, by one number at a time.

Run by `make bench-growth`, or for some series with `--series`. The whole stack as processes on two cores, the work on
pictures replaced by a canned result, the provider's delay at 0. It writes docs/growth.md with a plot of each series,
says which of them is neither flat nor linear, and ends with status 1 if one is.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import httpx
from peers.contestants import Contestant, studio
from plot import plot
from watching import watching

from studio_local.infrastructure import Infrastructure

from measuring import bind, exit_if_missed, percentile
from rounds import BRIEF, added, wait

DOCS = Path(__file__).parent.parent / "docs"
WINDOW_SECONDS = 20.0
"""For so long the changes to jobs are counted; a backlog need not be worked off."""
POSTING, LOAD, ALONE = 4, 40, 480
"""Connections over which jobs are posted, jobs of a load, and jobs one at a time: with fewer, one checkpoint of the
database makes a p99.
"""
INSERTED = 5000
TOLERANCE = 1.5
"""How much worse than flat, or linear, a figure may be: rounds on the same machine differ by a fifth."""
WATCHING = {
    "STUDIO_STREAMS": "2000",
    "STUDIO_STREAMS_PER_CLIENT": "2000",
    "STUDIO_CONNECTIONS": "4000",
    "STUDIO_CONNECTIONS_PER_CLIENT": "4000",
}


class Point(NamedTuple):
    """What one size gave; `p99` in milliseconds."""

    size: int
    jobs_per_second: float
    p99: float


class Series(NamedTuple):
    """What grows, through which sizes, what its p99 is of, how a running studio is measured at one size, and whether a
    job should cost the same at each size (`flat`), or in proportion to it (`linear`).
    """

    grows: str
    sizes: tuple[int, ...]
    p99_of: str
    measure: Callable[[Contestant, int], Point]
    cost: Literal["flat", "linear"] = "flat"

    def missed(self, points: Sequence[Point]) -> list[str]:
        """What got worse than that from the smallest size to the largest: what is worse between them did not grow."""
        least, most = points[0], points[-1]
        allowed = TOLERANCE * (most.size / least.size if self.cost == "linear" else 1)
        found = []
        if least.jobs_per_second / most.jobs_per_second > allowed:
            found.append(f"jobs/s at {most.size:,} {self.grows}: {most.jobs_per_second:.2f} ({self.cost})")
        if most.p99 > least.p99 * allowed:
            found.append(f"p99 at {most.size:,} {self.grows}: {most.p99:.0f} ms ({self.cost})")
        return found


def post_many(contestant: Contestant, number: int, brief: dict[str, Any]) -> tuple[list[str], list[float]]:
    """Post that many jobs over a few connections; their ids, and the milliseconds that each answer took."""

    def share(count: int) -> list[tuple[str, float]]:
        found = []
        with httpx.Client(base_url=contestant.url, timeout=60, trust_env=False) as client:
            for _ in range(count):
                started = time.perf_counter()
                job = client.post("/v1/jobs", json=brief).raise_for_status().json()
                found.append((job["id"], (time.perf_counter() - started) * 1000))
        return found

    shares = [number // POSTING + (place < number % POSTING) for place in range(POSTING)]
    with ThreadPoolExecutor(POSTING) as threads:
        posted = [one for found in threads.map(share, shares) for one in found]
    return [job_id for job_id, _ in posted], [milliseconds for _, milliseconds in posted]


def rate(contestant: Contestant) -> float:
    """Jobs' worth of changes that are committed a second, for a while or until every job has ended.

    A long backlog goes through one stage before the next, so the jobs that end in that time say little.
    """
    before, started = _changes(contestant), time.perf_counter()
    unfinished = {"finished_at": None}
    while contestant.jobs.find_one(unfinished) is not None and time.perf_counter() - started < WINDOW_SECONDS:
        time.sleep(0.2)
    changes, seconds = _changes(contestant) - before, time.perf_counter() - started
    ended = contestant.jobs.find_one({"finished_at": {"$ne": None}}, sort=[("version", -1)])
    assert ended is not None
    return float(changes / ended["version"] / seconds)


def _changes(contestant: Contestant) -> int:
    """Committed to all jobs together."""
    return int(next(iter(contestant.jobs.aggregate([{"$group": {"_id": None, "all": {"$sum": "$version"}}}])))["all"])


def backlog(contestant: Contestant, size: int) -> Point:
    """Jobs that wait: how fast they are worked off, and how long an answer takes beside them."""
    _, answers = post_many(contestant, size, BRIEF)
    return Point(size, rate(contestant), percentile(answers[-200:], 99))


def _load(contestant: Contestant, size: int, brief: dict[str, Any]) -> Point:
    """Jobs a second when some are posted together, then what is added to each, one at a time."""
    started = time.perf_counter()
    ids, _ = post_many(contestant, LOAD, brief)
    wait(contestant, ids)
    per_second = LOAD / (time.perf_counter() - started)
    alone: list[str] = []
    for _ in range(ALONE):
        alone += post_many(contestant, 1, brief)[0]
        wait(contestant, alone[-1:])
    return Point(size, per_second, percentile(added(contestant, alone), 99))


def _finished(contestant: Contestant) -> dict[str, Any]:
    """A job that has ended."""
    ids, _ = post_many(contestant, 1, BRIEF)
    wait(contestant, ids)
    (job,) = contestant.results(ids)
    return job


def collection(contestant: Contestant, size: int) -> Point:
    """Old jobs in the database: copies of a finished one, without its concepts, timeline and pictures."""
    job = _finished(contestant)
    kept = {name: value for name, value in job.items() if name not in ("_id", "concepts", "timeline", "plan")}
    for start in range(0, size, INSERTED):
        numbers = range(start, min(start + INSERTED, size))
        contestant.jobs.insert_many([kept | _old(number, job) for number in numbers], ordered=False)
    contestant.jobs.database.client.admin.command("fsync")  # what is measured is that they are there, not their arrival
    return _load(contestant, size, BRIEF)


def _old(number: int, job: dict[str, Any]) -> dict[str, Any]:
    """What distinguishes a copy: it was made some seconds before the one made last."""
    earlier = timedelta(seconds=number + 1)
    times = {name: job[name] - earlier for name in ("created_at", "updated_at", "started_at", "finished_at")}
    slots = [slot | {"provider_id": f"old-{number}-{slot['number']}"} for slot in job["predictions"]]
    return {"_id": f"old-{number:08}", "predictions": slots, "outbox": [], **times}


def workers(contestant: Contestant, size: int) -> Point:
    """That many processes of stencil, predictor and postprocess."""
    return _load(contestant, size, BRIEF)


def concepts(contestant: Contestant, size: int) -> Point:
    """Pictures that a job asks for."""
    return _load(contestant, size, BRIEF | {"count": size})


def watchers(contestant: Contestant, size: int) -> Point:
    """Event streams that are open, ten on each of some waiting jobs, while others are made."""
    with watching(contestant, _finished(contestant), size):
        return _load(contestant, size, BRIEF)


ADDED = "time added to a job, one at a time"
SERIES = {
    "backlog": Series("jobs that wait", (100, 1_000, 10_000), "answers to POST", backlog),
    "collection": Series("old jobs in the database", (0, 100_000, 1_000_000), ADDED, collection),
    "workers": Series("processes of each worker", (1, 2, 4), ADDED, workers),
    "concepts": Series("pictures a job", (1, 6, 12), ADDED, concepts, "linear"),
    "watchers": Series("open event streams", (0, 100, 1_000), ADDED, watchers),
}


def run(infrastructure: Infrastructure, name: str, at_most: int | None) -> list[Point]:
    """The points of a series, each on an empty studio."""
    series, points = SERIES[name], []
    for size in (one for one in series.sizes if at_most is None or one <= at_most):
        folder, replicas = infrastructure.root / f"growth-{name}", size if name == "workers" else 1
        with studio(infrastructure, folder, canned=True, extra=WATCHING, replicas=replicas) as contestant:
            wait(contestant, post_many(contestant, 4, BRIEF)[0])
            points.append(series.measure(contestant, size))
        print(f"{name} {size:,}: {points[-1].jobs_per_second:.2f} jobs/s, p99 {points[-1].p99:.0f} ms", flush=True)
    return points


def write(name: str, points: Sequence[Point], folder: Path) -> list[str]:
    """Its plots, and the part of the document that shows them."""
    series = SERIES[name]
    pictures = {
        f"growth-{name}-rate.svg": plot("jobs/s", series.grows, [(one.size, one.jobs_per_second) for one in points]),
        f"growth-{name}-p99.svg": plot(
            f"p99 of {series.p99_of}, ms", series.grows, [(one.size, one.p99) for one in points]
        ),
    }
    for file, text in pictures.items():
        (folder / "pictures" / file).write_text(text)
    rows = [f"| {one.size:,} | {one.jobs_per_second:.2f} | {one.p99:.0f} |" for one in points]
    shown = " ".join(f"![{series.grows}](pictures/{file})" for file in pictures)
    head = [f"| {series.grows} | jobs/s | p99 of {series.p99_of}, ms |", "|---|---|---|"]
    return [f"## {series.grows[0].upper()}{series.grows[1:]}", "", *head, *rows, "", shown, ""]


def main() -> None:
    """Measure the series that are asked for, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", nargs="+", choices=SERIES, default=list(SERIES))
    parser.add_argument("--at-most", type=int, help="leave out larger sizes")
    parser.add_argument("--into", type=Path, default=DOCS, help="folder of growth.md and its pictures")
    arguments = parser.parse_args()
    load, cores = os.getloadavg()[0], bind(2)
    (arguments.into / "pictures").mkdir(parents=True, exist_ok=True)
    folder = Path(".studio") / "compare"
    folder.mkdir(parents=True, exist_ok=True)
    text = ["# Growth", "", f"By `make bench-growth` on {datetime.now(UTC):%Y-%m-%d}: {cores} cores, without work on"]
    text += [f"pictures, load average {load:.1f} before. One number grows at a time.", ""]
    with Infrastructure(folder) as infrastructure:
        found = {name: run(infrastructure, name, arguments.at_most) for name in arguments.series}
    for name, points in found.items():
        text += write(name, points, arguments.into)
    missed = [text for name, points in found.items() for text in SERIES[name].missed(points)]
    text += ["## Neither flat nor linear", "", *(f"- {one}" for one in missed or ["nothing"]), ""]
    (arguments.into / "growth.md").write_text("\n".join(text))
    exit_if_missed(missed)


if __name__ == "__main__":
    main()
