"""How jobs end, and the one way back: an operator's replay."""

from collections import Counter
from datetime import timedelta

from studio_contracts.concept import Concept
from studio_contracts.errors import JobError
from studio_contracts.events import PredictionUpdated
from studio_contracts.job import Job, Status, TimelineEvent
from studio_contracts.slot import SETTLED
from studio_domain.domain_events import CancelRequested, DeadlinePassed, Reopened, Undeliverable, WorkFailed, set_aside
from studio_domain.lifecycle.transition import OPEN, Change, TransitionContext, outstanding_messages

_ENDED: dict[Status, TimelineEvent] = {
    "completed": "job.completed",
    "failed": "job.failed",
    "canceled": "job.canceled",
}


def settle(job: Job, context: TransitionContext) -> Job:
    """Completed once every slot is settled and there is a picture; failed when there is none; else unchanged."""
    if not all(slot.state in SETTLED for slot in job.predictions):
        return job
    if job.concepts:
        return _end(job.model_copy(update={"concepts": ranked(job.concepts)}), "completed", context)
    reasons = "; ".join(dict.fromkeys(warning.text for warning in job.warnings))
    error = JobError(
        code="no_pictures",
        title="No picture could be made",
        detail=reasons[:1000] or "The model gave no pictures.",
        stage="postprocess" if any(slot.state == "finished" for slot in job.predictions) else "prediction",
    )
    return _end(job, "failed", context, error)


def ranked(concepts: tuple[Concept, ...]) -> tuple[Concept, ...]:
    """Best score first, among all and within each direction; equal scores in the order they were asked for."""
    best_first = sorted(concepts, key=lambda concept: (-concept.quality.score, concept.slot, concept.index))
    seen: Counter[int] = Counter()
    placed = []
    for rank, concept in enumerate(best_first, start=1):
        seen[concept.direction] += 1
        ranks = {"rank": rank, "rank_in_direction": seen[concept.direction]}
        placed.append(concept.model_copy(update=ranks))
    return tuple(placed)


def work_failed(job: Job, failure: WorkFailed, context: TransitionContext) -> Job:
    """A stage could not be done."""
    error = JobError(
        code=failure.code, title=failure.title, detail=failure.detail, stage=job.stage, replayable=failure.replayable
    )
    return _end(job, "failed", context, error)


def undeliverable(job: Job, event: Undeliverable, context: TransitionContext) -> Job | None:
    """The job fails if it waits for that message. An old copy of one that did its work changes nothing."""
    payload = event.payload
    if isinstance(payload, PredictionUpdated):
        slot = job.slot(payload.slot)
        awaited = slot is not None and slot.attempt == payload.attempt and slot.state in OPEN
    else:
        awaited = payload in outstanding_messages(job)
    return work_failed(job, set_aside(event.dead_letter_queue), context) if awaited else None


def cancel_requested(job: Job, _: CancelRequested, context: TransitionContext) -> Job:
    """A client may cancel any job that has not ended yet."""
    return _end(job, "canceled", context)


def deadline_passed(job: Job, _: DeadlinePassed, context: TransitionContext) -> Job | None:
    """Only a job whose time is really over fails."""
    if context.now < job.deadline_at:
        return None
    detail = f"Not finished within {job.limits.deadline_seconds} seconds."
    return _end(
        job,
        "failed",
        context,
        JobError(code="timed_out", title="The job took too long", detail=detail, stage=job.stage),
    )


def reopened(job: Job, replay: Reopened, context: TransitionContext) -> Change | None:
    """A replayable failure is taken back: the job goes on where it stood, with a new deadline.

    Unless it was deleted, or its time of being kept is over, for then its pictures may be on their way out.
    """
    if job.status != "failed" or job.error is None or not job.error.replayable:
        return None
    if job.deleted_at is not None or (job.expires_at is not None and context.now >= job.expires_at):
        return None
    slots = tuple(slot.model_copy(update={"reports": ()}) for slot in job.predictions)
    again = job.model_copy(
        update={
            "status": "pending",
            "predictions": slots,
            "error": None,
            "finished_at": None,
            "expires_at": None,
            "deadline_at": context.now + timedelta(seconds=job.limits.deadline_seconds),
        }
    )
    messages = (replay.event.payload,) if replay.event is not None else ()
    return Change(context.log(again, "job.reopened", detail=f"was: {job.error.title}"), messages, repeats=True)


def _end(job: Job, status: Status, context: TransitionContext, error: JobError | None = None) -> Job:
    """The final job. It keeps no URL of the provider, unless a replay may still need it."""
    slots = job.predictions
    if error is None or not error.replayable:
        slots = tuple(slot.model_copy(update={"outputs": ()}) for slot in slots)
    ended = job.model_copy(
        update={
            "status": status,
            "error": error,
            "predictions": slots,
            "finished_at": context.now,
            "expires_at": context.now + timedelta(days=job.limits.retention_days),
        }
    )
    return context.log(ended, _ENDED[status], detail=error.title if error is not None else None)
