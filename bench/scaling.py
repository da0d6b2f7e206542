"""What one job costs, and what more postprocess replicas bring.

Run by `make bench-scaling`: the whole stack as processes, the stand-in's delay at 0. For 1, 2 and 4 replicas, each
bound to one core as a container with a limit of one CPU would be, the replicas are held while jobs queue up before
them, then started: jobs per second is how fast they process the backlog, with nothing else running. The cost
of one job is what the kernel, the publishers and the database counted from posting to end, by the number of jobs.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from studio_contracts.models import MODELS
from studio_local.ports import LOOPBACK, free_port
from studio_local.processes import ManagedProcess, stop_all
from studio_local.stack import ServiceStack

from measuring import stack_at_once
from stack_meter import Bill, Counts, Meter

BRIEF: dict[str, Any] = {
    "prompt": "ocean energy with fish, flowing bands of blue and turquoise",
    "surface": {"width_m": 6, "height_m": 4},  # 3:2, so pictures of 1152 x 768
    "strategy": "bands",
    "count": 6,
}
FIGURES = Path(__file__).parent.parent / "docs" / "capacity.json"
CPU_OF = ("gateway", "stencil", "predictor", "postprocess", "reconciler", "beam.smp", "mongod")
TIMEOUT_SECONDS = 600
IDLE_SECONDS = 10
ENDED = {"final": True}
COMPLETED = {"status": "completed"}
BOUGHT = {"predictions.0": {"$exists": True}, "predictions": {"$not": {"$elemMatch": {"state": {"$ne": "succeeded"}}}}}


class Round(NamedTuple):
    """One run: seconds is how long the backlog took to go away."""

    replicas: int
    jobs: int
    seconds: float
    bill: Bill


@contextmanager
def replicas_of_postprocess(stack: ServiceStack, number: int) -> Iterator[dict[int, ManagedProcess]]:
    """`number` ready replicas by health port, each on a core of its own as far as there are cores."""
    cores = sorted(os.sched_getaffinity(0), reverse=True)
    ports = [free_port() for _ in range(number)]
    replicas = {port: _replica(stack, port, cores[place % len(cores)]) for place, port in enumerate(ports)}
    try:
        for replica in replicas.values():
            replica.start()
        for replica in replicas.values():
            replica.wait_ready(60)
        yield replicas
    finally:
        stop_all(list(replicas.values()))


def _replica(stack: ServiceStack, port: int, core: int) -> ManagedProcess:
    """Bound from its beginning, as are then its children, of which it has one for each core it may use."""
    return ManagedProcess(
        f"postprocess-{port}",
        ["taskset", "--cpu-list", str(core), sys.executable, "-m", "studio_postprocess"],
        environment={**stack.environment, "STUDIO_HEALTH_PORT": str(port)},
        log=stack.objects.parent / "logs" / f"postprocess-{port}.log",
        records=stack.infrastructure.records,
        ready=lambda: _is_ready(port),
    )


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/readyz", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def measure(stack: ServiceStack, meter: Meter, number: int, jobs: int) -> Round:
    """Queue up the jobs before held replicas, let these go, wait for the last job."""
    with (
        httpx.Client(base_url=stack.gateway_url, timeout=30, trust_env=False) as client,
        replicas_of_postprocess(stack, number) as replicas,
    ):
        before = meter.read(replicas)
        with held(replicas.values()):
            ids = [client.post("/v1/jobs", json=BRIEF).raise_for_status().json()["id"] for _ in range(jobs)]
            until(lambda: meter.jobs_like(BOUGHT, ids) == jobs)
        started = time.perf_counter()
        until(lambda: meter.jobs_like(ENDED, ids) == jobs)
        seconds = time.perf_counter() - started
        if meter.jobs_like(COMPLETED, ids) < jobs:
            raise SystemExit("not every job was completed")
        return Round(number, jobs, seconds, meter.read(replicas).since(before))


@contextmanager
def held(replicas: Iterable[ManagedProcess]) -> Iterator[None]:
    """Stop the processes as a debugger would; the broker allows a silence of some 40 s."""
    pids = [replica.pid for replica in replicas if replica.pid is not None]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def until(condition: Callable[[], bool]) -> None:
    """Poll the condition at long intervals, so that polling costs little."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("it took too long")
        threading.Event().wait(0.2)


