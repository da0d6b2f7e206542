"""What a committed change of a job adds to the metrics."""

from studio_chassis.observability import metrics
from studio_contracts.job import Job
from studio_domain.domain_events import DomainEvent


def count_change(before: Job, after: Job, event: DomainEvent) -> None:
    """Count a committed change: what happened, how long the work took, what it committed to pay."""
    metrics.transitions.labels(type(event).__name__).inc()
    for entry in after.timeline[len(before.timeline) :]:
        if entry.seconds is not None:
            metrics.stage_seconds.labels(entry.event).observe(entry.seconds)
    if after.generation is not None:
        slots = zip(before.predictions, after.predictions, strict=False)
        pictures = sum((len(new.prediction_ids) - len(old.prediction_ids)) * new.count for old, new in slots)
        metrics.spent_cents.inc(pictures * after.generation.cents_per_picture)
