"""How jobs end is counted, and each failure has a line in the log."""

from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from studio_chassis.persistence.job_metrics import count_change
from studio_contracts.job import Job
from studio_domain import domain_events as h
from studio_domain.lifecycle import transition
from studio_support.job_shapes import FINAL_FAILURE, LATER, SHAPES, made


def _counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def _end(job: Job, event: h.DomainEvent) -> Job:
    change = transition(job, event, now=LATER, by="test")
    assert change is not None
    count_change(job, change.job, event)
    return change.job


@pytest.mark.parametrize(
    ("shape", "event", "labels"),
    [
        ("succeeded", made(2), {"status": "completed", "code": "", "stage": ""}),
        ("running", h.CancelRequested(), {"status": "canceled", "code": "", "stage": ""}),
        ("running", FINAL_FAILURE, {"status": "failed", "code": "broken", "stage": "prediction"}),
    ],
)
def test_each_end_is_counted_once_with_its_cause_and_its_time(
    shape: str, event: h.DomainEvent, labels: dict[str, str]
) -> None:
    job = SHAPES[shape]
    ends = _counted("studio_jobs_ended_total", **labels)
    times = _counted("studio_job_seconds_sum", kind="painted", status=labels["status"])
    with capture_logs() as lines:
        ended = _end(job, event)
        count_change(ended, ended, h.Reopened())
    assert _counted("studio_jobs_ended_total", **labels) == ends + 1
    seconds = (LATER - job.created_at).total_seconds()
    assert _counted("studio_job_seconds_sum", kind="painted", status=labels["status"]) == times + seconds
    warned: list[dict[str, Any]] = [dict(line) for line in lines if line["event"] == "job failed"]
    assert len(warned) == (labels["status"] == "failed")
    for line in warned:
        assert (line["log_level"], line["code"], line["stage"]) == ("warning", "broken", "prediction")
        assert line["reason"] == "Broken: for good"
        assert line["job_id"] == job.id


def test_a_completed_job_adds_what_was_not_the_provider_s_time_and_whether_it_was_rescued() -> None:
    job = SHAPES["succeeded"].model_copy(update={"rescues": 2})
    before = _counted("studio_job_overhead_seconds_count", kind="painted"), _counted("studio_rescued_jobs_total")
    _end(job, made(2))
    after = _counted("studio_job_overhead_seconds_count", kind="painted"), _counted("studio_rescued_jobs_total")
    assert after == (before[0] + 1, before[1] + 1)


def _ends() -> float:
    families = [family for family in REGISTRY.collect() if family.name == "studio_jobs_ended"]
    return sum(sample.value for family in families for sample in family.samples if sample.name.endswith("_total"))


def test_what_happens_on_the_way_is_no_end() -> None:
    before = _ends()
    _end(SHAPES["waiting"], h.SlotClaimed(0, 1))
    assert _ends() == before
