"""Jobs in every shape a job can have, each reached by living through it, and everything that can happen to one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement
from typing import Any, cast

from studio_contracts.brief import Brief, JobKind
from studio_contracts.concept import Concept, Quality
from studio_contracts.events import JobCreated, PredictionUpdated, StencilReady
from studio_contracts.job import Job, Limits
from studio_contracts.slot import GenerationRequest
from studio_domain import domain_events as h
from studio_domain.lifecycle import accept, transition
from studio_domain.prediction import PredictionReport
from studio_support.plans import make_plan

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = START + timedelta(seconds=60)
LIMITS = Limits(attempts_per_slot=2, cents=100, deadline_seconds=1800)
CENTS_PER_PICTURE = 3
INFRASTRUCTURE = "Director: unexpected error handling prediction (E9828)"
MODEL = "NSFW content detected"

PLAN = make_plan("j", directions=2, size=(8, 8))
GENERATION = GenerationRequest(
    model="sdxl", version="v", cents_per_picture=CENTS_PER_PICTURE, input={"prompt": "waves"}
)
REPLAYABLE = h.WorkFailed("set_aside", "A step could not be carried out", "kept", replayable=True)
FINAL_FAILURE = h.WorkFailed("broken", "Broken", "for good")


def accepted(pictures: int, limits: Limits = LIMITS, kind: JobKind = "painted") -> Job:
    """A new job that wants that many pictures."""
    brief = Brief(prompt="waves", count=pictures, kind=kind)
    return accept(brief, job_id="j", seed=7, traceparent="t", limits=limits, now=START, by="gateway").job


def job_after(job: Job, events: Iterable[h.DomainEvent], now: datetime = START) -> Job:
    """The job after all that happened; what changed nothing is passed over."""
    for event in events:
        change = transition(job, event, now=now, by="test")
        job = job if change is None else change.job
    return job


def slot_plans(counts: Iterable[int]) -> tuple[h.SlotPlan, ...]:
    """Slots of these counts, which belong to the directions in turn."""
    return tuple(h.SlotPlan(number % len(PLAN.directions), count) for number, count in enumerate(counts))


def planned(counts: Iterable[int]) -> tuple[h.DomainEvent, ...]:
    """What happens until the slots of these counts wait for their predictions."""
    return h.StencilDrawn(PLAN, 0.1), h.SlotsPlanned(GENERATION, slot_plans(counts))


def report(
    status: str, outputs: int | None = None, error: str | None = None, *, slot: int = 0, attempt: int = 1
) -> h.PredictionReported:
    """The provider's word on the prediction of that slot and attempt; None outputs is `"output": null`."""
    report = PredictionReport(
        id=f"p{slot}.{attempt}",
        status=status,
        outputs=tuple(f"https://replicate.delivery/{slot}/{n}.png" for n in range(outputs or 0)),
        error=error,
        predict_seconds=4.0,
    )
    return h.PredictionReported(slot, attempt, report)


def concept(slot: int, index: int, score: float = 0.5) -> Concept:
    """A finished picture of that score."""
    quality = Quality(score=score, fidelity=1, flatness=1, contrast=1, balance=1, mean_delta_e=2)
    direction = slot % len(PLAN.directions)
    return Concept(
        id=f"{slot}-{index}",
        slot=slot,
        index=index,
        direction=direction,
        pictures={},
        quality=quality,
        palette_used=(),
    )


def made(good: int, bad: int = 0, *, slot: int = 0, attempt: int = 1) -> h.PicturesMade:
    """The first `good` pictures of a slot are stored, the `bad` ones after them could not be had."""
    failures = tuple(h.PictureFailure(good + n, "download_failed", "gone") for n in range(bad))
    return h.PicturesMade(slot, attempt, tuple(concept(slot, n, 0.5 + n / 10) for n in range(good)), failures, 0.2)


def slot_path(state: str, slot: int) -> tuple[h.DomainEvent, ...]:
    """What brings a waiting slot of two pictures into that state."""
    claimed = h.SlotClaimed(slot, 1)
    running = (claimed, report("starting", slot=slot))
    succeeded = (*running, report("succeeded", 2, slot=slot))
    paths: dict[str, tuple[h.DomainEvent, ...]] = {
        "waiting": (),
        "submitting": (claimed,),
        "running": running,
        "succeeded": succeeded,
        "finished": (*succeeded, made(2, slot=slot)),
        "failed": (claimed, h.CreationRefused(slot, 1, "no")),
    }
    return paths[state]


SLOT_STATES = ("waiting", "submitting", "running", "succeeded", "finished", "failed")


