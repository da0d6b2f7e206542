"""Calls to the client: which change of a job calls for one, and what an attempt, a replay or a long silence changes.

They are kept in the job, so that the write that ends a job also says that its client is to be called.
"""

from datetime import datetime, timedelta

from studio_contracts.callbacks import Call
from studio_contracts.events import CallbackRequested
from studio_contracts.job import Job
from studio_domain.domain_events import CallbackAttempted, CallbackOverdue, CallbackReplayed
from studio_domain.lifecycle.transition import Change, TransitionContext

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 25, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800))
"""Between the attempts of a call: eleven attempts within a day. The first ones are the broker's delays."""
MAX_REASON_CHARS = 200


def attempted(job: Job, attempt: CallbackAttempted, context: TransitionContext) -> Change | None:
    """The client was called: it answered, or the call is tried again later, or given up."""
    call = _call(job, attempt.call, "open")
    if call is None:
        return None
    if attempt.error is None:
        call = call.model_copy(update={"state": "delivered", "attempts": call.attempts + 1, "reason": None})
    else:
        failed = attempt.is_permanent or call.attempts >= len(WAITS)
        changes = {"state": "failed"} if failed else {"due_at": context.now + WAITS[call.attempts]}
        reason = attempt.error[:MAX_REASON_CHARS]
        call = call.model_copy(update={**changes, "attempts": call.attempts + 1, "reason": reason})
    return Change(_with(job, call), is_progress=False)


def replayed(job: Job, replay: CallbackReplayed, context: TransitionContext) -> Change | None:
    """An operator has a call made anew that was given up, or now instead of later."""
    call = _call(job, replay.call, "open", "failed")
    return None if call is None else _again(job, (_anew(call, context.now, attempts=0),))


def overdue(job: Job, event: CallbackOverdue, context: TransitionContext) -> Change | None:
    """Calls that are long due are requested again, for their messages may be lost."""
    calls = () if job.callback is None else job.callback.calls
    late = [call for call in calls if call.state == "open" and call.due_at <= context.now - event.after]
    return _again(job, tuple(_anew(call, context.now, call.attempts) for call in late)) if late else None


def _call(job: Job, version: int, *states: str) -> Call | None:
    call = None if job.callback is None else job.callback.call(version)
    return call if call is not None and call.state in states else None


def _anew(call: Call, now: datetime, attempts: int) -> Call:
    return call.model_copy(update={"state": "open", "due_at": now, "attempts": attempts})


def _again(job: Job, calls: tuple[Call, ...]) -> Change:
    for call in calls:
        job = _with(job, call)
    return Change(job, tuple(CallbackRequested(call=call.version) for call in calls), is_progress=False)


def _with(job: Job, changed: Call) -> Job:
    assert job.callback is not None
    calls = tuple(changed if call.version == changed.version else call for call in job.callback.calls)
    return job.model_copy(update={"callback": job.callback.model_copy(update={"calls": calls})})
