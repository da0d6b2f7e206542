"""How long a job may stand still before it is looked after again."""

from datetime import timedelta

import pytest

from studio_contracts.job import Job
from studio_domain import domain_events as h
from studio_domain.lifecycle import rescue_backoff, transition
from studio_support.job_shapes import PLAN, SHAPES, job_after, report

STUCK = timedelta(minutes=5)


def _rescued(job: Job, times: int) -> Job:
    return job_after(job, [h.RescueRequested()] * times)


@pytest.mark.parametrize(("rescues", "times"), [(0, 1), (1, 2), (2, 4), (3, 4), (250, 4)])
@pytest.mark.parametrize("shape", ["pending", "waiting", "submitting", "running", "succeeded"])
def test_each_rescue_without_effect_doubles_the_backoff_up_to_four_times(shape: str, rescues: int, times: int) -> None:
    assert rescue_backoff(_rescued(SHAPES[shape], rescues), STUCK) == times * STUCK


@pytest.mark.parametrize(
    ("shape", "progress"),
    [
        ("pending", "stencil.ready"),
        ("waiting", "prediction.started"),
        ("running", "prediction.failed"),
    ],
)
def test_a_job_that_moves_is_looked_after_as_soon_as_any_other(shape: str, progress: str) -> None:
    moves: dict[str, list[h.DomainEvent]] = {
        "pending": [h.StencilDrawn(PLAN, 0.1)],
        "waiting": [h.SlotClaimed(0, 1), report("starting")],
        "running": [report("canceled")],
    }
    base = SHAPES["running+running"] if shape == "running" else SHAPES[shape]
    moved = job_after(_rescued(base, 3), moves[shape])
    assert moved.timeline[-1].event == progress
    assert rescue_backoff(moved, STUCK) == STUCK
    assert rescue_backoff(_rescued(moved, 1), STUCK) == 2 * STUCK, "earlier rescues are forgotten"


def test_a_claim_given_back_is_no_progress() -> None:
    rescued = _rescued(SHAPES["waiting"], 2)
    assert rescue_backoff(job_after(rescued, [h.SlotClaimed(0, 1), h.ClaimReleased(0, 1)]), STUCK) == 4 * STUCK


def test_a_reopened_job_is_looked_after_as_a_new_one() -> None:
    failure = h.WorkFailed("set_aside", "Set aside", "kept", replayable=True)
    assert rescue_backoff(job_after(_rescued(SHAPES["waiting"], 3), [failure, h.Reopened()]), STUCK) == STUCK


def test_a_job_is_rescued_when_its_backoff_is_over_and_not_before() -> None:
    job = _rescued(SHAPES["waiting"], 1)
    over = job.updated_at + 2 * STUCK
    assert transition(job, h.RescueRequested(STUCK), now=over - timedelta(seconds=1), by="test") is None
    assert transition(job, h.RescueRequested(STUCK), now=over, by="test") is not None
