"""job.created → the plan is made, the stencil drawn and stored."""

import asyncio
import hashlib
import time

from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.jobs import Jobs
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.runtime import failpoints
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Plan, PlanColour, StoredPicture
from studio_contracts.object_keys import stencil_key
from studio_domain.domain_events import StencilDrawn
from studio_stencil.drawing.draw import draw, encode
from studio_stencil.planning.plan import StencilPlan, make_plan
from studio_stencil.planning.roles import roles


async def draw_stencil(event: Event, jobs: Jobs, objects: ObjectStore) -> None:
    """Draw the stencil of a new job. Raises Reject for a brief that cannot be drawn."""
    job = await jobs.load(event.subject)
    if job.is_final or job.stencil is not None:
        return
    started = time.perf_counter()
    try:
        plan, png = await asyncio.to_thread(_drawn, job.brief, job.seed)
    except (ValueError, ArithmeticError, MemoryError) as error:  # another try would end the same way
        raise Reject(f"the stencil cannot be drawn: {error}") from error
    key = stencil_key(job.id)
    await objects.put(key, png)
    failpoints.reached("after-store")
    stored = StoredPicture(
        key=key,
        sha256=hashlib.sha256(png).hexdigest(),
        media_type="image/png",
        width=plan.width,
        height=plan.height,
    )
    await jobs.apply(job.id, StencilDrawn(_told(plan), stored, time.perf_counter() - started))


def _drawn(brief: Brief, seed: int) -> tuple[StencilPlan, bytes]:
    plan = make_plan(brief.prompt, brief.surface.width_m, brief.surface.height_m, brief.palette, brief.strategy, seed)
    return plan, encode(draw(plan), plan)


def _told(plan: StencilPlan) -> Plan:
    """The plan as the job document tells it."""
    colours = zip(plan.codes, roles(len(plan.codes)), plan.coverage, strict=True)
    return Plan(
        colours=tuple(PlanColour(code=code, role=role.value, share=share) for code, role, share in colours),
        palette_reason=plan.palette_reason,
        strategy=plan.strategy.value,
        strategy_reason=plan.strategy_reason,
        seed=plan.seed,
        width_px=plan.width,
        height_px=plan.height,
        layout=plan.layout.value,
        mm_per_pixel=plan.mm_per_pixel,
        regions=plan.regions,
    )
