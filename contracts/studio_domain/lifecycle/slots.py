"""The life of one slot: claimed, created, reported, turned into pictures. All money is spent here."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from studio_contracts.errors import JobWarning
from studio_contracts.events import PredictionUpdated
from studio_contracts.job import Job
from studio_contracts.slot import Slot
from studio_domain.domain_events import (
    ClaimReleased,
    CreationLost,
    CreationRefused,
    PicturesMade,
    PredictionReported,
    SlotClaimed,
    SlotEvent,
    WebhookReceived,
)
from studio_domain.lifecycle.ending import settle
from studio_domain.lifecycle.transition import OPEN, Change, TransitionContext
from studio_domain.prediction import (
    MAX_OUTPUT_CHARS,
    PredictionStatus,
    UnreadablePrediction,
    is_content_refusal,
    is_infrastructure_failure,
    read_prediction,
)

MAX_REPORTS = 8
"""Reports of one attempt that are remembered, so that an equal one is not kept again."""


def webhook_received(job: Job, event: WebhookReceived, context: TransitionContext) -> Job | Change | None:
    """The provider reported on this attempt, so its prediction exists.

    Where it has delivered, nothing is left to decide. Every other report is kept for the predictor. None when the slot
    no longer waits for it, when an equal report was kept since the last rescue, or when all it says is that the
    prediction runs which the slot is known to have.
    """
    slot = _slot(job, event, *OPEN)
    if slot is None or _is_known_to_run(slot, event.prediction):
        return None
    if (delivery := _delivery(event)) is not None:
        return on_prediction_reported(job, delivery, context)
    report = hashlib.sha256(json.dumps(event.prediction, sort_keys=True).encode()).hexdigest()[:16]
    if report in slot.reports:
        return None
    reports = (*slot.reports, report)[-MAX_REPORTS:]
    update = PredictionUpdated(slot=event.slot, attempt=event.attempt, prediction=dict(event.prediction))
    return Change(_with(job, slot, webhook_received=slot.state != "running", reports=reports), (update,))


def _delivery(event: WebhookReceived) -> PredictionReported | None:
    """The report, if the prediction has succeeded and brings pictures."""
    if event.prediction.get("status") != PredictionStatus.SUCCEEDED:
        return None
    try:
        report = read_prediction(event.prediction)
    except UnreadablePrediction:
        return None
    return PredictionReported(event.slot, event.attempt, report) if report.outputs else None


def _is_known_to_run(slot: Slot, prediction: Mapping[str, object]) -> bool:
    """Whether all a report says is that the slot's prediction runs. A status we do not know is kept and counted."""
    if slot.state != "running" or prediction.get("id") != slot.provider_id:
        return False
    return prediction.get("status") in (PredictionStatus.STARTING, PredictionStatus.PROCESSING)


def is_obsolete(job: Job, event: SlotEvent) -> bool:
    """Whether a report means nothing to the slot, as it stands here and in every state that may follow.

    A slot never goes back to an earlier attempt, nor from its report to waiting for it.
    """
    slot = job.slot(event.slot)
    if slot is None or slot.attempt < event.attempt:
        return False
    if slot.attempt > event.attempt or slot.state not in OPEN:
        return True
    return isinstance(event, WebhookReceived) and _is_known_to_run(slot, event.prediction)


def _slot(job: Job, word: SlotEvent, *states: str) -> Slot | None:
    slot = job.slot(word.slot)
    return slot if slot is not None and slot.attempt == word.attempt and slot.state in states else None


def _with(job: Job, slot: Slot, **changes: Any) -> Job:
    slots = list(job.predictions)
    slots[slot.number] = slot.model_copy(update=changes)
    return job.model_copy(update={"predictions": tuple(slots)})


def _warn(job: Job, code: str, text: str, slot: int) -> Job:
    # By slot, so that the order in which slots end does not show in the job.
    warning = JobWarning(code=code, text=text, slot=slot)
    warnings = sorted((*job.warnings, warning), key=lambda one: one.slot or 0)
    return job.model_copy(update={"warnings": tuple(warnings)})


def _first_picture(job: Job, slot: Slot) -> int:
    """The number of the slot's first picture among all pictures of the job, from 1."""
    return 1 + sum(other.count for other in job.predictions[: slot.number])


def _pictures_of(job: Job, slot: Slot) -> str:
    """The slot's pictures by number, so that no two slots' warnings are alike: `Picture 5` or `Pictures 1-4`."""
    first = _first_picture(job, slot)
    return f"Picture {first}" if slot.count == 1 else f"Pictures {first}-{first + slot.count - 1}"


def claimed(job: Job, claim: SlotClaimed, context: TransitionContext) -> Job | None:
    """waiting → submitting. Only the process that gets this transition may request the prediction."""
    slot = _slot(job, claim, "waiting")
    return None if slot is None else _with(job, slot, state="submitting", claimed_at=context.now)


def on_claim_released(job: Job, release: ClaimReleased, _: TransitionContext) -> Job | None:
    """submitting → waiting, for nothing was created. The message that made the claim is tried again by the broker."""
    slot = _slot(job, release, "submitting")
    return None if slot is None else _with(job, slot, state="waiting", claimed_at=None)


def _adopt(job: Job, slot: Slot, provider_id: str, context: TransitionContext) -> Job:
    prediction_ids = (*slot.prediction_ids, provider_id)
    adopted = _with(
        job, slot, state="running", webhook_received=False, provider_id=provider_id, prediction_ids=prediction_ids
    )
    return context.log(adopted, "prediction.started", slot=slot.number, detail=provider_id)


