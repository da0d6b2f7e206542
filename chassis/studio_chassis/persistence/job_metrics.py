"""What a committed change of a job adds to the metrics."""

import structlog

from studio_chassis.observability import metrics
from studio_contracts.job import Job
from studio_domain.domain_events import DomainEvent
from studio_domain.outcomes import failure_cause, overhead_seconds

MAX_DETAIL_CHARS = 300
log = structlog.get_logger()


def count_change(before: Job, after: Job, event: DomainEvent) -> None:
    """Count a committed change: what happened, how long the work took, what it committed to pay, how a job ended."""
    metrics.transitions.labels(type(event).__name__).inc()
    if after.is_final and not before.is_final:
        _count_end(after)
    for entry in after.timeline[len(before.timeline) :]:
        if entry.seconds is not None:
            metrics.stage_seconds.labels(entry.event).observe(entry.seconds)
    if after.generation is not None:
        slots = zip(before.predictions, after.predictions, strict=False)
        pictures = sum((len(new.prediction_ids) - len(old.prediction_ids)) * new.count for old, new in slots)
        metrics.spent_cents.inc(pictures * after.generation.cents_per_picture)


def _count_end(job: Job) -> None:
    """Each end is counted, and each failure has a line in the log, so that a bad day shows without looking at jobs."""
    error = job.error
    code, stage = failure_cause(job), "" if error is None else error.stage
    metrics.jobs_ended.labels(job.status, code, stage).inc()
    metrics.rescued_jobs.inc(min(job.rescues, 1))
    overhead = overhead_seconds(job)
    if job.status == "completed" and overhead is not None:
        metrics.job_overhead_seconds.labels(job.brief.kind).observe(overhead)
    if job.finished_at is not None:
        seconds = (job.finished_at - job.created_at).total_seconds()
        metrics.job_seconds.labels(job.brief.kind, job.status).observe(max(0.0, seconds))  # clocks differ
    if error is not None:
        log.warning(
            "job failed",
            job_id=job.id,
            code=code,
            stage=stage,
            reason=f"{error.title}: {error.detail}"[:MAX_DETAIL_CHARS],
            replayable=error.replayable,
        )
