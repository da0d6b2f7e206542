"""Order and repetition of reports do not matter, and no walk through the lifecycle breaks its promises."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from studio_contracts.job import Job, Limits
from studio_domain import domain_events as h
from studio_domain.lifecycle import transition
from studio_support.job_shapes import (
    CENTS_PER_PICTURE,
    EVENTS,
    INFRASTRUCTURE,
    MODEL,
    START,
    accepted,
    concept,
    elsewhere,
    job_after,
    planned,
    report,
)

ENDINGS: tuple[tuple[Any, ...], ...] = (
    ("succeeded", 2),
    ("succeeded", 1),
    ("succeeded", 3),
    ("succeeded",),
    ("succeeded", 0),
    ("failed", None, MODEL),
    ("failed", None, INFRASTRUCTURE),
    ("canceled",),
    ("aborted",),
)
ONE_ATTEMPT = Limits(attempts_per_slot=1, cents=100)
SCORES = st.sampled_from((0.2, 0.5, 0.8))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[h.PredictionReported], dict[int, h.PicturesMade], list[int]]:
    """Reports of one to three slots, what comes of their pictures, and an order to deliver all with repetitions."""
    reports: list[h.PredictionReported] = []
    pictures: dict[int, h.PicturesMade] = {}
    for slot in range(draw(st.integers(1, 3))):
        early = draw(st.lists(st.sampled_from(("starting", "processing")), unique=True))
        reports += [report(status, slot=slot) for status in early]
        reports.append(report(*draw(st.sampled_from(ENDINGS)), slot=slot))
        outputs = min(len(reports[-1].report.outputs), 2)
        good = draw(st.integers(0, outputs))
        concepts = tuple(concept(slot, index, draw(SCORES)) for index in range(good))
        failures = tuple(h.PictureFailure(index, "bad_picture", "not a picture") for index in range(good, outputs))
        pictures[slot] = h.PicturesMade(slot, 1, concepts, failures, 0.1)
    everything = [*range(len(reports)), *draw(st.lists(st.integers(0, len(reports) - 1), max_size=6))]
    return reports, pictures, draw(st.permutations(everything))


def _deliver(
    reports: list[h.PredictionReported], pictures: dict[int, h.PicturesMade], order: list[int], *, at_once: bool
) -> Job:
    slots = len(pictures)
    job = job_after(accepted(2 * slots, ONE_ATTEMPT), planned([2] * slots))
    for index in order:
        job = job_after(job, [reports[index]])
        if at_once:
            job = job_after(job, _asked_for(job, pictures))
    job = job_after(job, _asked_for(job, pictures))
    return job_after(job, _asked_for(job, pictures))


def _asked_for(job: Job, pictures: dict[int, h.PicturesMade]) -> list[h.PicturesMade]:
    return [pictures[slot.number] for slot in job.predictions if slot.state == "succeeded"]


def _told(job: Job) -> dict[str, Any]:
    """The job but for how often, when and in which order things happened."""
    return job.model_dump(exclude={"version", "timeline", "updated_at"})


@settings(max_examples=300, derandomize=True)
@given(histories(), st.booleans())
def test_every_permutation_and_repetition_of_reports_ends_in_the_same_job(
    history: tuple[list[h.PredictionReported], dict[int, h.PicturesMade], list[int]], at_once: bool
) -> None:
    reports, pictures, order = history
    straight = _deliver(reports, pictures, list(range(len(reports))), at_once=True)
    shuffled = _deliver(reports, pictures, order, at_once=at_once)
    assert straight.is_final
    assert _told(shuffled) == _told(straight)
    assert sorted(line.event for line in shuffled.timeline if line.event != "prediction.started") == sorted(
        line.event for line in straight.timeline if line.event != "prediction.started"
    )


STEPS = [one for event in EVENTS.values() for one in (event, *elsewhere(event))]
SLOT_STEPS = [step for step in STEPS if isinstance(step, h.SlotEvent) and step.slot >= 0]


@st.composite
def walks(draw: st.DrawFn) -> tuple[Job, list[h.DomainEvent]]:
    """A job of one to three slots with little money, and anything at all event to it."""
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    limits = Limits(attempts_per_slot=draw(st.integers(1, 3)), cents=draw(st.integers(1, 40)))
    new = accepted(sum(counts), limits)
    slot_steps = st.lists(st.sampled_from(SLOT_STEPS), max_size=25)
    failures = [
        step
        for slot, attempt in draw(st.permutations([(slot, attempt) for slot in range(3) for attempt in (1, 2, 3)]))
        for step in (h.SlotClaimed(slot, attempt), report("failed", error=INFRASTRUCTURE, slot=slot, attempt=attempt))
    ]
    anything = st.lists(st.sampled_from(STEPS), max_size=8)
    return new, [*planned(counts), *draw(slot_steps), *failures, *draw(anything), *draw(slot_steps)]


@settings(max_examples=300, derandomize=True)
@given(walks())
def test_no_walk_breaks_the_promises_of_the_lifecycle(walk: tuple[Job, list[h.DomainEvent]]) -> None:
    job, steps = walk
    claims: set[tuple[int, int]] = set()
    pictures = 0
    for step in steps:
        change = transition(job, step, now=START, by="test")
        if change is None:
            continue
        job = change.job
        if isinstance(step, h.SlotClaimed):
            claims.add((step.slot, step.attempt))
        if isinstance(step, h.PicturesMade):
            pictures += len(step.concepts)
        _assert_spending_is_capped(job, claims)
        _assert_failures_are_told(job)
        if job.status == "completed":
            _assert_complete(job, pictures)


def _assert_spending_is_capped(job: Job, claims: set[tuple[int, int]]) -> None:
    prediction_ids = [(slot, prediction) for slot in job.predictions for prediction in slot.prediction_ids]
    assert (
        len({prediction for _, prediction in prediction_ids})
        == len(prediction_ids)
        <= len(job.predictions) * job.limits.attempts_per_slot
    )
    assert all(len(slot.prediction_ids) <= min(slot.attempt, job.limits.attempts_per_slot) for slot in job.predictions)
    asked = {(slot.number, prediction) for slot, prediction in prediction_ids} | {
        (slot, f"p{slot}.{attempt}") for slot, attempt in claims
    }
    assert sum(job.predictions[slot].count for slot, _ in asked) * CENTS_PER_PICTURE <= job.limits.cents


def _assert_failures_are_told(job: Job) -> None:
    warned = {(warning.slot, warning.text.partition(": ")[2]) for warning in job.warnings}
    assert {(slot.number, slot.error) for slot in job.predictions if slot.state == "failed"} <= warned


def _assert_complete(job: Job, pictures: int) -> None:
    finished = {slot.number for slot in job.predictions if slot.state == "finished"}
    assert len(job.concepts) == pictures > 0
    assert {concept.slot for concept in job.concepts} <= finished
    assert [concept.rank for concept in job.concepts] == list(range(1, len(job.concepts) + 1))
    scores = [concept.quality.score for concept in job.concepts]
    assert scores == sorted(scores, reverse=True)
