"""Why a job failed, and how much of its time was ours."""

from datetime import timedelta

import pytest

from studio_contracts.errors import JobError, JobWarning
from studio_contracts.job import TimelineEntry
from studio_domain.outcomes import failure_cause, overhead_seconds
from studio_domain.prediction import is_content_refusal, read_prediction
from studio_support.job_shapes import SHAPES

JOB = SHAPES["succeeded"]


def failed(code: str, *warnings: JobWarning) -> str:
    error = JobError(code=code, title="", detail="", stage="prediction")
    return failure_cause(JOB.model_copy(update={"error": error, "warnings": warnings}))


def test_a_failure_without_pictures_is_named_by_the_cause_of_most_failed_slots() -> None:
    refused = JobWarning(code="prediction_refused", text="", slot=0)
    missing = [JobWarning(code="download_failed", text="", slot=slot) for slot in (1, 2)]
    assert failed("no_pictures", refused, *missing) == "download_failed"
    assert failed("no_pictures", JobWarning(code="not_drawn", text="")) == "no_pictures"
    assert failed("timed_out", *missing) == "timed_out"
    assert failure_cause(JOB) == ""


def test_the_provider_s_time_is_not_ours_also_that_of_attempts_it_failed() -> None:
    begun = JOB.created_at
    lines = [("prediction.retried", 0, 4.0), ("prediction.succeeded", 0, 5.0), ("prediction.succeeded", 1, 6.0)]
    timeline = [
        TimelineEntry(at=begun, event=event, service="test", slot=slot, seconds=seconds)
        for event, slot, seconds in lines
    ]
    work = TimelineEntry(at=begun, event="pictures.made", service="test", slot=0, seconds=1.0)
    ended = JOB.model_copy(update={"timeline": (*timeline, work), "finished_at": begun + timedelta(seconds=20)})
    assert overhead_seconds(ended) == 11
    assert overhead_seconds(ended.model_copy(update={"finished_at": begun - timedelta(seconds=1)})) == 0
    assert overhead_seconds(JOB) is None


def test_time_at_the_provider_is_from_creation_to_the_end_by_its_own_clock() -> None:
    body = {
        "id": "p",
        "status": "succeeded",
        "metrics": {"predict_time": 3.5},
        "created_at": "2026-03-01T12:00:00Z",
        "completed_at": "2026-03-01T12:00:08Z",
    }
    assert read_prediction(body).provider_seconds == 8
    assert read_prediction(body | {"created_at": None}).provider_seconds == 3.5
    assert read_prediction(body | {"completed_at": "2026-03-01T11:00:00Z"}).provider_seconds == 3.5


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        ("NSFW content detected. Try running it again, or try a different prompt.", True),
        ("The input or output was flagged as sensitive. Please try again with different inputs. (E005)", True),
        ("CUDA out of memory. Tried to allocate 2.50 GiB", False),
        (None, False),
    ],
)
def test_what_a_brief_asks_for_is_told_from_what_fails(error: str | None, refused: bool) -> None:
    assert is_content_refusal(error) is refused