def report(console: Console, rounds: Sequence[Round], idle: Counts, stored: Mapping[str, float]) -> None:
    """Throughput by replicas, and the cost of one job over all rounds."""
    table = Table("replicas", "jobs", "seconds", "jobs/s", "against one", title="Backlog of bought jobs")
    rates = [one.jobs / one.seconds for one in rounds]
    for one, rate in zip(rounds, rates, strict=True):
        table.add_row(str(one.replicas), str(one.jobs), f"{one.seconds:.1f}", f"{rate:.2f}", f"{rate / rates[0]:.2f} ×")
    console.print(table)
    jobs = sum(one.jobs for one in rounds)
    for title, part in (("CPU seconds", "cpu"), ("messages published", "messages"), ("operations on jobs", "database")):
        costs: defaultdict[str, float] = defaultdict(float)
        for one in rounds:
            for key, spent in getattr(one.bill, part).items():
                costs[key] += spent / jobs
        costs["all"] = sum(costs.values())
        table = Table("", "per job", *(["idle, per second"] if part == "cpu" else []), title=title)
        for key, cost in costs.items():
            table.add_row(key, f"{cost:.3f}", *([f"{idle.get(key, 0):.3f}"] if part == "cpu" else []))
        console.print(table)
    table = Table("", "per job", title="Stored")
    for key, size in stored.items():
        table.add_row(key, f"{size:,.0f}")
    console.print(table)


def figures(rounds: Sequence[Round], stored: Mapping[str, float]) -> dict[str, Any]:
    """What one job costs, in the terms of docs/capacity.py."""
    jobs = sum(one.jobs for one in rounds)
    parts = {
        part: {key: sum(getattr(one.bill, part)[key] for one in rounds) / jobs for key in getattr(rounds[0].bill, part)}
        for part in ("cpu", "messages", "database")
    }
    database = parts["database"]
    numbers = {
        "messages": sum(parts["messages"].values()),
        "writes": database["insert"] + database["update"],
        "reads": database["queries"] + database["getmore"],
        "document_bytes": stored["job document, bytes"],
        "index_bytes": stored["its indexes, bytes on disk"],
        "objects": stored["objects"],
        "object_bytes": stored["objects, bytes"],
        "cents": BRIEF["count"] * MODELS["sdxl"].cents_per_picture,
    }
    cpu = {name: round(seconds, 4) for name, seconds in parts["cpu"].items() if name in CPU_OF}
    return {"cpu": cpu, **{name: round(number, 1) for name, number in numbers.items()}}


def main() -> None:
    """Start the stack, measure, print, and keep what docs/capacity.py calculates with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=12, help="jobs in each round")
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where the cost of one job is kept")
    arguments = parser.parse_args()
    console = Console()
    with (
        stack_at_once(fresh=True) as stack,
        MongoClient[dict[str, Any]](stack.endpoints.mongodb_url, serverSelectionTimeoutMS=10_000) as client,
    ):
        stack.stop("postprocess")
        meter = Meter(stack, client)
        measure(stack, meter, 1, 2)
        console.print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before the rounds.")
        rounds = [measure(stack, meter, number, arguments.jobs) for number in arguments.replicas]
        before = meter.read([])
        threading.Event().wait(IDLE_SECONDS)
        idle = {key: spent / IDLE_SECONDS for key, spent in meter.read([]).since(before).cpu.items()}
        report(console, rounds, idle, meter.stored())
        arguments.figures.write_text(json.dumps(figures(rounds, meter.stored()), indent=2) + "\n")


if __name__ == "__main__":
    main()
