"""From a changed job to a transition: the events that follow are derived from the state."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from studio_contracts.callbacks import END_CALLBACKS, Call, CallbackType
from studio_contracts.errors import Stage
from studio_contracts.events import (
    CallbackRequested,
    Event,
    JobCanceled,
    JobCompleted,
    JobCreated,
    JobFailed,
    Payload,
    PredictionRequested,
    PredictionSucceeded,
    StencilReady,
)
from studio_contracts.job import Job, Status, TimelineEntry, TimelineEvent
from studio_contracts.slot import SETTLED, Slot

FIRST_ATTEMPT = 1
"""That of each slot is requested by the message by which the slots are planned."""
OPEN = ("waiting", "submitting", "running")
"""States of a slot whose prediction is still to be reported."""
MAX_TIMELINE = 200
"""A timeline is for people; a job that is rescued without end must not outgrow its document."""


class Change(NamedTuple):
    """What a rule makes of a job: `messages` go out beside what the job newly waits for.

    With `repeats`, everything it waits for is published again. What is no progress of the job does not count as its
    last transition: a job that stands still is not rescued later because of it.
    """

    job: Job
    messages: tuple[Payload, ...] = ()
    repeats: bool = False
    is_progress: bool = True


class Transition(NamedTuple):
    """The job after a change and the events to publish once it is committed; `before` is the job before, if any."""

    job: Job
    events: tuple[Event, ...]
    before: Job | None = None

    @property
    def changed_fields(self) -> frozenset[str]:
        """The names of the job's fields whose values this changes; of a new job, all of them."""
        if self.before is None:
            return frozenset(Job.model_fields)
        old, new = self.before, self.job
        return frozenset(name for name in Job.model_fields if getattr(old, name) != getattr(new, name))


@dataclass(frozen=True)
class TransitionContext:
    """When, and by which service, an event was observed."""

    now: datetime
    by: str

    def log(
        self,
        job: Job,
        event: TimelineEvent,
        *,
        slot: int | None = None,
        detail: str | None = None,
        seconds: float | None = None,
    ) -> Job:
        """The job with one more line in its timeline."""
        line = entry(event, self.now, self.by, slot=slot, detail=detail, seconds=seconds)
        return job.model_copy(update={"timeline": (*job.timeline, line)[-MAX_TIMELINE:]})


def entry(
    event: TimelineEvent,
    now: datetime,
    by: str,
    *,
    slot: int | None = None,
    detail: str | None = None,
    seconds: float | None = None,
) -> TimelineEntry:
    """One line of a timeline."""
    return TimelineEntry(at=now, event=event, service=by, slot=slot, detail=detail, seconds=seconds)


def outstanding_messages(job: Job) -> tuple[Payload, ...]:
    """The messages that must be on their way for this job to move on. A slot that runs awaits the provider instead.

    The message by which slots are planned also requests the first attempt of each: there are none of their own.
    """
    if job.is_final:
        return ()
    if job.plan is None:
        return (JobCreated(),)
    if not job.predictions:
        return (StencilReady(),)
    awaited = (message for slot in job.predictions if (message := _slot_awaits(slot)) is not None)
    return tuple(dict.fromkeys(awaited))


def _slot_awaits(slot: Slot) -> Payload | None:
    if slot.state in ("waiting", "submitting"):
        if slot.attempt == FIRST_ATTEMPT:
            return StencilReady()
        return PredictionRequested(slot=slot.number, attempt=slot.attempt)
    if slot.state == "succeeded":
        return PredictionSucceeded(slot=slot.number, attempt=slot.attempt)
    return None


def build_transition(before: Job | None, change: Change, *, now: datetime, by: str) -> Transition:
    """The transition to the changed job: its status, stage and version, and an event for all that is newly awaited.

    Of a new job (no `before`) everything awaited is new.
    """
    after = change.job
    status, stage = _progress(after)
    job = after.model_copy(
        update={
            "status": status,
            "stage": stage,
            "version": 1 if before is None else before.version + 1,
            "updated_at": now if change.is_progress else after.updated_at,
            "started_at": after.started_at or (now if _has_begun(after) else None),
        }
    )
    call = callback_due(before, job)
    if call is not None:
        job = _with_call(job, call, now)
    known = () if before is None or change.repeats else outstanding_messages(before)
    messages = [message for message in outstanding_messages(job) if message not in known]
    messages += [message for message in change.messages if message not in messages]
    if job.is_final and (before is None or not before.is_final):
        messages.append(_terminal_event(job))
    if call is not None:
        messages.append(CallbackRequested(call=job.version))
    return Transition(job, tuple(_event(job, payload, now, by) for payload in messages), before)


def callback_due(before: Job | None, job: Job) -> CallbackType | None:
    """What the client is called about for this change: the end always, a stage where it asked for that."""
    if job.callback is None or before is None:
        return None
    if job.is_final:
        ends: dict[str, CallbackType] = {one.removeprefix("job."): one for one in END_CALLBACKS}
        return None if before.is_final else ends[job.status]
    stages = (stage for stage in job.callback.events if stage == f"job.{job.stage}")
    return next(stages, None) if job.stage != before.stage else None


def _with_call(job: Job, due: CallbackType, now: datetime) -> Job:
    assert job.callback is not None
    error = None if job.error is None else job.error.code
    call = Call(version=job.version, type=due, at=now, error=error, due_at=now)
    return job.model_copy(update={"callback": job.callback.model_copy(update={"calls": (*job.callback.calls, call)})})


def _progress(job: Job) -> tuple[Status, Stage]:
    if job.is_final:
        return job.status, "finished"
    if job.plan is None:
        return "pending", "stencil"
    predicted = all(slot.state in SETTLED | {"succeeded"} for slot in job.predictions)
    stage: Stage = "postprocess" if job.predictions and predicted else "prediction"
    return "running" if _has_begun(job) else "queued", stage


def _has_begun(job: Job) -> bool:
    return any(slot.prediction_ids or slot.state not in ("waiting", "submitting") for slot in job.predictions)


def _terminal_event(job: Job) -> Payload:
    if job.error is not None:
        return JobFailed(code=job.error.code, replayable=job.error.replayable)
    return JobCompleted() if job.status == "completed" else JobCanceled()


def _event(job: Job, payload: Payload, now: datetime, by: str) -> Event:
    name = payload.type.removeprefix("studio.")
    return Event(
        id=":".join(part for part in (job.id, name, payload.key) if part),
        type=payload.type,
        source=f"/studio/{by}",
        subject=job.id,
        time=now,
        traceparent=job.traceparent,
        data=payload.model_dump(mode="json"),
    )
