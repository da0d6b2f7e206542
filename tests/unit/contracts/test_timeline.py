"""The states that a timeline tells are those that the job had."""

import pytest

from studio_contracts.job import Job
from studio_domain.lifecycle import transition
from studio_domain.timeline import states_of
from studio_support.job_shapes import EVENTS, LATER, SHAPES


def stood(job: Job) -> tuple[str, str]:
    return job.status, job.stage


@pytest.mark.parametrize("shape", SHAPES)
def test_the_last_entry_has_the_job_s_state_and_earlier_ones_theirs(shape: str) -> None:
    job = SHAPES[shape]
    assert len(states_of(job)) == len(job.timeline)
    for event in EVENTS.values():
        change = transition(job, event, now=LATER, by="test")
        if change is None or len(change.job.timeline) == len(job.timeline):
            continue
        after = change.job
        assert states_of(after)[-1] == stood(after), event
        assert states_of(after)[: len(job.timeline)] == states_of(job), event


def test_a_job_that_is_final_was_not_so_when_it_began() -> None:
    assert states_of(SHAPES["finished"])[0] == ("pending", "stencil")
    assert states_of(SHAPES["finished"])[-1] == ("completed", "finished")
