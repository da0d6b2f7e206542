"""The rules of a job's life: pure functions from (job, what happened) to the new job and the events it emits.

Total: every state and every happening give either a transition or None, "nothing to do". Handlers are idempotent
because a happening that was already taken in gives None.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from studio_contracts.brief import Brief
from studio_contracts.events import Payload, PredictionUpdated
from studio_contracts.job import Job, Limits
from studio_domain import domain_events as h
from studio_domain.lifecycle import ending, slots, stages
from studio_domain.lifecycle.stages import patience
from studio_domain.lifecycle.transition import Step, Transition, awaited, carry_out, entry

__all__ = ["Transition", "accept", "awaited", "patience", "transition"]


def accept(
    brief: Brief, *, job_id: str, seed: int, traceparent: str, limits: Limits, now: datetime, by: str
) -> Transition:
    """A new job for the brief, and the event that starts it. `seed` is used unless the brief has its own."""
    job = Job(
        id=job_id,
        brief=brief,
        limits=limits,
        seed=seed if brief.seed is None else brief.seed,
        traceparent=traceparent,
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(seconds=limits.deadline_seconds),
        timeline=(entry("job.accepted", now, by),),
    )
    return carry_out(None, job, now=now, by=by)


_RULES: dict[type, Callable[[Job, Any, Step], Job | None]] = {
    h.StencilDrawn: stages.stencil_drawn,
    h.SlotsPlanned: stages.slots_planned,
    h.SlotClaimed: slots.claimed,
    h.ClaimReleased: slots.released,
    h.CreationRefused: slots.refused,
    h.CreationLost: slots.lost,
    h.PredictionReported: slots.reported,
    h.PicturesMade: slots.pictures_made,
    h.WorkFailed: ending.work_failed,
    h.CancelRequested: ending.cancel_requested,
    h.DeadlinePassed: ending.deadline_passed,
}


def transition(job: Job, happening: h.Happening, *, now: datetime, by: str) -> Transition | None:
    """What follows from `happening`, observed by service `by` at `now`; None when nothing does."""
    if isinstance(happening, h.Reopened):
        reopened = ending.reopened(job, Step(now, by))
        if reopened is None:
            return None
        again = (happening.event.payload,) if happening.event is not None else ()
        return carry_out(None, reopened, now=now, by=by, version=job.version, extra=again)
    if job.is_final:
        return None
    if isinstance(happening, h.Nudged):
        if now - job.updated_at < patience(job, happening.stuck_after):
            return None
        return carry_out(None, stages.nudged(job, Step(now, by)), now=now, by=by, version=job.version)
    if isinstance(happening, h.ProviderCalledBack):
        heard = slots.called_back(job, happening, Step(now, by))
        if heard is None:
            return None
        news: tuple[Payload, ...] = (
            PredictionUpdated(slot=happening.slot, attempt=happening.attempt, prediction=dict(happening.prediction)),
        )
        return carry_out(job, heard, now=now, by=by, extra=news)
    after = _RULES[type(happening)](job, happening, Step(now, by))
    return None if after is None else carry_out(job, after, now=now, by=by)
