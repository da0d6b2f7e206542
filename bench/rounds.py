"""Rounds of the same job, the studio and its peers in turn: throughput, cost and latency of each."""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import httpx
from peers.contestants import Contestant, Cost, peer, studio, worker_of
from peers.timelines import steps_of, times_of

from studio_local.infrastructure import Infrastructure

from measuring import percentile

NAMES = ("studio", "faststream", "celery")
BRIEF = {
    "prompt": "ocean energy with fish, flowing bands of blue and turquoise",
    "surface": {"width_m": 6, "height_m": 4},  # 3:2, so pictures of 1152 x 768
    "strategy": "bands",
    "count": 6,
}
JOB_SECONDS = 300
TOGETHER = 3
"""How many times as many jobs are posted together as one at a time: fewer would measure how a pipeline fills."""
SETTLED_SECONDS = 6
"""The broker's counters are five seconds old at most; held outboxes are cleared by then."""


class Figures(NamedTuple):
    """One round of one contestant. Times in milliseconds; `steps` are those of the studio's jobs, one at a time."""

    jobs_per_second: float
    cost: Cost | None = None
    added_p50: float = 0.0
    added_p99: float = 0.0
    half_load_p50: float = 0.0
    steps: Mapping[str, float] = MappingProxyType({})


def post(contestant: Contestant, number: int, interval: float = 0.0) -> list[str]:
    """Post `number` jobs, one each `interval` seconds; their ids."""
    ids: list[str] = []
    started = time.perf_counter()
    with httpx.Client(base_url=contestant.url, timeout=60, trust_env=False) as client:
        for count in range(number):
            ids.append(client.post("/v1/jobs", json=BRIEF).raise_for_status().json()["id"])
            time.sleep(max(0.0, started + (count + 1) * interval - time.perf_counter()))
    return ids


def wait(contestant: Contestant, ids: Sequence[str]) -> None:
    """Return when all have ended. Raises SystemExit when they do not in time."""
    deadline = time.monotonic() + JOB_SECONDS
    while (ended := contestant.ended(ids)) < len(ids):
        if time.monotonic() > deadline:
            raise SystemExit(f"{contestant.name}: {len(ids) - ended} of {len(ids)} jobs have not ended")
        time.sleep(0.05)
    failed = [job["_id"] for job in contestant.results(ids) if job["status"] != "completed"]
    if failed:
        raise SystemExit(f"{contestant.name}: {len(failed)} jobs failed, such as {failed[0]}")


def saturate(contestant: Contestant, number: int) -> tuple[float, Cost]:
    """Jobs a second when all are posted together, and what each costs."""
    time.sleep(SETTLED_SECONDS)
    before = contestant.cost()
    ids = post(contestant, number)
    wait(contestant, ids)
    jobs = contestant.results(ids)
    seconds = max(job["finished_at"] for job in jobs) - min(job["created_at"] for job in jobs)
    time.sleep(SETTLED_SECONDS)
    return number / seconds.total_seconds(), contestant.cost().since(before, number)


def added(contestant: Contestant, ids: Sequence[str]) -> list[float]:
    """Milliseconds that each job took beyond its work."""
    return [times_of(job).added * 1000 for job in contestant.results(ids)]


def median_steps(contestant: Contestant, ids: Sequence[str]) -> dict[str, float]:
    """Milliseconds that each step of the studio's jobs takes beside its work. Peers tell of none."""
    if contestant.name != "studio":
        return {}
    found = [steps_of(job) for job in contestant.results(ids)]
    return {name: statistics.median(steps[name] for steps in found) * 1000 for name in found[0]}


def one_at_a_time(contestant: Contestant, number: int) -> list[str]:
    """Post jobs, each when the one before has ended."""
    ids: list[str] = []
    for _ in range(number):
        ids += post(contestant, 1)
        wait(contestant, ids[-1:])
    return ids


def canned_round(contestant: Contestant, jobs: int) -> Figures:
    """Throughput, cost and latency where pictures cost nothing."""
    wait(contestant, post(contestant, 4))
    per_second, cost = saturate(contestant, TOGETHER * jobs)
    one_by_one = one_at_a_time(contestant, jobs)
    alone = added(contestant, one_by_one)
    busy = post(contestant, jobs, 2 / per_second)
    wait(contestant, busy)
    half = added(contestant, busy)
    steps = median_steps(contestant, one_by_one)
    return Figures(per_second, cost, percentile(alone, 50), percentile(alone, 99), percentile(half, 50), steps)


def picture_round(contestant: Contestant, jobs: int) -> Figures:
    """Throughput with the work on pictures."""
    wait(contestant, post(contestant, 1))
    return Figures(*saturate(contestant, jobs))


def run_rounds(
    infrastructure: Infrastructure,
    binaries: Path,
    rounds: int,
    measure: Callable[[Contestant], Figures],
    *,
    canned: bool,
    between: Callable[[], None] = lambda: None,
) -> dict[str, list[Figures]]:
    """The rounds, one contestant after the other in each; who begins changes with each round, before which `between`
    is called.
    """
    found: defaultdict[str, list[Figures]] = defaultdict(list)
    cores = len(os.sched_getaffinity(0))
    for number in range(rounds):
        between()
        for place in range(len(NAMES)):
            name = NAMES[(number + place) % len(NAMES)]
            folder = infrastructure.root / f"{name}-{'canned' if canned else 'pictures'}"
            running: AbstractContextManager[Contestant] = (
                studio(infrastructure, folder, canned=canned)
                if name == "studio"
                else peer(name, worker_of(name, cores), infrastructure, folder, binaries, canned=canned)
            )
            with running as contestant:
                found[name].append(measure(contestant))
            print(f"round {number + 1}, {name}: {found[name][-1].jobs_per_second:.2f} jobs/s", flush=True)
    return found
