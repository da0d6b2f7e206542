"""`studio top`: queues, what hangs, outboxes, jobs by stage and age, throughput and money, once a second."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, NamedTuple

import httpx
import typer
from aio_pika.abc import AbstractChannel
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from studio_chassis.messaging.inspection import existing_parts
from studio_chassis.persistence.listing import JobFilter
from studio_chassis.persistence.store import JobStore
from studio_chassis.runtime.clock import utc_now
from studio_cli.connection import Services, Studio, run
from studio_contracts.errors import Stage
from studio_contracts.job import TERMINAL, Job, Status
from studio_contracts.spending import SpendingControl
from studio_contracts.topology import QUEUES, RETRY_DELAYS, retry_exchange

REFRESH_SECONDS = 1.0
SCRAPE_SECONDS = 1.0
HUNG_SECONDS = 60.0
_IN_FLIGHT = re.compile(r'^studio_oldest_in_flight_seconds\{queue="([^"]+)"\} (\S+)$', re.MULTILINE)
WINDOW = timedelta(minutes=1)
LONGEST_JOB = timedelta(hours=1)
AGES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
MOST_READ = 1000
"""Jobs read for one picture: looking must not become a load of its own."""
console = Console()


class QueueState(NamedTuple):
    """One work queue as a passive declare describes it; messages in flight are not counted.

    Of a queue in partitions, the consumers are those of the one with messages that has fewest.
    """

    name: str
    ready: int
    consumers: int
    dead: int


class StageState(NamedTuple):
    """Unfinished jobs of one stage, when the one that waits longest last moved, how many are older than each age."""

    stage: Stage
    jobs: int
    still_since: datetime
    by_age: tuple[int, ...] = (0,) * 3


class Picture(NamedTuple):
    """All that is shown at one moment. `ended` and `cents` count the last minute, of MOST_READ jobs at most.

    `outboxes` are jobs with an event that is not known to be published, `outbox_since` when the oldest of them changed.
    `in_flight` is for how many seconds the oldest message of a queue has been with its consumer, as its service says.
    `halted` says why an operator lets nothing be bought, if that is so.
    """

    at: datetime
    queues: Sequence[QueueState]
    retrying: int
    stages: Sequence[StageState]
    ended: Counter[Status]
    cents: int = 0
    outboxes: int = 0
    outbox_since: datetime | None = None
    in_flight: Mapping[str, float] = MappingProxyType({})
    halted: str = ""


def top(
    once: Annotated[bool, typer.Option("--once", help="Print the figures once and exit.")] = False,
    service: Services = None,
) -> None:
    """Watch queues, jobs, throughput and money; with the services' addresses, what hangs as well. Ctrl-C leaves."""

    async def watch(studio: Studio) -> None:
        async with httpx.AsyncClient(timeout=SCRAPE_SECONDS, trust_env=False) as http:
            await _watch(studio, service or [], http, once=once)

    with suppress(KeyboardInterrupt):
        run(watch)


async def _watch(studio: Studio, services: Sequence[str], http: httpx.AsyncClient, *, once: bool) -> None:
    parts = {queue.name: tuple(await existing_parts(studio.connection, queue)) for queue in QUEUES}

    async def shown() -> RenderableType:
        picture = await look(studio.channel, studio.store, utc_now(), parts)
        return render(picture._replace(in_flight=await in_flight(services, http)))

    if once:
        console.print(await shown())
        return
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while True:
            live.update(await shown(), refresh=True)
            await asyncio.sleep(REFRESH_SECONDS)


async def in_flight(services: Sequence[str], http: httpx.AsyncClient) -> dict[str, float]:
    """By queue, for how long the oldest message has been with a consumer; nothing of a service that does not answer."""

    async def metrics_of(url: str) -> str:
        try:
            return (await http.get(f"{url.rstrip('/')}/metrics")).text
        except httpx.HTTPError:
            return ""

    oldest: dict[str, float] = {}
    for text in await asyncio.gather(*map(metrics_of, services)):
        for queue, seconds in _IN_FLIGHT.findall(text):
            oldest[queue] = max(oldest.get(queue, 0.0), float(seconds))
    return oldest


