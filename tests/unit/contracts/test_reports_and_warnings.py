"""What is kept of the provider's reports, and how lost pictures are numbered."""

from typing import Any

import pytest

from studio_contracts.job import Job
from studio_domain import domain_events as h
from studio_domain.lifecycle import transition
from studio_domain.prediction import PredictionReport
from studio_support.job_shapes import INFRASTRUCTURE, LATER, SHAPES, accepted, job_after, made, planned, report

REPORT = {"id": "p0.1", "status": "processing"}


def received(job: Job, prediction: dict[str, Any]) -> Job | None:
    change = transition(job, h.WebhookReceived(0, 1, dict(prediction)), now=LATER, by="gateway")
    return None if change is None else change.job


@pytest.mark.parametrize("state", ["waiting", "submitting", "running"])
def test_an_equal_report_is_not_kept_twice(state: str) -> None:
    job = received(SHAPES[state], REPORT)
    assert job is not None
    assert received(job, REPORT) is None
    assert received(job, dict(reversed(REPORT.items()))) is None
    other = received(job, REPORT | {"status": "succeeded"})
    assert other is not None
    assert received(other, REPORT) is None


def test_after_a_rescue_an_equal_report_is_kept_again_because_its_message_may_be_lost() -> None:
    job = received(SHAPES["running"], REPORT)
    assert job is not None
    assert received(job_after(job, [h.RescueRequested()], LATER), REPORT) is not None


def test_the_next_attempt_and_a_reopened_job_know_no_reports() -> None:
    job = received(SHAPES["running"], REPORT)
    assert job is not None
    assert job_after(job, [report("failed", error=INFRASTRUCTURE)]).predictions[0].reports == ()
    failed = job_after(job, [h.WorkFailed("set_aside", "Set aside", "kept", replayable=True)])
    assert job_after(failed, [h.Reopened()]).predictions[0].reports == ()


def test_the_reports_remembered_are_bounded() -> None:
    job = SHAPES["running"]
    for number in range(100):
        after = received(job, {"id": "p0.1", "status": "processing", "n": number})
        assert after is not None
        job = after
    assert len(job.predictions[0].reports) == 8


def test_lost_pictures_are_numbered_across_slots() -> None:
    job = job_after(accepted(6), planned((4, 2)))
    job = job_after(job, [report("succeeded", 4), report("succeeded", 2, slot=1), made(0, 4), made(0, 2, slot=1)])
    assert [warning.text for warning in job.warnings] == [f"Picture {n}: gone" for n in range(1, 7)]
    assert job.error is not None
    assert job.error.detail == "; ".join(f"Picture {n}: gone" for n in range(1, 7))


def test_two_slots_that_fail_alike_give_two_reasons() -> None:
    job = job_after(accepted(5), planned((4, 1)))
    job = job_after(job, [report("succeeded"), report("succeeded", slot=1)])
    assert job.error is not None
    assert job.error.detail == (
        "Pictures 1-4: The provider finished without pictures.; Picture 5: The provider finished without pictures."
    )


def test_fewer_pictures_than_ordered_are_named_by_their_slot() -> None:
    job = job_after(job_after(accepted(6), planned((4, 2))), [report("succeeded", 3), report("succeeded", 1, slot=1)])
    assert [warning.text for warning in job.warnings] == [
        "Pictures 1-4: 3 of 4 were delivered.",
        "Pictures 5-6: 1 of 2 were delivered.",
    ]


def test_pictures_too_large_for_a_report_fail_the_slot_with_that_reason() -> None:
    oversized = PredictionReport(id="p0.1", status="succeeded", oversized=True)
    job = job_after(SHAPES["running+running"], [h.PredictionReported(0, 1, oversized)])
    assert job.predictions[0].state == "failed"
    assert [warning.code for warning in job.warnings] == ["output_too_large"]
    assert "more than 1048576 characters" in job.warnings[0].text