def on_creation_refused(job: Job, refusal: CreationRefused, context: TransitionContext) -> Job | None:
    """A request that will never be taken, or not today, fails the slot; no attempt is spent on asking again."""
    slot = _slot(job, refusal, "waiting", "submitting")
    return None if slot is None else _fail(job, slot, refusal.code, refusal.reason, context)


def on_creation_lost(job: Job, loss: CreationLost, context: TransitionContext) -> Job | None:
    """Nothing was bought, as far as the provider knows, so the slot loses none of the attempts it may fail.

    It may have been paid for without a trace all the same: the next try has another number, and money is set aside.
    Once the provider has called back it certainly was, and its report is being delivered.
    """
    slot = _slot(job, loss, "submitting")
    return (
        None
        if slot is None or slot.webhook_received
        else _try_again(job, slot, "The provider's answer was lost.", context)
    )


def on_prediction_reported(job: Job, event: PredictionReported, context: TransitionContext) -> Job | None:
    """What the provider says of a prediction. Late, repeated and foreign reports change nothing."""
    slot = _slot(job, event, *OPEN)
    report = event.report
    if slot is None or slot.provider_id not in (None, report.id):
        return None
    if not report.is_final:
        return _adopt(job, slot, report.id, context) if slot.state != "running" else None
    if slot.state != "running":
        job = _adopt(job, slot, report.id, context)
        slot = job.predictions[slot.number]
    if report.status == "succeeded" and report.oversized:
        reason = f"The provider sent pictures inside its answer, in more than {MAX_OUTPUT_CHARS} characters."
        return _fail(job, slot, "output_too_large", reason, context)
    if report.status == "succeeded" and report.outputs:
        return _succeed(job, slot, event, context)
    if report.status == "succeeded":
        return _fail(job, slot, "no_output", "The provider finished without pictures.", context)
    if report.status in ("canceled", "aborted"):
        return _fail(
            job, slot, f"prediction_{report.status}", f"The prediction was {report.status} at the provider.", context
        )
    error = report.error or "The provider gave no reason."
    if is_infrastructure_failure(error):
        return _try_again(job, slot, error, context, report.provider_seconds)
    code = "content_refused" if is_content_refusal(error) else "prediction_failed"
    return _fail(job, slot, code, error, context)


def _succeed(job: Job, slot: Slot, event: PredictionReported, context: TransitionContext) -> Job:
    outputs = event.report.outputs[: slot.count]
    job = _with(
        job,
        slot,
        state="succeeded",
        outputs=outputs,
        received=len(outputs),
        predict_seconds=event.report.predict_seconds,
    )
    if len(outputs) < slot.count:
        text = f"{_pictures_of(job, slot)}: {len(outputs)} of {slot.count} were delivered."
        job = _warn(job, "fewer_pictures", text, slot.number)
    return context.log(job, "prediction.succeeded", slot=slot.number, seconds=event.report.provider_seconds)


def _try_again(job: Job, slot: Slot, error: str, context: TransitionContext, seconds: float | None = None) -> Job:
    """The next attempt of the slot, unless attempts or money are used up. Only infrastructure failures come here."""
    if len(slot.prediction_ids) >= job.limits.attempts_per_slot:
        return _fail(job, slot, "attempts_used_up", f"Failed {len(slot.prediction_ids)} times, last: {error}", context)
    if _cents_committed(job) + _cents(job, slot) > job.limits.cents:
        return _fail(
            job, slot, "money_used_up", f"Another attempt would exceed the job's limit. Last: {error}", context
        )
    again = {
        "state": "waiting",
        "attempt": slot.attempt + 1,
        "claimed_at": None,
        "webhook_received": False,
        "reports": (),
    }
    job = _with(job, slot, **again, provider_id=None, error=error)
    return context.log(job, "prediction.retried", slot=slot.number, detail=error, seconds=seconds)


def _cents(job: Job, slot: Slot) -> int:
    return slot.count * (job.generation.cents_per_picture if job.generation is not None else 0)


def _cents_committed(job: Job) -> int:
    """Every attempt so far counts as paid, its answer lost or not; a waiting slot has its first attempt reserved."""
    return sum(slot.attempt * _cents(job, slot) for slot in job.predictions)


def _fail(job: Job, slot: Slot, code: str, reason: str, context: TransitionContext) -> Job:
    text = f"{_pictures_of(job, slot)}: {reason}"
    failed = _warn(_with(job, slot, state="failed", error=reason), code, text, slot.number)
    return settle(context.log(failed, "prediction.failed", slot=slot.number, detail=reason), context)


def pictures_made(job: Job, made: PicturesMade, context: TransitionContext) -> Job | None:
    """succeeded → finished. The provider's URLs are forgotten: its files die within the hour."""
    slot = _slot(job, made, "succeeded")
    if slot is None:
        return None
    job = _with(job, slot, state="finished", outputs=())
    first = _first_picture(job, slot)
    for failure in made.failures:
        job = _warn(job, failure.code, f"Picture {first + failure.index}: {failure.text}", slot.number)
    job = job.model_copy(update={"concepts": (*job.concepts, *made.concepts)})
    detail = f"pictures: {len(made.concepts)}" + (f", failed: {len(made.failures)}" if made.failures else "")
    return settle(context.log(job, "pictures.made", slot=slot.number, detail=detail, seconds=made.seconds), context)
