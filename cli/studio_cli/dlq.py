"""`studio dlq`: list, show, replay and discard dead letters."""

import asyncio
import base64
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from studio_chassis.runtime.clock import utc_now
from studio_cli.audit import record
from studio_cli.connection import Studio, run
from studio_cli.dead_letters import DeadLetter, DeadLetterFilter, read_dead_letters
from studio_cli.replay import ReplayOutcome, replay
from studio_cli.tables import console, counted, print_table

NONE_MATCH = "No dead letter matches"
app = typer.Typer(
    help="Dead letters: messages that could not be handled, the reasons, and their replay.", no_args_is_help=True
)

QueueName = Annotated[str | None, typer.Option("--queue", help="Only dead letters of this queue.")]
ErrorText = Annotated[
    str | None, typer.Option("--error", help="Only dead letters whose last error contains this text.")
]
JobId = Annotated[str | None, typer.Option("--job", help="Only dead letters of this job.")]
Older = Annotated[float | None, typer.Option("--older-than", help="Only dead letters older than this, in minutes.")]
Newer = Annotated[float | None, typer.Option("--newer-than", help="Only dead letters newer than this, in minutes.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most dead letters to take.")]


def _choice(
    queue: str | None, error: str | None, job: str | None, older: float | None, newer: float | None
) -> DeadLetterFilter:
    spans = [None if minutes is None else timedelta(minutes=minutes) for minutes in (older, newer)]
    return DeadLetterFilter(queue, error, job, *spans)


async def _chosen(studio: Studio, choice: DeadLetterFilter, limit: int | None = None) -> list[DeadLetter]:
    now = utc_now()
    found = [dead_letter async for dead_letter in read_dead_letters(studio.channel) if choice.matches(dead_letter, now)]
    return found[:limit]


@app.command("list")
def list_dead_letters(
    queue: QueueName = None, error: ErrorText = None, job: JobId = None, older: Older = None, newer: Newer = None
) -> None:
    """Count dead letters by queue and error, with the oldest and the newest of each."""
    dead_letters = run(lambda studio: _chosen(studio, _choice(queue, error, job, older, newer)))
    groups: dict[tuple[str, str], list[DeadLetter]] = defaultdict(list)
    for dead_letter in dead_letters:
        groups[dead_letter.queue.name, dead_letter.reason].append(dead_letter)
    rows = []
    for (name, reason), group in sorted(groups.items()):
        ages = sorted(dead_letter.died_at for dead_letter in group if dead_letter.died_at is not None)
        oldest, newest = (_age(ages[0]), _age(ages[-1])) if ages else ("unknown", "unknown")
        rows.append((name, reason, str(len(group)), oldest, newest, group[0].id))
    headings = ("queue", "last error", "messages", "oldest", "newest", "for instance")
    print_table(headings, rows, f"Dead letters: {len(dead_letters)}")


def _age(moment: datetime) -> str:
    minutes = (utc_now() - moment).total_seconds() / 60
    return f"{minutes:.0f} min ago" if minutes < 120 else f"{minutes / 60:.0f} h ago"


@app.command()
def show(event_or_job: Annotated[str, typer.Argument(help="Id of the event, or of its job.")]) -> None:
    """One dead letter in full: event, headers, attempts, last error."""
    dead_letters = [
        one for one in run(lambda studio: _chosen(studio, DeadLetterFilter())) if event_or_job in (one.id, one.job_id)
    ]
    if not dead_letters:
        typer.echo(f"No dead letter of {event_or_job}. `studio dlq list` shows what there is.", err=True)
        raise typer.Exit(1)
    for dead_letter in dead_letters:
        console.rule(dead_letter.id)
        console.print(
            f"queue      {dead_letter.queue.name}\nattempts   {dead_letter.attempts}\nlast error {dead_letter.reason}"
        )
        console.print(f"died at    {dead_letter.died_at or 'unknown'}")
        console.print(
            f"timeline   studio job show {dead_letter.job_id}" if dead_letter.job_id else "timeline   none: unreadable"
        )
        console.print("headers", {key: str(value) for key, value in dead_letter.headers.items()})
        console.print("body   ", dead_letter.body.decode("utf-8", "replace")[:4000])


