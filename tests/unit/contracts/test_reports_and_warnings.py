"""What is kept of the provider's reports, and how lost pictures are numbered."""

from typing import Any

import pytest

from studio_contracts.events import PredictionUpdated
from studio_contracts.job import Job
from studio_domain import domain_events as h
from studio_domain.lifecycle import is_obsolete, transition
from studio_domain.prediction import PredictionReport, read_prediction
from studio_support.job_shapes import (
    EVENTS,
    INFRASTRUCTURE,
    LATER,
    SHAPES,
    accepted,
    job_after,
    made,
    planned,
    report,
)

REPORT = {"id": "p0.1", "status": "queued"}
"""Of a later release of the provider: it is not final, and what else it means is not known."""


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


DELIVERY = {"id": "p0.1", "status": "succeeded", "output": ["https://replicate.delivery/a.png"]}


@pytest.mark.parametrize("state", ["waiting", "submitting", "running"])
def test_a_delivery_is_taken_as_the_predictor_would(state: str) -> None:
    reported = h.PredictionReported(0, 1, read_prediction(DELIVERY))
    taken = transition(SHAPES[state], h.WebhookReceived(0, 1, dict(DELIVERY)), now=LATER, by="gateway")
    assert taken == transition(SHAPES[state], reported, now=LATER, by="gateway")
    assert taken is not None
    assert received(taken.job, DELIVERY) is None


@pytest.mark.parametrize(
    "other",
    [{"status": "processing"}, {"status": "failed"}, {"status": "SUCCEEDED"}, {"output": None}, {"id": None}],
    ids=str,
)
def test_what_is_no_delivery_is_left_to_the_predictor(other: dict[str, Any]) -> None:
    change = transition(SHAPES["submitting"], h.WebhookReceived(0, 1, DELIVERY | other), now=LATER, by="gateway")
    assert change is not None
    assert [event.payload for event in change.events] == [
        PredictionUpdated(slot=0, attempt=1, prediction=DELIVERY | other)
    ]
    assert change.job.predictions[0].state == "submitting"


def test_pictures_of_another_prediction_change_nothing() -> None:
    assert received(SHAPES["running"], DELIVERY | {"id": "another"}) is None


@pytest.mark.parametrize("status", ["starting", "processing"])
def test_that_the_prediction_runs_which_is_known_to_run_is_not_kept(status: str) -> None:
    says = {"id": "p0.1", "status": status}
    assert received(SHAPES["running"], says) is None
    assert received(SHAPES["running"], says | {"id": "another"}) is not None
    adopting = received(SHAPES["submitting"], says)
    assert adopting is not None, "whoever lost the provider's answer learns from it that there is a prediction"
    assert adopting.predictions[0].webhook_received


RUNS = h.WebhookReceived(0, 1, {"id": "p0.1", "status": "processing"})
REPORTS = [RUNS, *(event for event in EVENTS.values() if isinstance(event, h.WebhookReceived | h.PredictionReported))]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_obsolete_report_means_nothing_whatever_follows(shape: str) -> None:
    job = SHAPES[shape]
    obsolete = [event for event in REPORTS if is_obsolete(job, event)]
    for follows in EVENTS.values() if obsolete else ():
        for path in ([], [follows], [follows, h.Reopened()]):
            after = job_after(job, path, LATER)
            assert [event for event in obsolete if transition(after, event, now=LATER, by="gateway")] == []


@pytest.mark.parametrize(
    ("shape", "event", "expected"),
    [
        ("running", RUNS, True),
        ("succeeded", RUNS, True),
        ("succeeded", report("succeeded", 2), True),
        ("retried", report("succeeded", 2), True),
        ("submitting", RUNS, False),
        ("waiting", report("starting"), False),
        ("drawn", report("starting"), False),
        ("replayable", RUNS, False),
        ("finished", RUNS, False),
        ("succeeded", h.SlotClaimed(0, 1), False),
    ],
)
def test_what_a_late_read_might_hide_is_not_obsolete(shape: str, event: h.DomainEvent, expected: bool) -> None:
    assert is_obsolete(SHAPES[shape], event) is expected


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
        after = received(job, REPORT | {"n": number})
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
