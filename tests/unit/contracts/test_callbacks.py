"""Which changes of a job call its client, and what becomes of each call."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from studio_contracts.callbacks import MAX_METADATA_BYTES, MAX_METADATA_PAIRS, STAGE_CALLBACKS, Call, Callback, Metadata
from studio_contracts.events import CallbackRequested, Event
from studio_contracts.job import Job
from studio_domain import domain_events as h
from studio_domain.allowed_transitions import change_violations
from studio_domain.invariants import at_rest_violations, job_violations
from studio_domain.lifecycle import Transition, callbacks, transition
from studio_support.job_shapes import (
    FINAL_FAILURE,
    LATER,
    REPLAYABLE,
    START,
    accepted,
    job_after,
    made,
    planned,
    slot_path,
)

URL = "https://client.example/hook"
OUTCOMES: dict[str, h.DomainEvent] = {
    "job.completed": made(2),
    "job.failed": FINAL_FAILURE,
    "job.canceled": h.CancelRequested(),
}


def _running(**callback: object) -> Job:
    job = accepted(2).model_copy(update={"callback": Callback.model_validate({"url": URL, **callback})})
    return job_after(job, [*planned([2]), *slot_path("succeeded", 0)])


def _change(job: Job, event: h.DomainEvent, after: timedelta = timedelta(0)) -> Transition:
    change = transition(job, event, now=LATER + after, by="test")
    assert change is not None
    assert change_violations(job, change.job) == job_violations(change.job) == []
    return change


def _calls(events: tuple[Event, ...]) -> list[int]:
    return [event.payload.call for event in events if isinstance(event.payload, CallbackRequested)]


def _ended(**callback: object) -> Job:
    return _change(_running(**callback), made(2)).job


def _call(job: Job) -> Call:
    assert job.callback is not None
    (call,) = job.callback.calls
    return call


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_write_that_ends_a_job_calls_its_client(outcome: str) -> None:
    change = _change(_running(), OUTCOMES[outcome])
    call = _call(change.job)
    assert (call.type, call.version, call.at, call.due_at, call.state) == (
        outcome,
        change.job.version,
        LATER,
        LATER,
        "open",
    )
    assert call.error == (None if change.job.error is None else change.job.error.code)
    assert _calls(change.events) == [change.job.version]


def test_a_client_that_did_not_ask_is_not_called() -> None:
    change = _change(job_after(accepted(2), [*planned([2]), *slot_path("succeeded", 0)]), made(2))
    assert (change.job.callback, _calls(change.events)) == (None, [])


def test_stages_are_reported_to_clients_that_asked() -> None:
    job = _ended(events=STAGE_CALLBACKS)
    assert job.callback is not None
    assert [call.type for call in job.callback.calls] == ["job.prediction", "job.postprocess", "job.completed"]
    assert _call(_ended()).type == "job.completed"


def test_an_answered_call_is_delivered_once() -> None:
    job = _ended()
    delivered = _change(job, h.CallbackAttempted(_call(job).version)).job
    assert (_call(delivered).state, _call(delivered).attempts) == ("delivered", 1)
    assert transition(delivered, h.CallbackAttempted(_call(job).version, "503"), now=LATER, by="test") is None
    assert transition(delivered, h.CallbackReplayed(_call(job).version), now=LATER, by="test") is None
    assert at_rest_violations(delivered, ()) == []


def test_failed_attempts_are_repeated_with_growing_waits_for_a_day() -> None:
    job, passed, waits = _ended(), timedelta(0), []
    while _call(job).state == "open":
        assert at_rest_violations(job, ())
        job = _change(job, h.CallbackAttempted(_call(job).version, "answered 503"), passed).job
        waits.append(_call(job).due_at - (LATER + passed))
        passed = max(_call(job).due_at - LATER, passed)
    assert (_call(job).state, _call(job).attempts, _call(job).reason) == ("failed", 11, "answered 503")
    assert waits[:-1] == sorted(waits[:-1]) == list(callbacks.WAITS)
    assert timedelta(hours=23) < passed <= timedelta(hours=24)


def test_a_permanent_failure_is_given_up_immediately() -> None:
    job = _ended()
    gone = _change(job, h.CallbackAttempted(_call(job).version, "answered 410", is_permanent=True)).job
    assert (_call(gone).state, _call(gone).attempts) == ("failed", 1)


def test_an_operator_replays_what_was_given_up() -> None:
    job = _ended()
    version = _call(job).version
    gone = _change(job, h.CallbackAttempted(version, "answered 410", is_permanent=True)).job
    again = _change(gone, h.CallbackReplayed(version), timedelta(days=2))
    assert (_call(again.job).state, _call(again.job).attempts) == ("open", 0)
    assert _call(again.job).due_at == LATER + timedelta(days=2)
    assert _calls(again.events) == [version]


def test_a_call_whose_message_was_lost_is_requested_again_and_only_now_and_then() -> None:
    job, late = _ended(), h.CallbackOverdue(timedelta(minutes=15))
    assert transition(job, late, now=LATER + timedelta(minutes=14), by="test") is None
    again = _change(job, late, timedelta(minutes=15))
    assert _calls(again.events) == [_call(job).version]
    assert transition(again.job, late, now=LATER + timedelta(minutes=29), by="test") is None
    assert _call(_change(again.job, late, timedelta(minutes=30)).job).attempts == 0


def test_calls_are_no_progress_so_a_stuck_job_is_still_found() -> None:
    job = _running(events=STAGE_CALLBACKS)
    assert job.callback is not None
    attempted = _change(job, h.CallbackAttempted(job.callback.calls[0].version, "no answer"), timedelta(minutes=9)).job
    assert attempted.updated_at == job.updated_at == START


def test_a_replayed_job_calls_again_when_it_ends_again() -> None:
    failed = _change(_running(), REPLAYABLE).job
    reopened = _change(failed, h.Reopened()).job
    job = _change(reopened, made(2)).job
    assert job.callback is not None
    assert [call.type for call in job.callback.calls] == ["job.failed", "job.completed"]


def test_a_forgotten_call_and_any_other_change_of_a_final_job_are_violations() -> None:
    job = _ended()
    silent = job.model_copy(update={"callback": Callback(url=URL)})
    assert any(one.startswith("end_is_called") for one in job_violations(silent))
    other = job.model_copy(update={"version": job.version + 1, "seed": job.seed + 1})
    assert change_violations(job, other)


@pytest.mark.parametrize(
    "metadata",
    [
        {f"k{n}": "v" for n in range(MAX_METADATA_PAIRS + 1)},
        {f"k{n}": "x" * 200 for n in range(11)},
        {"k": "x" * 501},
        {"": "v"},
        {"a b": "v"},
        {"k": 1},
        {"k": "\ud800"},
        {"x" * 41: "v"},
    ],
)
def test_metadata_is_bounded(metadata: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Metadata).validate_python(metadata)


def test_metadata_up_to_the_bounds_is_taken() -> None:
    full = {f"key-{n:02}": "ä" * 40 for n in range(MAX_METADATA_PAIRS)}
    assert TypeAdapter(Metadata).validate_python(full) == full
    assert len(str(full).encode()) <= MAX_METADATA_BYTES
