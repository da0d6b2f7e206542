"""Changes to many jobs, for an operator: selected by a condition, listed first, and recorded in the audit log."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import NAMESPACE_OID, uuid5

import typer

from studio_chassis.errors import JobExists, JobNotFound
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.listing import Cursor, JobFilter
from studio_chassis.persistence.store import JobRepository
from studio_chassis.runtime.clock import utc_now
from studio_cli.audit import record
from studio_cli.connection import Studio, run
from studio_contracts.access import AuditAction
from studio_contracts.job import TERMINAL, Job
from studio_domain.domain_events import CancelRequested, RescueRequested
from studio_domain.outcomes import failure_cause

Where = Annotated[
    str | None,
    typer.Option(
        help="Many jobs of all owners instead of one, read from the database: conditions joined by commas. "
        "status=running, code=download_failed, kind=painted, since=2h (created within; also 30m, 1d), or all."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --where: only count and name them.")]
Rate = Annotated[float, typer.Option(help="With --where: the most jobs in a second.", min=0.1)]
PAGE = 200
CHANGED = ("posted again", "republished", "canceled")
ANY_AGE = timedelta(days=-365)
"""No job has moved too recently, even where a clock that is ahead put its last change into the future."""
_CONDITION = re.compile(r"(status|code|kind|since)=([\w.-]+)")
_SPAN = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class JobCondition:
    """Which jobs to change; None matches any. `code` is that of the error, or of most failed slots of a failed job."""

    status: str | None = None
    code: str | None = None
    kind: str | None = None
    since: timedelta | None = None

    def matches(self, job: Job, now: datetime) -> bool:
        """Whether the condition selects the job."""
        codes = (failure_cause(job), None if job.error is None else job.error.code)
        return (
            self.status in (None, job.status)
            and self.kind in (None, job.brief.kind)
            and (self.code is None or self.code in codes)
            and (self.since is None or job.created_at >= now - self.since)
        )


def parse_condition(text: str) -> JobCondition:
    """Read `status=failed,since=2h`. Raises BadParameter."""
    found: dict[str, str] = {}
    for part in [] if text.strip() == "all" else text.split(","):
        match = _CONDITION.fullmatch(part.strip())
        if match is None:
            raise typer.BadParameter(f"{part!r} is none of status=, code=, kind=, since=", param_hint="--where")
        found[match[1]] = match[2]
    span = found.pop("since", None)
    length = None if span is None else _SPAN.fullmatch(span)
    if span is not None and length is None:
        raise typer.BadParameter(f"since={span} is no time such as 30m, 2h or 1d", param_hint="--where")
    since = None if length is None else timedelta(**{_UNITS[length[2]]: int(length[1])})
    return JobCondition(**found, since=since)


async def failed_jobs(store: JobRepository, condition: JobCondition, now: datetime) -> AsyncIterator[Job]:
    """The selected failed jobs, newest first."""
    wanted = JobFilter(status="failed", since=None if condition.since is None else now - condition.since)
    after: Cursor | None = None
    while page := await store.recent(PAGE, wanted, after):
        for job in page:
            if condition.matches(job, now):
                yield job
        after = Cursor(page[-1].created_at, page[-1].id)


async def unfinished_jobs(store: JobRepository, condition: JobCondition, now: datetime) -> AsyncIterator[Job]:
    """The selected jobs that have not ended, including those whose last change has a time in the future."""
    async for job in store.unfinished(datetime.max.replace(tzinfo=now.tzinfo)):
        if condition.matches(job, now):
            yield job


def retry_id(job_id: str) -> str:
    """The id of the job that repeats another: of its own, so that repeating the command posts nothing twice."""
    return str(uuid5(NAMESPACE_OID, f"retry of {job_id}"))


async def post_again(jobs: JobService, job: Job) -> str:
    """Post a failed job's brief again, for its owner and its callback, as a new job. Says what became of it."""
    if job.error is not None and job.error.replayable:
        return "left to `studio dlq replay`, which continues it"
    if job.brief.picture is not None:
        return "left to its owner, whose own picture it began with"
    callback = None if job.callback is None else job.callback.model_copy(update={"calls": ()})
    try:
        await jobs.accept(
            job.brief,
            job_id=retry_id(job.id),
            seed=job.seed,
            traceparent=job.traceparent,
            limits=job.limits,
            owner=job.owner,
            key_id=job.key_id,
            callback=callback,
            metadata=job.metadata,
        )
    except JobExists:
        return "posted before"
    return "posted again"


async def republish_job(jobs: JobService, job_id: str) -> str:
    """Publish again what a job waits for, as a rescue does."""
    changed = (await jobs.apply(job_id, RescueRequested(ANY_AGE))).changed
    return "republished" if changed else "not changed: it has ended"


async def cancel_job(jobs: JobService, job_id: str) -> str:
    """Cancel a job; its predictions are cancelled at the provider."""
    return "canceled" if (await jobs.apply(job_id, CancelRequested())).changed else "not changed: it has ended"


def retry_selected(where: str, *, dry_run: bool, rate: float) -> None:
    """Post the selected failed jobs again."""
    condition = parse_condition(where)
    if condition.status not in (None, "failed"):
        raise typer.BadParameter("only failed jobs are posted again", param_hint="--where")
    _change_each(failed_jobs, condition, "job.retried", lambda studio, job: post_again(studio.jobs, job), dry_run, rate)


def republish_selected(where: str, *, dry_run: bool, rate: float) -> None:
    """Publish again what each selected unfinished job waits for."""
    condition = _unfinished(where)

    async def change(studio: Studio, job: Job) -> str:
        return await republish_job(studio.jobs, job.id)

    _change_each(unfinished_jobs, condition, "job.republished", change, dry_run, rate)


def cancel_selected(where: str, *, dry_run: bool, rate: float) -> None:
    """Cancel the selected unfinished jobs."""
    condition = _unfinished(where)
    _change_each(
        unfinished_jobs, condition, "job.canceled", lambda studio, job: cancel_job(studio.jobs, job.id), dry_run, rate
    )


def _unfinished(where: str) -> JobCondition:
    condition = parse_condition(where)
    if condition.status in TERMINAL:
        raise typer.BadParameter(f"a {condition.status} job has ended", param_hint="--where")
    return condition


def _change_each(
    find: Callable[[JobRepository, JobCondition, datetime], AsyncIterator[Job]],
    condition: JobCondition,
    action: AuditAction,
    change: Callable[[Studio, Job], Awaitable[str]],
    dry_run: bool,
    rate: float,
) -> None:
    async def whole(studio: Studio) -> Counter[str]:
        chosen = [job async for job in find(studio.store, condition, utc_now())]
        outcomes: Counter[str] = Counter()
        for job in chosen:
            what = f"{job.status}, {failure_cause(job) or job.stage}, {job.created_at:%Y-%m-%d %H:%M:%S}"
            outcome = "chosen" if dry_run else await _changed(studio, job)
            typer.echo(f"{job.id} ({what}): {outcome}")
            outcomes[outcome] += 1
            if not dry_run:
                await asyncio.sleep(1 / rate)
        await studio.jobs.outbox.flush()
        return outcomes

    async def _changed(studio: Studio, job: Job) -> str:
        try:
            outcome = await change(studio, job)
        except JobNotFound:
            return "gone"
        if outcome in CHANGED:
            await record(studio.store, action, job.id, owner=job.owner, detail=outcome)
        return outcome

    outcomes = run(whole)
    for outcome, count in outcomes.items():
        typer.echo(f"{count} {outcome}")
    if not outcomes:
        typer.echo("No job matches.")