@app.command("replay")
def replay_dead_letters(
    queue: QueueName = None,
    error: ErrorText = None,
    job: JobId = None,
    older: Older = None,
    newer: Newer = None,
    limit: Limit = 1000,
    rate: Annotated[float, typer.Option(help="The most dead letters to replay in a second.", min=0.1)] = 10.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    watch: Annotated[
        float, typer.Option(help="The longest wait for dead letters that come back, in seconds.", min=0)
    ] = 5.0,
) -> None:
    """Reopen the jobs of dead letters and publish their events again.

    A second run changes nothing. After an abort, run it again.
    """

    async def whole(studio: Studio) -> tuple[dict[ReplayOutcome, int], int]:
        async def show(dead_letter: DeadLetter, outcome: ReplayOutcome) -> None:
            console.print(f"{dead_letter.id}: {outcome.value}")
            if outcome is ReplayOutcome.REPLAYED and not dry_run:
                await record(studio.store, "dead-letter.replayed", dead_letter.id, detail=dead_letter.queue.name)

        dead_letters = await _chosen(studio, _choice(queue, error, job, older, newer), limit)
        outcomes = await replay(
            dead_letters, studio.jobs, studio.publish, per_second=rate, dry_run=dry_run, report=show
        )
        if dry_run or not outcomes[ReplayOutcome.REPLAYED]:
            return outcomes, 0
        return outcomes, await _wait_for_returns(studio, dead_letters, outcomes[ReplayOutcome.REPLAYED], watch)

    outcomes, came_back = run(whole)
    if not outcomes:
        console.print(f"{NONE_MATCH}: nothing {'would be' if dry_run else 'was'} replayed")
        return
    for outcome, count in outcomes.items():
        console.print(f"{count} {'would be ' if dry_run and outcome is ReplayOutcome.REPLAYED else ''}{outcome.value}")
    if not dry_run:
        console.print(f"{came_back} came back dead")


async def _wait_for_returns(studio: Studio, dead_letters: Sequence[DeadLetter], replayed: int, seconds: float) -> int:
    """How many come back dead within the time. Returns early when all have."""
    deadline = time.monotonic() + seconds
    while (
        returned := await _came_back(studio, {dead_letter.id for dead_letter in dead_letters}, dead_letters)
    ) < replayed:
        if time.monotonic() >= deadline:
            break
        await asyncio.sleep(min(0.5, seconds))
    return returned


async def _came_back(studio: Studio, ids: set[str], before: Sequence[DeadLetter]) -> int:
    """How many of the replayed events lie there again, died since."""
    last = max((dead_letter.died_at for dead_letter in before if dead_letter.died_at is not None), default=None)
    found = await _chosen(studio, DeadLetterFilter())
    return sum(
        1 for one in found if one.id in ids and last is not None and one.died_at is not None and one.died_at > last
    )


@app.command()
def discard(
    keep: Annotated[Path, typer.Option(help="File that keeps a copy of each, one JSON object a line.")],
    queue: QueueName = None,
    error: ErrorText = None,
    job: JobId = None,
    older: Older = None,
    newer: Newer = None,
    limit: Limit = 1000,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove dead letters permanently, after writing a copy to a file."""

    async def whole(studio: Studio) -> int:
        dead_letters = await _chosen(studio, _choice(queue, error, job, older, newer), limit)
        if not dead_letters:
            console.print(f"{NONE_MATCH}: nothing was discarded")
            return 0
        if not (yes or typer.confirm(f"Remove {counted(len(dead_letters), 'dead letter')} permanently?")):
            console.print("nothing was discarded")
            return 0
        with keep.open("a") as file:
            for dead_letter in dead_letters:
                file.write(json.dumps(_copy(dead_letter)) + "\n")
                file.flush()
                await dead_letter.message.ack()
                await record(studio.store, "dead-letter.discarded", dead_letter.id, detail=dead_letter.queue.name)
        return len(dead_letters)

    if discarded := run(whole):
        console.print(f"{discarded} discarded; copies in {keep}")


def _copy(dead_letter: DeadLetter) -> dict[str, object]:
    headers = {key: str(value) for key, value in dead_letter.headers.items()}
    return {
        "queue": dead_letter.queue.name,
        "headers": headers,
        "body_base64": base64.b64encode(dead_letter.body).decode(),
    }
