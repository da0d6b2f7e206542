"""Replaying dead letters: reopen the job with its event in one write, and only then remove the dead letter.

A message whose version its consumer did not know has not failed its job. The job still waits, so the message is
published again as it is.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from enum import StrEnum

from studio_chassis.errors import JobNotFound
from studio_chassis.persistence.job_service import JobService
from studio_cli.dead_letters import DeadLetter
from studio_contracts.events import Event
from studio_contracts.job import Job
from studio_domain.domain_events import Reopened

Report = Callable[[DeadLetter, "ReplayOutcome"], Awaitable[None]]
Publish = Callable[[Event], Awaitable[None]]


class ReplayOutcome(StrEnum):
    """What becomes of a dead letter."""

    REPLAYED = "replayed"
    DONE_BEFORE = "nothing to do: the job is not waiting for it"
    UNREADABLE = "kept: the message cannot be read by this release: discard it, or replay it with one that can"
    NO_JOB = "kept: its job does not exist (any more)"


async def replay(
    dead_letters: list[DeadLetter],
    jobs: JobService,
    publish: Publish,
    *,
    per_second: float,
    dry_run: bool,
    report: Report,
) -> Counter[ReplayOutcome]:
    """Replay dead letters one after the other, at most `per_second`. After an abort it can be run again."""
    outcomes: Counter[ReplayOutcome] = Counter()
    for dead_letter in dead_letters:
        outcome = await (_dry_run(dead_letter, jobs) if dry_run else _replay(dead_letter, jobs, publish))
        outcomes[outcome] += 1
        await report(dead_letter, outcome)
        if not dry_run:
            await asyncio.sleep(1 / per_second)
    return outcomes


async def _replay(dead_letter: DeadLetter, jobs: JobService, publish: Publish) -> ReplayOutcome:
    if dead_letter.event is None:
        return ReplayOutcome.UNREADABLE
    try:
        applied = await jobs.apply(dead_letter.event.subject, Reopened(dead_letter.event))
    except JobNotFound:
        return ReplayOutcome.NO_JOB
    sent_on = not applied.changed and _awaits(applied.job, dead_letter)
    if sent_on:
        await publish(dead_letter.event)
    await dead_letter.message.ack()
    return ReplayOutcome.REPLAYED if applied.changed or sent_on else ReplayOutcome.DONE_BEFORE


def _awaits(job: Job, dead_letter: DeadLetter) -> bool:
    return dead_letter.came_too_early and not job.is_final


async def _dry_run(dead_letter: DeadLetter, jobs: JobService) -> ReplayOutcome:
    if dead_letter.event is None:
        return ReplayOutcome.UNREADABLE
    try:
        job = await jobs.load(dead_letter.event.subject)
    except JobNotFound:
        return ReplayOutcome.NO_JOB
    reopens = job.error is not None and job.error.replayable
    return ReplayOutcome.REPLAYED if reopens or _awaits(job, dead_letter) else ReplayOutcome.DONE_BEFORE
