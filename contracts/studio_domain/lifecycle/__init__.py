"""The rules of a job's life: pure functions from (job, what happened) to the new job and the events it emits.

Total: every state and every event give either a transition or None, "nothing to do". Handlers are idempotent
because an event that was already taken in gives None.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from studio_contracts.access import LOCAL_OWNER
from studio_contracts.base import to_stored_precision
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job, Limits
from studio_domain import domain_events as h
from studio_domain.lifecycle import callbacks, details, ending, slots, stages
from studio_domain.lifecycle.stages import first_slots, rescue_backoff
from studio_domain.lifecycle.transition import (
    FIRST_ATTEMPT,
    Change,
    Transition,
    TransitionContext,
    build_transition,
    entry,
    outstanding_messages,
)

__all__ = [
    "FIRST_ATTEMPT",
    "Transition",
    "accept",
    "first_slots",
    "is_obsolete",
    "outstanding_messages",
    "rescue_backoff",
    "transition",
]


def accept(
    brief: Brief,
    *,
    job_id: str,
    seed: int,
    traceparent: str,
    limits: Limits,
    now: datetime,
    by: str,
    owner: str = LOCAL_OWNER,
    key_id: str = "",
    callback: Callback | None = None,
    metadata: Mapping[str, str] | None = None,
    name: str = "",
    project: str = "",
) -> Transition:
    """A new job for the brief, and the event that starts it. `seed` is used unless the brief has its own."""
    now = to_stored_precision(now)
    job = Job(
        id=job_id,
        owner=owner,
        key_id=key_id,
        brief=brief,
        limits=limits,
        seed=seed if brief.seed is None else brief.seed,
        traceparent=traceparent,
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(seconds=limits.deadline_seconds),
        timeline=(entry("job.created", now, by),),
        callback=callback,
        metadata=dict(metadata or {}),
        name=name,
        project=project,
    )
    return build_transition(None, Change(job), now=now, by=by)


_RULES: dict[type, Callable[[Job, Any, TransitionContext], Job | Change | None]] = {
    h.StencilDrawn: stages.stencil_drawn,
    h.SlotsPlanned: stages.slots_planned,
    h.SlotClaimed: slots.claimed,
    h.ClaimReleased: slots.on_claim_released,
    h.CreationRefused: slots.on_creation_refused,
    h.CreationLost: slots.on_creation_lost,
    h.WebhookReceived: slots.webhook_received,
    h.PredictionReported: slots.on_prediction_reported,
    h.PicturesMade: slots.pictures_made,
    h.WorkFailed: ending.work_failed,
    h.Undeliverable: ending.undeliverable,
    h.CancelRequested: ending.cancel_requested,
    h.DetailsChanged: details.details_changed,
    h.DeletionRequested: details.deletion_requested,
    h.DeadlinePassed: ending.deadline_passed,
    h.RescueRequested: stages.on_rescue_requested,
    h.Reopened: ending.reopened,
    h.CallbackAttempted: callbacks.attempted,
    h.CallbackReplayed: callbacks.replayed,
    h.CallbackOverdue: callbacks.overdue,
}
_OF_FINAL_JOBS = frozenset(
    {
        h.DetailsChanged,
        h.DeletionRequested,
        h.Reopened,
        h.CallbackAttempted,
        h.CallbackReplayed,
        h.CallbackOverdue,
    }
)
"""Events that change a job that has ended; all others mean nothing to it."""


def transition(job: Job, event: h.DomainEvent, *, now: datetime, by: str) -> Transition | None:
    """What follows from `event`, observed by service `by` at `now`; None when nothing does."""
    now = to_stored_precision(now)
    if job.is_final and type(event) not in _OF_FINAL_JOBS:
        return None
    result = _RULES[type(event)](job, event, TransitionContext(now, by))
    if result is None:
        return None
    change = result if isinstance(result, Change) else Change(result)
    return build_transition(job, change, now=now, by=by)


def is_obsolete(job: Job, event: h.DomainEvent) -> bool:
    """Whether the event means nothing to the job, and will not whatever has happened to it since it was read.

    Of a job that has ended this is not known: it may have been reopened.
    """
    reports = (h.WebhookReceived, h.PredictionReported)
    return isinstance(event, reports) and not job.is_final and slots.is_obsolete(job, event)
