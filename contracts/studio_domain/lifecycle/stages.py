"""How a job moves from stage to stage before and between its predictions."""

from datetime import timedelta
from itertools import takewhile
from typing import Final

from studio_contracts.errors import JobWarning
from studio_contracts.job import Job
from studio_contracts.plan import Plan
from studio_contracts.slot import GenerationRequest, Slot
from studio_domain.domain_events import RescueRequested, SlotsPlanned, StencilDrawn, WorkFailed
from studio_domain.lifecycle.ending import work_failed
from studio_domain.lifecycle.transition import Change, TransitionContext


def stencil_drawn(job: Job, done: StencilDrawn, context: TransitionContext) -> Job | None:
    """The first plan counts; drawing its stencils again changes nothing. A draft's stencils are its pictures."""
    if job.plan is not None:
        return None
    drawn = job.model_copy(update={"plan": done.plan, "warnings": (*job.warnings, *_not_drawn(done.plan))})
    if job.brief.kind == "draft":
        drawn = drawn.model_copy(update={"predictions": _drawn_slots(done.plan)})
    detail = "; ".join(f"{direction.name}: {direction.reason}" for direction in done.plan.directions)
    return context.log(drawn, "stencil.ready", detail=detail, seconds=done.seconds)


def _not_drawn(plan: Plan) -> tuple[JobWarning, ...]:
    if not plan.not_drawn:
        return ()
    return (JobWarning(code="not_drawn", text=f"No direction draws: {', '.join(plan.not_drawn)}."),)


def _drawn_slots(plan: Plan) -> tuple[Slot, ...]:
    """A slot for each direction, whose picture is there already."""
    return tuple(
        Slot(number=number, direction=number, count=1, state="succeeded", received=1)
        for number in range(len(plan.directions))
    )


def slots_planned(job: Job, planned: SlotsPlanned, context: TransitionContext) -> Job | None:
    """The slots are fixed once and need the stencils. A job that may not cost so much ends before it costs anything."""
    if job.plan is None or job.predictions:
        return None
    if planned.cents > job.limits.cents:
        detail = f"The pictures would cost {planned.cents} cents, and the job may cost {job.limits.cents}."
        return work_failed(job, WorkFailed("too_expensive", "The job would cost too much", detail), context)
    claim = {"state": "submitting", "claimed_at": context.now}
    slots = tuple(
        slot.model_copy(update=claim) if slot.number in planned.claims else slot for slot in first_slots(planned)
    )
    warnings = (*job.warnings, *_not_sent(planned.generation))
    wanted = job.model_copy(update={"generation": planned.generation, "predictions": slots, "warnings": warnings})
    return context.log(
        wanted, "slots.planned", detail=f"{planned.generation.model}, pictures: {job.brief.count}, calls: {len(slots)}"
    )


def first_slots(planned: SlotsPlanned) -> tuple[Slot, ...]:
    """The planned slots, none of them claimed."""
    return tuple(
        Slot(number=number, direction=slot.direction, count=slot.pictures) for number, slot in enumerate(planned.slots)
    )


def _not_sent(generation: GenerationRequest) -> tuple[JobWarning, ...]:
    if not generation.not_sent:
        return ()
    return (JobWarning(code="not_sent", text=f"The model's prompt has no room for: {', '.join(generation.not_sent)}."),)


RESCUED: Final = "job.rescued"
MAX_BACKOFF_FACTOR = 4
"""How much the back-off grows at most: a job that no rescue moves is still rescued now and then."""


def on_rescue_requested(job: Job, rescue: RescueRequested, context: TransitionContext) -> Change | None:
    """Nothing moved for so long: publish again what is awaited, and count the rescue: the next one waits longer.

    Reports of the provider are forgotten, because their messages may be what was lost.
    """
    if context.now - job.updated_at < rescue_backoff(job, rescue.stuck_after):
        return None
    slots = tuple(slot.model_copy(update={"reports": ()}) for slot in job.predictions)
    rescued = job.model_copy(update={"rescues": job.rescues + 1, "predictions": slots})
    return Change(context.log(rescued, RESCUED, detail=f"rescue {job.rescues + 1}"), repeats=True)


def rescue_backoff(job: Job, stuck_after: timedelta) -> timedelta:
    """How long a job may stand still before it is rescued: twice as long after each rescue that moved nothing.

    Each rescue publishes again what is awaited: at an even pace the messages of a failing step would pile up.
    """
    without_effect = sum(1 for _ in takewhile(lambda line: line.event == RESCUED, reversed(job.timeline)))
    return min(1 << without_effect, MAX_BACKOFF_FACTOR) * stuck_after
