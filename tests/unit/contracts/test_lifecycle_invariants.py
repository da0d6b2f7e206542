"""What holds for every shape of job and everything that can happen to it."""

from datetime import timedelta
from typing import get_args

import pytest

from studio_contracts.events import (
    JobCanceled,
    JobCompleted,
    JobFailed,
    PredictionRequested,
    PredictionSucceeded,
    PredictionUpdated,
    StencilReady,
)
from studio_contracts.job import Job, Limits
from studio_contracts.slot import SlotState
from studio_domain import domain_events as h
from studio_domain.invariants import job_violations
from studio_domain.lifecycle import Transition, outstanding_messages, transition
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_support.job_shapes import (
    EVENTS,
    MODEL,
    SHAPES,
    accepted,
    concept,
    elsewhere,
    job_after,
    planned,
    slot_path,
)

TERMINAL_EVENTS = {"completed": JobCompleted, "failed": JobFailed, "canceled": JobCanceled}
RANK = {"pending": 0, "queued": 1, "running": 2, "completed": 3, "failed": 3, "canceled": 3}
OWNER_S = (h.DetailsChanged, h.DeletionRequested)
"""What an owner does to keep jobs in order: no progress, and no message follows."""
EVERYTHING = [one for event in EVENTS.values() for one in (event, *elsewhere(event))]


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_that_happens_gives_a_sound_transition_or_nothing(shape: str) -> None:
    job = SHAPES[shape]
    for event in EVERYTHING:
        now = job.deadline_at + timedelta(seconds=1)
        change = transition(job, event, now=now, by="test")
        if change is None:
            continue
        after = change.job
        moved = job.updated_at if isinstance(event, OWNER_S) else now
        assert (after.id, after.version, after.updated_at) == (job.id, job.version + 1, moved), event
        assert Job.model_validate(after.model_dump()) == after
        assert after.timeline[: len(job.timeline)] == job.timeline, "history is never rewritten"
        assert (after.brief, after.seed, after.limits, after.created_at) == (
            job.brief,
            job.seed,
            job.limits,
            job.created_at,
        )
        _assert_status_goes_forward(job, after, event)
        _assert_events_follow_from_the_state(job, change, event)


def _assert_status_goes_forward(job: Job, after: Job, event: h.DomainEvent) -> None:
    if isinstance(event, h.Reopened):
        assert job.error is not None
        assert job.error.replayable
        assert not after.is_final
        return
    if isinstance(event, OWNER_S):
        assert (after.status, after.stage, after.timeline) == (job.status, job.stage, job.timeline)
        return
    assert not job.is_final, f"{event} left a final state"
    assert RANK[after.status] >= RANK[job.status], event
    assert after.is_final == (after.stage == "finished") == (after.finished_at is not None)
    assert (after.error is not None) == (after.status == "failed")
    if after.is_final and not (after.error and after.error.replayable):
        assert "replicate.delivery" not in after.model_dump_json(), "the provider's files die within the hour"


def _assert_events_follow_from_the_state(job: Job, change: Transition, event: h.DomainEvent) -> None:
    after = change.job
    payloads = [event.payload for event in change.events]
    before = () if isinstance(event, h.RescueRequested | h.Reopened) else outstanding_messages(job)
    expected = [message for message in outstanding_messages(after) if message not in before]
    if isinstance(event, h.WebhookReceived) and not event.prediction.get("output"):
        expected.append(PredictionUpdated(slot=event.slot, attempt=event.attempt, prediction=event.prediction))
    if after.is_final and not isinstance(event, OWNER_S):
        assert isinstance(payloads.pop(), TERMINAL_EVENTS[after.status])
    assert payloads == expected, event
    assert len({event.id for event in change.events}) == len(change.events)
    again = transition(job, event, now=after.updated_at + timedelta(hours=1), by="another")
    assert again is not None
    assert [event.id for event in again.events] == [event.id for event in change.events], "ids depend on the fact alone"
    assert all(event.subject == job.id and event.traceparent == job.traceparent for event in change.events)


def test_every_kind_of_event_and_every_slot_state_is_covered() -> None:
    assert {type(event) for event in EVENTS.values()} == set(get_args(h.DomainEvent))
    assert {slot.state for job in SHAPES.values() for slot in job.predictions} == set(get_args(SlotState))
    assert {job.status for job in SHAPES.values()} == set(RANK)


def test_a_replay_publishes_the_outstanding_messages_and_its_dead_letter_once() -> None:
    stuck = transition(SHAPES["waiting"], EVENTS["replayable"], now=SHAPES["waiting"].updated_at, by="predictor")
    requested = transition(SHAPES["waiting"], h.RescueRequested(), now=SHAPES["waiting"].updated_at, by="reconciler")
    assert stuck is not None
    assert requested is not None
    replayed = transition(stuck.job, h.Reopened(requested.events[0]), now=stuck.job.updated_at, by="cli")
    assert replayed is not None
    assert [event.id for event in replayed.events] == [requested.events[0].id]


def test_whoever_plans_the_slots_requests_their_first_attempts_without_messages_of_their_own() -> None:
    drawn = SHAPES["drawn"]
    change = transition(drawn, planned([1, 1])[-1], now=drawn.updated_at, by="predictor")
    assert change is not None
    assert change.events == ()
    assert outstanding_messages(change.job) == (StencilReady(),)
    assert outstanding_messages(SHAPES["retried"]) == (PredictionRequested(slot=0, attempt=2),)


