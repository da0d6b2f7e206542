"""The life of one slot: claimed, created, reported, turned into pictures. All money is spent here."""

from typing import Any

from studio_contracts.job import Job, Notice, Slot
from studio_domain.domain_events import (
    ClaimReleased,
    CreationLost,
    CreationRefused,
    OfSlot,
    PicturesMade,
    PredictionReported,
    ProviderCalledBack,
    SlotClaimed,
)
from studio_domain.lifecycle.ending import settle
from studio_domain.lifecycle.transition import Step
from studio_domain.prediction import is_infrastructure_failure

OPEN = ("waiting", "submitting", "running")


def called_back(job: Job, word: ProviderCalledBack, _: Step) -> Job | None:
    """The provider spoke of this attempt, so it exists. None when the slot no longer waits for it."""
    slot = _slot(job, word, *OPEN)
    return None if slot is None else _with(job, slot, called_back=slot.state != "running")


def _slot(job: Job, word: OfSlot, *states: str) -> Slot | None:
    slot = job.slot(word.slot)
    return slot if slot is not None and slot.attempt == word.attempt and slot.state in states else None


def _with(job: Job, slot: Slot, **changes: Any) -> Job:
    slots = list(job.predictions)
    slots[slot.number] = slot.model_copy(update=changes)
    return job.model_copy(update={"predictions": tuple(slots)})


def _warn(job: Job, code: str, text: str, slot: int) -> Job:
    # By slot, so that the order in which slots end does not show in the job.
    told = sorted((*job.warnings, Notice(code=code, text=text, slot=slot)), key=lambda one: one.slot or 0)
    return job.model_copy(update={"warnings": tuple(told)})


def claimed(job: Job, claim: SlotClaimed, step: Step) -> Job | None:
    """waiting → submitting. The one who gets this transition, and nobody else, may ask for the prediction."""
    slot = _slot(job, claim, "waiting")
    return None if slot is None else _with(job, slot, state="submitting", claimed_at=step.now)


def released(job: Job, release: ClaimReleased, _: Step) -> Job | None:
    """submitting → waiting, for nothing was created. The message that made the claim is tried again by the broker."""
    slot = _slot(job, release, "submitting")
    return None if slot is None else _with(job, slot, state="waiting", claimed_at=None)


def _adopt(job: Job, slot: Slot, provider_id: str, step: Step) -> Job:
    paid = (*slot.paid, provider_id)
    adopted = _with(job, slot, state="running", called_back=False, provider_id=provider_id, paid=paid)
    return step.log(adopted, "prediction.started", slot=slot.number, detail=provider_id)


def refused(job: Job, refusal: CreationRefused, step: Step) -> Job | None:
    """A request the provider will never take fails the slot at once; no attempt is spent on asking again."""
    slot = _slot(job, refusal, "waiting", "submitting")
    return None if slot is None else _fail(job, slot, "prediction_refused", refusal.reason, step)


def lost(job: Job, loss: CreationLost, step: Step) -> Job | None:
    """Nothing was bought, as far as the provider knows, so the slot loses none of the attempts it may fail.

    It may have been paid for without a trace all the same: the next try has another number, and money is set aside.
    Once the provider has called back it certainly was; what it said is on its way to us.
    """
    slot = _slot(job, loss, "submitting")
    return None if slot is None or slot.called_back else _try_again(job, slot, "The provider's answer was lost.", step)


def reported(job: Job, news: PredictionReported, step: Step) -> Job | None:
    """What the provider says of a prediction. Late, repeated and foreign reports change nothing."""
    slot = _slot(job, news, *OPEN)
    report = news.report
    if slot is None or slot.provider_id not in (None, report.id):
        return None
    if report.status in ("starting", "processing"):
        return _adopt(job, slot, report.id, step) if slot.state != "running" else None
    if slot.state != "running":
        job = _adopt(job, slot, report.id, step)
        slot = job.predictions[slot.number]
    if report.status == "succeeded" and report.outputs:
        return _succeed(job, slot, news, step)
    if report.status == "succeeded":
        return _fail(job, slot, "no_output", "The provider finished without pictures.", step)
    if report.status in ("canceled", "aborted"):
        return _fail(
            job, slot, f"prediction_{report.status}", f"The prediction was {report.status} at the provider.", step
        )
    error = report.error or "The provider gave no reason."
    if is_infrastructure_failure(error):
        return _try_again(job, slot, error, step)
    return _fail(job, slot, "prediction_failed", error, step)


def _succeed(job: Job, slot: Slot, news: PredictionReported, step: Step) -> Job:
    outputs = news.report.outputs[: slot.count]
    job = _with(
        job,
        slot,
        state="succeeded",
        outputs=outputs,
        received=len(outputs),
        predict_seconds=news.report.predict_seconds,
    )
    if len(outputs) < slot.count:
        job = _warn(job, "fewer_pictures", f"{len(outputs)} of {slot.count} pictures were delivered.", slot.number)
    return step.log(job, "prediction.succeeded", slot=slot.number, seconds=news.report.predict_seconds)


def _try_again(job: Job, slot: Slot, error: str, step: Step) -> Job:
    """The next attempt of the slot, unless attempts or money are used up. Only infrastructure failures come here."""
    if len(slot.paid) >= job.limits.attempts_per_slot:
        return _fail(job, slot, "attempts_used_up", f"Failed {len(slot.paid)} times, last: {error}", step)
    if _cents_committed(job) + _cents(job, slot) > job.limits.cents:
        return _fail(job, slot, "money_used_up", f"Another attempt would exceed the job's limit. Last: {error}", step)
    again = {"state": "waiting", "attempt": slot.attempt + 1, "claimed_at": None, "called_back": False}
    job = _with(job, slot, **again, provider_id=None, error=error)
    return step.log(job, "prediction.retried", slot=slot.number, detail=error)


def _cents(job: Job, slot: Slot) -> int:
    return slot.count * (job.generation.cents_per_picture if job.generation is not None else 0)


def _cents_committed(job: Job) -> int:
    """Every attempt so far counts as paid, its answer lost or not; a waiting slot has its first attempt reserved."""
    return sum(slot.attempt * _cents(job, slot) for slot in job.predictions)


def _fail(job: Job, slot: Slot, code: str, reason: str, step: Step) -> Job:
    failed = _warn(_with(job, slot, state="failed", error=reason), code, reason, slot.number)
    return settle(step.log(failed, "prediction.failed", slot=slot.number, detail=reason), step)


def pictures_made(job: Job, made: PicturesMade, step: Step) -> Job | None:
    """succeeded → finished. The provider's URLs are forgotten: its files die within the hour."""
    slot = _slot(job, made, "succeeded")
    if slot is None:
        return None
    job = _with(job, slot, state="finished", outputs=())
    for failure in made.failures:
        job = _warn(job, failure.code, f"Picture {failure.index + 1}: {failure.text}", slot.number)
    job = job.model_copy(update={"concepts": (*job.concepts, *made.concepts)})
    detail = f"{len(made.concepts)} pictures" + (f", {len(made.failures)} failed" if made.failures else "")
    return settle(step.log(job, "pictures.made", slot=slot.number, detail=detail, seconds=made.seconds), step)
