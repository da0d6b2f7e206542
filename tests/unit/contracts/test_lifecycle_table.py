"""What follows from every event in every state of a job with one slot, as one table."""

from datetime import timedelta

import pytest

from studio_contracts.job import Job
from studio_domain.lifecycle import transition
from studio_support.job_shapes import EVENTS, LATER, LIMITS, SHAPES

STATES = (
    "pending drawn waiting submitting running succeeded retried reopened finished failed replayable broken canceled"
)

# Rows are events, columns the states above from `pending` to `reopened`, cells what the job becomes; `.` is nothing
# to do and `=` a change that leaves the state. The columns left out are final: nothing happens to them, but that they
# are named or deleted, and `reopen` of what is replayable. A slot of its second attempt, as in `retried`, hears nothing
# of its first.
TABLE = """
                pending    drawn      waiting    submitting running    succeeded  retried    reopened
    drawn       drawn      .          .          .          .          .          .          .
    planned     .          waiting    .          .          .          .          .          .
    claim       .          .          submitting .          .          .          .          .
    release     .          .          .          waiting    .          .          .          .
    refused     .          .          failed     failed     .          .          .          .
    lost        .          .          .          retried    .          .          .          .
    callback    .          .          =          =          =          .          .          =
    delivery    .          .          succeeded  succeeded  succeeded  .          .          succeeded
    starting    .          .          running    running    .          .          .          .
    processing  .          .          running    running    .          .          .          .
    queued      .          .          running    running    .          .          .          .
    exact       .          .          succeeded  succeeded  succeeded  .          .          succeeded
    fewer       .          .          succeeded  succeeded  succeeded  .          .          succeeded
    more        .          .          succeeded  succeeded  succeeded  .          .          succeeded
    null        .          .          failed     failed     failed     .          .          failed
    empty       .          .          failed     failed     failed     .          .          failed
    infra       .          .          retried    retried    retried    .          .          retried
    model       .          .          failed     failed     failed     .          .          failed
    reasonless  .          .          failed     failed     failed     .          .          failed
    canceled    .          .          failed     failed     failed     .          .          failed
    aborted     .          .          failed     failed     failed     .          .          failed
    made        .          .          .          .          .          completed  .          .
    partly      .          .          .          .          .          completed  .          .
    none_made   .          .          .          .          .          failed     .          .
    broken      failed     failed     failed     failed     failed     failed     failed     failed
    replayable  replayable replayable replayable replayable replayable replayable replayable replayable
    undelivered_start    replayable . . . . . . .
    undelivered_stencil  . replayable replayable replayable . . . .
    undelivered_report   . . replayable replayable replayable . . replayable
    cancel      canceled   canceled   canceled   canceled   canceled   canceled   canceled   canceled
    deadline    failed     failed     failed     failed     failed     failed     failed     failed
    rescue      =          =          =          =          =          =          =          =
    reopen      .          .          .          .          .          .          .          .
    called      .          .          .          .          .          .          .          .
    call_replayed        . . . . . . . .
    call_overdue         . . . . . . . .
    named       =          =          =          =          =          =          =          =
    delete      .          .          .          .          .          .          .          .
"""
# None of these jobs has a client to be called: tests/unit/contracts/test_callbacks.py has those that do.
# `queued` stands for every status that the provider does not document: the prediction exists and has not ended.


def _cells() -> list[tuple[str, str, str]]:
    header, *rows = [line.split() for line in TABLE.strip().splitlines()]
    cells = [
        (state, row[0].replace("_", " "), cell) for row in rows for state, cell in zip(header, row[1:], strict=True)
    ]
    final = [state for state in STATES.split() if state not in header]
    for state in final:
        changes = {"named", "delete"} | ({"reopen"} if state == "replayable" else set())
        cells += [(state, name, "=" if name in changes else ".") for name in EVENTS]
    return cells


def _name(job: Job) -> str:
    """What the table calls the state of a job."""
    if job.status == "failed" and job.error is not None and job.error.replayable:
        return "replayable"
    if job.is_final:
        return job.status
    if not job.predictions:
        return "pending" if job.plan is None else "drawn"
    slot = job.predictions[0]
    return "retried" if slot.attempt == 2 else slot.state


CELLS = _cells()


@pytest.mark.parametrize(("state", "event", "expected"), CELLS, ids=[f"{s}-{h}" for s, h, _ in CELLS])
def test_every_state_answers_every_event_as_the_table_says(state: str, event: str, expected: str) -> None:
    job = SHAPES[state]
    now = job.deadline_at if event == "deadline" else LATER
    change = transition(job, EVENTS[event], now=now, by="test")
    if expected == ".":
        assert change is None
    elif expected == "=" and event == "reopen":
        assert change is not None
        assert _name(change.job) == "running"
    elif expected == "=":
        assert change is not None
        assert _name(change.job) == _name(job)
    else:
        assert change is not None
        assert _name(change.job) == expected


def test_the_table_has_a_cell_for_every_state_and_event() -> None:
    assert {(state, event) for state, event, _ in CELLS} == {
        (state, event) for state in STATES.split() for event in EVENTS
    }


@pytest.mark.parametrize("state", ["pending", "running", "succeeded"])
def test_a_deadline_that_is_not_over_yet_changes_nothing(state: str) -> None:
    job = SHAPES[state]
    assert transition(job, EVENTS["deadline"], now=job.deadline_at - timedelta(milliseconds=1), by="test") is None


def test_a_reopened_job_has_its_whole_time_again() -> None:
    change = transition(SHAPES["replayable"], EVENTS["reopen"], now=LATER, by="test")
    assert change is not None
    assert change.job.deadline_at == LATER + timedelta(seconds=LIMITS.deadline_seconds)
    assert (change.job.error, change.job.finished_at, change.job.expires_at) == (None, None, None)


def test_a_job_whose_time_of_being_kept_is_over_is_not_reopened() -> None:
    expires_at = SHAPES["replayable"].expires_at
    assert expires_at is not None
    assert transition(SHAPES["replayable"], EVENTS["reopen"], now=expires_at, by="test") is None
