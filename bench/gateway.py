"""What it costs one gateway process to be watched by many, and how many requests it answers.

Run by `make bench-gateway`: the whole stack as processes, all bound to two cores where there are more. One job is made
in full; then every other service is stopped, so that what is measured is the gateway, its database and its broker.
First a probe reads the finished job for a while: alone, with watchers open, and with polling clients besides. Each
watcher follows a waiting job of its own, which is the most the gateway can be asked to look after. At the end those
jobs are canceled one by one, to see how soon their watchers hear of it.
Requests per second are counted from a closed loop of clients, beside a route of FastAPI that does nothing, served by
the same uvicorn and asked by the same client. The rows take turns, so that a busy machine slows them all.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from studio_local.processes import wait_until
from studio_local.services import WORKERS
from studio_local.stack import ServiceStack

from http_client import Connection, connections, request
from measuring import bind, exit_if_missed, percentile, stack_at_once, take_cores
from served import Served, bare_server

BRIEF = {"prompt": "ocean energy with fish", "surface": {"width_m": 6, "height_m": 4}, "strategy": "bands", "count": 6}
POLL_SECONDS = 1.0  # what Retry-After asks of a client
PROBE_SECONDS = 0.02
PATIENCE_SECONDS = 60
BARE, READ, UNCHANGED, POST = "bare FastAPI route", "GET a job (200)", "GET a job (304)", "POST a job (202)"
LEAST_UNCHANGED = 0.5
"""Of the requests a second that the bare route takes, what a GET with 304 is to reach at least."""


class Phase(NamedTuple):
    """What a probe and the kernel saw for a while. Seconds, bytes, share of one core."""

    name: str
    read: list[float]
    unchanged: list[float]
    memory: int
    cpu: float
    polled: int


class Rate(NamedTuple):
    """Of one row in one round: requests answered per second, and CPU seconds the server spent on each."""

    per_second: float
    cpu: float


def finished_job(stack: ServiceStack) -> tuple[str, str]:
    """The path of a completed job of six pictures, and its ETag."""
    with httpx.Client(base_url=stack.gateway_url, timeout=30, trust_env=False) as client:
        path = client.post("/v1/jobs", json=BRIEF).raise_for_status().headers["Location"]
        if not wait_until(lambda: client.get(path).json()["status"] == "completed", PATIENCE_SECONDS):
            raise SystemExit(f"{path} was not completed in {PATIENCE_SECONDS} s")
        return path, client.get(path).headers["ETag"]


async def rate(server: Served, asked: bytes, expected: int, clients: int, seconds: float) -> Rate:
    """Requests over `connections` connections, each repeated as soon as it is answered."""

    async def ask_on(connection: Connection, until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            await connection.ask(asked, expected)
            count += 1
        return count

    async with connections(server.port, clients) as opened:
        spent, started = server.cpu_seconds(), time.perf_counter()
        counts = await asyncio.gather(*(ask_on(connection, started + seconds) for connection in opened))
        taken = time.perf_counter() - started
        return Rate(sum(counts) / taken, (server.cpu_seconds() - spent) / sum(counts))


async def every(seconds: float, act: Callable[[], Awaitable[Any]], until: float, offset: float = 0.0) -> int:
    """Act at those moments; one that was missed is left out. How often it was done."""
    count = 0
    due = time.perf_counter() + offset
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await act()
        count += 1
        due = max(due + seconds, time.perf_counter())
    return count


async def observe(
    name: str, gateway: Served, read: bytes, unchanged: bytes, seconds: float, pollers: Sequence[Connection] = ()
) -> Phase:
    """Ask for the job at a steady pace, the 200 and the 304 in turn, while `pollers` ask for it too."""
    taken: dict[bytes, list[float]] = {read: [], unchanged: []}

    async def poll(poller: Connection) -> None:
        await poller.ask(unchanged, 304)

    async def probe(connection: Connection) -> None:
        for asked, expected in ((read, 200), (unchanged, 304)):
            started = time.perf_counter()
            await connection.ask(asked, expected)
            taken[asked].append(time.perf_counter() - started)

    async with connections(gateway.port, 1) as (probing,):
        spent, started = gateway.cpu_seconds(), time.perf_counter()
        until = started + seconds
        _, *polls = await asyncio.gather(
            every(PROBE_SECONDS, partial(probe, probing), until),
            *(
                every(POLL_SECONDS, partial(poll, poller), until, place / len(pollers))
                for place, poller in enumerate(pollers)
            ),
        )
        cpu = (gateway.cpu_seconds() - spent) / (time.perf_counter() - started)
        return Phase(name, taken[read], taken[unchanged], gateway.memory(), cpu, sum(polls))


async def watched(
    gateway: Served, read: bytes, unchanged: bytes, number: int, seconds: float
) -> tuple[list[Phase], list[float]]:
    """The gateway alone, with watchers, and with polling clients besides; then how soon watchers hear of a change."""
    await rate(gateway, read, 200, 4, 1)  # the first requests build what is kept
    phases = [await observe("alone", gateway, read, unchanged, seconds)]
    post = request("POST", "/v1/jobs", body=json.dumps(BRIEF).encode())
    async with connections(gateway.port, number) as watchers:
        jobs = [f"/v1/jobs/{json.loads(await watcher.ask(post, 202))['id']}" for watcher in watchers]
        for watcher, job in zip(watchers, jobs, strict=True):
            watcher.send(request("GET", f"{job}/events"))
            await watcher.read_until(b"job.created")
        phases.append(await observe(f"{number} watchers", gateway, read, unchanged, seconds))
        async with connections(gateway.port, number) as pollers:
            name = f"{number} and {number} polling"
            phases.append(await observe(name, gateway, read, unchanged, seconds, pollers))

        async with connections(gateway.port, 1) as (client,):
            heard = [await hears(client, job, watcher) for job, watcher in zip(jobs[:50], watchers, strict=False)]
        return phases, heard


async def hears(client: Connection, job: str, watcher: Connection) -> float:
    """Seconds from a change to its event."""
    await client.ask(request("POST", f"{job}/cancel"), 200)
    started = time.perf_counter()
    await watcher.read_until(b"job.canceled")
    return time.perf_counter() - started


async def rates(
    gateway: Served, beside: Served, read: bytes, unchanged: bytes, clients: int, rounds: int, seconds: float
) -> dict[str, list[Rate]]:
    """By row, one for each round."""
    post = request("POST", "/v1/jobs", body=json.dumps(BRIEF).encode())
    rows = {
        BARE: (beside, request("GET", "/"), 200),
        UNCHANGED: (gateway, unchanged, 304),
        READ: (gateway, read, 200),
        POST: (gateway, post, 202),
    }
    found: dict[str, list[Rate]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, (server, asked, expected) in rows.items():
            found[name].append(await rate(server, asked, expected, clients, seconds))
    return found


def report(
    console: Console, phases: Sequence[Phase], heard: Sequence[float], found: dict[str, list[Rate]]
) -> list[str]:
    """Print the tables, and the target they are held against; the target, if it was missed."""
    table = Table(title="One gateway process: resident memory, share of a core, a probe's latency in ms")
    for heading in ("", "MiB", "CPU", "polls", "200 p50", "200 p99", "304 p50", "304 p99"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for one in phases:
        latencies = [percentile(values, percent) * 1000 for values in (one.read, one.unchanged) for percent in (50, 99)]
        table.add_row(
            one.name,
            f"{one.memory / 2**20:.1f}",
            f"{one.cpu:.0%}",
            str(one.polled),
            *(f"{value:.1f}" for value in latencies),
        )
    console.print(table)
    alone, *_, last = phases
    console.print(f"Memory added: {(last.memory - alone.memory) / 2**20:.1f} MiB.")
    console.print(
        f"A change reaches its watcher in {percentile(heard, 50):.3f} s p50, {percentile(heard, 99):.3f} s p99."
    )
    table = Table(title="Closed loop, medians of the rounds")
    for heading in ("", "requests/s", "beside bare", "CPU ms each"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    # round by round: what slowed one row of a round slowed the other too
    ratios = {
        name: statistics.median(one.per_second / bare.per_second for one, bare in zip(row, found[BARE], strict=True))
        for name, row in found.items()
    }
    for name, row in found.items():
        per_second, cpu = (statistics.median(values) for values in zip(*row, strict=True))
        table.add_row(name, f"{per_second:.0f}", f"{ratios[name]:.2f} ×", f"{cpu * 1000:.2f}")
    console.print(table)
    met = ratios[UNCHANGED] >= LEAST_UNCHANGED
    target = f"GET with 304 at least {LEAST_UNCHANGED} × the bare route"
    console.print(f"{'met ' if met else 'NOT met'} {target}")
    return [] if met else [target]


def main() -> None:
    """Start the stack, measure, print. Raises SystemExit when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=200, help="watchers, and as many polling clients")
    parser.add_argument("--clients", type=int, default=16, help="connections of the closed loop")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a row in a round; a phase has five times that")
    take_cores(parser)
    arguments = parser.parse_args()
    console = Console()
    cores = bind(arguments.cores)
    with stack_at_once(fresh=True) as stack, bare_server(stack) as beside:
        path, etag = finished_job(stack)
        for name in WORKERS:
            stack.stop(name)
        read, unchanged = request("GET", path), request("GET", path, f"If-None-Match: {etag}")
        gateway = Served(stack.services["gateway"], stack.ports["gateway"])
        console.print(f"Bound to {cores} cores, load {os.getloadavg()[0]:.1f} before.")
        phases, heard = asyncio.run(watched(gateway, read, unchanged, arguments.watchers, 5 * arguments.seconds))
        found = asyncio.run(
            rates(gateway, beside, read, unchanged, arguments.clients, arguments.rounds, arguments.seconds)
        )
    exit_if_missed(report(console, phases, heard, found))


if __name__ == "__main__":
    main()
