"""How long a job may stand still before it is looked after again."""

from datetime import timedelta

import pytest

from studio_contracts.job import Job
from studio_domain import domain_events as h
from studio_domain.lifecycle import patience, transition
from tests.unit.contracts.lives import SHAPES, live, report

STUCK = timedelta(minutes=5)


def _nudged(job: Job, times: int) -> Job:
    return live(job, [h.Nudged()] * times)


@pytest.mark.parametrize(("nudges", "times"), [(0, 1), (1, 2), (2, 4), (3, 4), (250, 4)])
@pytest.mark.parametrize("shape", ["pending", "waiting", "submitting", "running", "succeeded"])
def test_each_nudge_in_vain_doubles_the_patience_up_to_four_times(shape: str, nudges: int, times: int) -> None:
    assert patience(_nudged(SHAPES[shape], nudges), STUCK) == times * STUCK


@pytest.mark.parametrize(
    ("shape", "progress"),
    [
        ("pending", "stencil.ready"),
        ("waiting", "prediction.started"),
        ("running", "prediction.failed"),
    ],
)
def test_a_job_that_moves_is_looked_after_as_soon_as_any_other(shape: str, progress: str) -> None:
    moves: dict[str, list[h.Happening]] = {
        "pending": [h.StencilDrawn(SHAPES["drawn"].plan, SHAPES["drawn"].stencil, 0.1)],  # type: ignore[arg-type]
        "waiting": [h.SlotClaimed(0, 1), report("starting")],
        "running": [report("canceled")],
    }
    base = SHAPES["running+running"] if shape == "running" else SHAPES[shape]
    moved = live(_nudged(base, 3), moves[shape])
    assert moved.timeline[-1].event == progress
    assert patience(moved, STUCK) == STUCK
    assert patience(_nudged(moved, 1), STUCK) == 2 * STUCK, "earlier rescues are forgotten"


def test_a_claim_given_back_is_no_progress() -> None:
    nudged = _nudged(SHAPES["waiting"], 2)
    assert patience(live(nudged, [h.SlotClaimed(0, 1), h.ClaimReleased(0, 1)]), STUCK) == 4 * STUCK


def test_a_reopened_job_is_looked_after_as_a_new_one() -> None:
    failure = h.WorkFailed("set_aside", "Set aside", "kept", replayable=True)
    assert patience(live(_nudged(SHAPES["waiting"], 3), [failure, h.Reopened()]), STUCK) == STUCK


def test_a_job_is_nudged_when_its_patience_is_over_and_not_before() -> None:
    job = _nudged(SHAPES["waiting"], 1)
    over = job.updated_at + 2 * STUCK
    assert transition(job, h.Nudged(STUCK), now=over - timedelta(seconds=1), by="test") is None
    assert transition(job, h.Nudged(STUCK), now=over, by="test") is not None
