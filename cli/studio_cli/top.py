"""`studio top`: queues, consumers, jobs by stage and throughput, once a second."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

import typer
from aio_pika.abc import AbstractChannel
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table

from studio_chassis.persistence.store import JobStore
from studio_chassis.runtime.clock import utc_now
from studio_cli.connection import Studio, run
from studio_contracts.errors import Stage
from studio_contracts.job import TERMINAL, Status
from studio_contracts.topology import QUEUES, RETRY_DELAYS, retry_exchange

REFRESH_SECONDS = 1.0
WINDOW = timedelta(minutes=1)
MOST_READ = 1000
"""Jobs read for one picture: looking must not become a load of its own."""
console = Console()


class QueueState(NamedTuple):
    """One work queue as a passive declare describes it; messages in flight are not counted."""

    name: str
    ready: int
    consumers: int
    dead: int


class StageState(NamedTuple):
    """Unfinished jobs of one stage, and when the one that waits longest last moved."""

    stage: Stage
    jobs: int
    still_since: datetime


class Picture(NamedTuple):
    """All that is shown at one moment. `ended` counts the last minute; with MOST_READ jobs there may be more."""

    at: datetime
    queues: Sequence[QueueState]
    retrying: int
    stages: Sequence[StageState]
    ended: Counter[Status]


def top(once: Annotated[bool, typer.Option("--once", help="Print one picture and leave.")] = False) -> None:
    """Watch queues, jobs and throughput. Ctrl-C leaves."""
    with suppress(KeyboardInterrupt):
        run(_print if once else _watch)


async def _print(studio: Studio) -> None:
    console.print(render(await look(studio.channel, studio.store, utc_now())))


async def _watch(studio: Studio) -> None:
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while True:
            live.update(render(await look(studio.channel, studio.store, utc_now())), refresh=True)
            await asyncio.sleep(REFRESH_SECONDS)


async def look(channel: AbstractChannel, store: JobStore, now: datetime) -> Picture:
    """Raises Unavailable, and what the broker says of a queue that is not there."""
    queues = [
        QueueState(
            queue.name, *await _declared(channel, queue.name), (await _declared(channel, queue.dead_letter_queue))[0]
        )
        for queue in QUEUES
    ]
    delayed = [(await _declared(channel, retry_exchange(delay)))[0] for delay in RETRY_DELAYS]
    return Picture(now, queues, sum(delayed), await _stages(store, now), await _ended(store, now))


async def _declared(channel: AbstractChannel, name: str) -> tuple[int, int]:
    """Messages ready and consumers."""
    declared = (await channel.get_queue(name)).declaration_result
    return declared.message_count or 0, declared.consumer_count or 0


async def _stages(store: JobStore, now: datetime) -> list[StageState]:
    """Oldest first, so that what is stuck is among those read."""
    found: dict[Stage, StageState] = {}
    read = 0
    async for job in store.unfinished(now):
        known = found.get(job.stage, StageState(job.stage, 0, job.updated_at))
        found[job.stage] = known._replace(jobs=known.jobs + 1)
        read += 1
        if read == MOST_READ:
            break
    return list(found.values())


async def _ended(store: JobStore, now: datetime) -> Counter[Status]:
    newest = await store.recent(MOST_READ)
    return Counter(job.status for job in newest if job.finished_at is not None and job.finished_at > now - WINDOW)


def render(picture: Picture) -> RenderableType:
    """Tables for a terminal."""
    queues = Table("queue", "ready", "consumers", "dead", title=f"TPV Studio at {picture.at:%H:%M:%S} UTC")
    for queue in picture.queues:
        alarming = "red" if queue.dead or not queue.consumers else ""
        queues.add_row(queue.name, str(queue.ready), str(queue.consumers), str(queue.dead), style=alarming)
    queues.add_row("waiting for another try", str(picture.retrying), "", "")
    stages = Table("stage", "unfinished jobs", "longest without a move")
    for state in picture.stages:
        stages.add_row(state.stage, str(state.jobs), f"{(picture.at - state.still_since).total_seconds():.0f} s")
    ended = ", ".join(f"{picture.ended[status]} {status}" for status in sorted(TERMINAL))
    return Group(queues, stages, f"Ended in the last minute: {ended}")