def test_a_job_rescued_without_end_does_not_outgrow_its_document() -> None:
    job = SHAPES["running"]
    for _ in range(250):
        change = transition(job, h.RescueRequested(), now=job.updated_at, by="reconciler")
        assert change is not None
        job = change.job
    assert len(job.timeline) == 200
    assert job.rescues == 250


def test_an_event_id_fits_an_amqp_short_string_whatever_the_provider_calls_its_prediction() -> None:
    job = SHAPES["running"]
    for name in ("x" * 1000, "ü" * 128, None, 7, ["a"]):
        change = transition(job, h.WebhookReceived(0, 1, {"id": name, "status": name}), now=job.updated_at, by="t")
        assert change is not None
        assert len(change.events[0].id.encode()) <= 255


def test_a_plan_dearer_than_the_job_may_be_is_never_bought() -> None:
    job = SHAPES["drawn"]
    dear = job.model_copy(update={"limits": job.limits.model_copy(update={"cents": 5})})
    change = transition(dear, EVENTS["planned"], now=job.updated_at, by="predictor")
    assert change is not None
    assert change.job.status == "failed"
    assert change.job.predictions == ()
    assert change.job.error is not None
    assert change.job.error.code == "too_expensive"


@pytest.mark.parametrize(("cents", "goes_on"), [(11, False), (12, True)])
def test_another_attempt_is_bought_only_with_money_the_job_has(cents: int, goes_on: bool) -> None:
    running = job_after(
        accepted(2, Limits(attempts_per_slot=3, cents=cents)), [*planned([2]), *slot_path("running", 0)]
    )
    after = job_after(running, [EVENTS["infra"]])
    assert after.predictions[0].attempt == (2 if goes_on else 1)
    assert [warning.code for warning in after.warnings] == ([] if goes_on else ["money_used_up"])


def test_a_report_on_another_prediction_changes_nothing() -> None:
    foreign = PredictionReport(id="foreign", status=PredictionStatus.FAILED, error=MODEL)
    news = h.PredictionReported(0, 1, foreign)
    assert transition(SHAPES["running"], news, now=SHAPES["running"].updated_at, by="test") is None


def test_concepts_are_ranked_by_score_and_equals_as_they_were_asked_for() -> None:
    scores = {0: (0.5, 0.9), 1: (0.7, 0.5)}
    job = SHAPES["succeeded+succeeded"]
    for slot in (1, 0):
        concepts = tuple(concept(slot, index, score) for index, score in enumerate(scores[slot]))
        job = job_after(job, [h.PicturesMade(slot, 1, concepts, (), 0.1)])
    assert [(one.rank, one.id) for one in job.concepts] == [(1, "0-1"), (2, "1-0"), (3, "0-0"), (4, "1-1")]
    assert [(one.direction, one.rank_in_direction) for one in job.concepts] == [(0, 1), (1, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("first", [[], [h.SlotClaimed(0, 1)]])
def test_a_reported_prediction_is_not_given_up_while_its_report_is_in_the_queue(
    first: list[h.DomainEvent],
) -> None:
    webhook_received = job_after(SHAPES["waiting"], [*first, EVENTS["callback"], h.SlotClaimed(0, 1)])
    assert transition(webhook_received, EVENTS["lost"], now=webhook_received.updated_at, by="predictor") is None
    assert not job_after(webhook_received, [EVENTS["infra"]]).predictions[0].webhook_received
    failed = job_after(webhook_received, [EVENTS["infra"], h.SlotClaimed(0, 2)])
    given_up = job_after(failed, [h.CreationLost(0, 2)])
    assert [warning.code for warning in given_up.warnings] == [], "the next attempt has no report yet"
    assert given_up.predictions[0].attempt == 3


def test_a_draft_is_made_of_its_stencils_and_costs_nothing() -> None:
    draft = SHAPES["draft"]
    assert (draft.status, draft.stage, draft.generation) == ("running", "postprocess", None)
    assert [(slot.direction, slot.count, slot.state) for slot in draft.predictions] == [
        (0, 1, "succeeded"),
        (1, 1, "succeeded"),
    ]
    assert outstanding_messages(draft) == (
        PredictionSucceeded(slot=0, attempt=1),
        PredictionSucceeded(slot=1, attempt=1),
    )
    made = SHAPES["draft made"]
    assert (made.status, len(made.concepts), made.warnings) == ("completed", 2, ())
    assert SHAPES["draft of nothing"].status == "failed"
    assert job_violations(made) == []


@pytest.mark.parametrize("event", [EVENTS["claim"], EVENTS["starting"], EVENTS["planned"]])
def test_nothing_is_bought_for_a_draft(event: h.DomainEvent) -> None:
    assert transition(SHAPES["draft"], event, now=SHAPES["draft"].updated_at, by="predictor") is None


def test_a_paid_draft_breaks_a_promise() -> None:
    draft = SHAPES["draft"]
    paid = draft.predictions[0].model_copy(update={"prediction_ids": ("p",)})
    broken = draft.model_copy(update={"predictions": (paid, *draft.predictions[1:])})
    assert any(what.startswith("drafts_cost_nothing") for what in job_violations(broken))
