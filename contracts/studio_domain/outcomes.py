"""What a job that ended says about the service: why it failed, and how much of its time was not the provider's."""

from collections import Counter, defaultdict

from studio_contracts.job import Job

UNSERVABLE = ("content_refused", "over_budget", "source_gone", "too_expensive")
"""Causes that are the brief's or a budget's: nobody could have served these jobs."""


def failure_cause(job: Job) -> str:
    """Why a job failed, "" where it did not: the error's code; without a picture, the cause of most failed slots."""
    if job.error is None:
        return ""
    causes = Counter(warning.code for warning in job.warnings if warning.slot is not None)
    if job.error.code != "no_pictures" or not causes:
        return job.error.code
    return causes.most_common(1)[0][0]


def overhead_seconds(job: Job) -> float | None:
    """Seconds from acceptance to the end, less the provider's in the slot that took it longest; None before the end.

    The provider's are those of its own clock. Machines' clocks differ, so the result is cut off at 0.
    """
    if job.finished_at is None:
        return None
    provider: defaultdict[int | None, float] = defaultdict(float)
    for line in job.timeline:
        if line.event in ("prediction.succeeded", "prediction.retried"):
            provider[line.slot] += line.seconds or 0.0
    whole = (job.finished_at - job.created_at).total_seconds()
    return max(0.0, whole - max(provider.values(), default=0.0))