async def look(channel: AbstractChannel, store: JobStore, now: datetime, parts: Mapping[str, Sequence[str]]) -> Picture:
    """`parts`: the broker's queues of each queue. Raises Unavailable, and what the broker says of one not there."""
    queues = []
    for queue in QUEUES:
        found = [await _declared(channel, name) for name in parts[queue.name] or (queue.name,)]
        dead, _ = await _declared(channel, queue.dead_letter_queue)
        queues.append(QueueState(queue.name, sum(ready for ready, _ in found), _fewest_consumers(found), dead))
    delayed = [(await _declared(channel, retry_exchange(delay)))[0] for delay in RETRY_DELAYS]
    newest = await store.recent(MOST_READ, JobFilter(since=now - LONGEST_JOB))
    return Picture(
        at=now,
        queues=queues,
        retrying=sum(delayed),
        stages=await _stages(store, now),
        ended=_ended(newest, now),
        cents=cents_committed(newest, now),
        outboxes=len(await store.unpublished(now, MOST_READ)),
        outbox_since=(await store.backlog_stats()).oldest_outbox,
        halted=_halted(await store.spending_control()),
    )


def _fewest_consumers(found: Iterable[tuple[int, int]]) -> int:
    """Of the parts with messages; where none has any, the most: an empty part of another number needs no consumer."""
    by_ready = list(found)
    return min((count for ready, count in by_ready if ready), default=max(count for _, count in by_ready))


def _halted(control: SpendingControl) -> str:
    """Why nothing is bought by an operator's will."""
    if control.stopped:
        return f"Spending is stopped: {control.reason or 'no reason given'}"
    return f"The predictor is paused: {control.pause_reason}" if control.predictor_paused else ""


async def _declared(channel: AbstractChannel, name: str) -> tuple[int, int]:
    """Messages ready and consumers."""
    declared = (await channel.get_queue(name)).declaration_result
    return declared.message_count or 0, declared.consumer_count or 0


async def _stages(store: JobStore, now: datetime) -> list[StageState]:
    """Oldest first, so that what is stuck is among those read."""
    found: dict[Stage, StageState] = {}
    read = 0
    async for job in store.unfinished(now):
        known = found.get(job.stage, StageState(job.stage, 0, job.progressed_at))
        older = [count + (now - job.created_at > age) for count, age in zip(known.by_age, AGES, strict=True)]
        still_since = min(known.still_since, job.progressed_at)
        found[job.stage] = StageState(job.stage, known.jobs + 1, still_since, tuple(older))
        read += 1
        if read == MOST_READ:
            break
    return list(found.values())


def _ended(jobs: Sequence[Job], now: datetime) -> Counter[Status]:
    return Counter(job.status for job in jobs if job.finished_at is not None and job.finished_at > now - WINDOW)


def cents_committed(jobs: Sequence[Job], now: datetime) -> int:
    """US cents of the predictions that were started in the last minute."""
    cents = 0
    for job in jobs:
        started = [line.slot for line in job.timeline if line.event == "prediction.started" and line.at > now - WINDOW]
        slots = [slot for number in started if number is not None and (slot := job.slot(number)) is not None]
        cents += sum(slot.count for slot in slots) * (job.generation.cents_per_picture if job.generation else 0)
    return cents


def render(picture: Picture) -> RenderableType:
    """Tables for a terminal."""
    queues = Table(
        "queue", "ready", "consumers", "dead", "oldest in flight", title=f"TPV Studio at {picture.at:%H:%M:%S} UTC"
    )
    for queue in picture.queues:
        held = picture.in_flight.get(queue.name)
        alarming = queue.dead or not queue.consumers or (held or 0.0) > HUNG_SECONDS
        shown = "" if held is None else f"{held:.0f} s"
        columns = (str(queue.ready), str(queue.consumers), str(queue.dead), shown)
        queues.add_row(queue.name, *columns, style="red" if alarming else "")
    queues.add_row("waiting for another try", str(picture.retrying), "", "", "")
    ages = (f"older than {age.total_seconds() / 60:.0f} min" for age in AGES)
    stages = Table("stage", "unfinished jobs", "longest without a move", *ages)
    for state in picture.stages:
        still = max(0.0, (picture.at - state.still_since).total_seconds())
        stages.add_row(state.stage, str(state.jobs), f"{still:.0f} s", *map(str, state.by_age))
    ended = ", ".join(f"{picture.ended[status]} {status}" for status in sorted(TERMINAL))
    waits = 0.0 if picture.outbox_since is None else max(0.0, (picture.at - picture.outbox_since).total_seconds())
    return Group(
        queues,
        stages,
        f"Ended in the last minute: {ended}; committed: {picture.cents} US cents",
        f"Outboxes with unpublished events: {picture.outboxes}, the oldest for {waits:.0f} s",
        *([Text(picture.halted, style="red")] if picture.halted else []),
    )