def shapes() -> dict[str, Job]:
    """One job of every reachable shape, by name. Slots in another order are the same shape."""
    new = accepted(2)
    drawn = job_after(new, planned(())[:1])
    found = {"pending": new, "drawn": drawn}
    for slots in (1, 2, 3):
        base = job_after(accepted(2 * slots), planned([2] * slots))
        for states in combinations_with_replacement(SLOT_STATES, slots):
            steps = [step for number, state in enumerate(states) for step in slot_path(state, number)]
            found["+".join(states)] = job_after(base, steps)
    running = found["running"]
    found["retried"] = job_after(running, [report("failed", error=INFRASTRUCTURE)])
    found["replayable"] = job_after(running, [REPLAYABLE])
    found["broken"] = job_after(running, [FINAL_FAILURE])
    found["canceled"] = job_after(running, [h.CancelRequested()])
    draft = job_after(accepted(6, kind="draft"), planned(())[:1])
    found["draft"] = draft
    found["draft in part"] = job_after(draft, [made(1)])
    found["draft made"] = job_after(draft, [made(1), made(1, slot=1)])
    found["draft of nothing"] = job_after(draft, [made(0, 1), made(0, 1, slot=1)])
    found["reopened"] = job_after(found["replayable"], [h.Reopened()])
    return found


SHAPES = shapes()

EVENTS: dict[str, h.DomainEvent] = {
    "drawn": h.StencilDrawn(PLAN, 0.1),
    "planned": h.SlotsPlanned(GENERATION, slot_plans([2])),
    "claim": h.SlotClaimed(0, 1),
    "release": h.ClaimReleased(0, 1),
    "refused": h.CreationRefused(0, 1, "no"),
    "lost": h.CreationLost(0, 1),
    "callback": h.WebhookReceived(0, 1, {"id": "p0.1", "status": "succeeded"}),
    "delivery": h.WebhookReceived(0, 1, {"id": "p0.1", "status": "succeeded", "output": ["https://x.test/a.png"]}),
    "starting": report("starting"),
    "processing": report("processing"),
    "queued": report("queued"),
    "exact": report("succeeded", 2),
    "fewer": report("succeeded", 1),
    "more": report("succeeded", 5),
    "null": report("succeeded"),
    "empty": report("succeeded", 0),
    "infra": report("failed", error=INFRASTRUCTURE),
    "model": report("failed", error=MODEL),
    "reasonless": report("failed"),
    "canceled": report("canceled"),
    "aborted": report("aborted"),
    "made": made(2),
    "partly": made(1, 1),
    "none made": made(0, 2),
    "broken": FINAL_FAILURE,
    "replayable": REPLAYABLE,
    "undelivered start": h.Undeliverable(JobCreated(), "dead"),
    "undelivered stencil": h.Undeliverable(StencilReady(), "dead"),
    "undelivered report": h.Undeliverable(PredictionUpdated(slot=0, attempt=1, prediction={}), "dead"),
    "cancel": h.CancelRequested(),
    "deadline": h.DeadlinePassed(),
    "rescue": h.RescueRequested(),
    "reopen": h.Reopened(),
    "called": h.CallbackAttempted(1),
    "call replayed": h.CallbackReplayed(1),
    "call overdue": h.CallbackOverdue(timedelta(0)),
    "named": h.DetailsChanged(name="Kita"),
    "delete": h.DeletionRequested(),
}
"""Every domain event, about slot 0 and its first attempt."""


def elsewhere(event: h.DomainEvent) -> list[h.DomainEvent]:
    """The same about other slots and attempts, some of which do not exist."""
    if not isinstance(event, h.SlotEvent):
        return []
    others = [(-1, 1), (1, 1), (2, 1), (3, 1), (0, 0), (0, 2), (1, 2)]
    return [_told_of(event, slot, attempt) for slot, attempt in others]


def _told_of(event: h.SlotEvent, slot: int, attempt: int) -> h.DomainEvent:
    changes: dict[str, Any] = {"slot": slot, "attempt": attempt}
    if isinstance(event, h.PredictionReported):
        changes["report"] = event.report.model_copy(update={"id": f"p{slot}.{attempt}"})
    if isinstance(event, h.WebhookReceived):
        changes["prediction"] = dict(event.prediction) | {"id": f"p{slot}.{attempt}"}
    if isinstance(event, h.PicturesMade):
        changes["concepts"] = tuple(concept(slot, one.index, one.quality.score) for one in event.concepts)
    return cast(h.DomainEvent, replace(event, **changes))
