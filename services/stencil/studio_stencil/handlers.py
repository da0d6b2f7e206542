"""job.created → the plan is made, the stencils of its directions drawn and stored."""

import asyncio
import hashlib
import time
from collections.abc import Sequence

from studio_chassis.errors import JobNotFound, ObjectNotFound
from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.jobs import Jobs
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.runtime import failpoints
from studio_contracts.brief import MAX_DIRECTIONS, Brief, Source
from studio_contracts.events import Event
from studio_contracts.job import Direction, Plan, PlanColour, StoredPicture
from studio_contracts.object_keys import stencil_key
from studio_contracts.reading import Reading
from studio_domain.domain_events import StencilDrawn, WorkFailed
from studio_stencil.drawing.draw import draw, encode
from studio_stencil.planning.plan import StencilPlan, make_plans
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import roles


async def draw_stencils(event: Event, jobs: Jobs, objects: ObjectStore) -> None:
    """Draw the stencils of a new job. Raises Reject for a brief that cannot be drawn."""
    job = await jobs.load(event.subject)
    if job.is_final or job.plan is not None:
        return
    started = time.perf_counter()
    if job.brief.source is not None:
        await _copy(job.id, job.brief.source, jobs, objects, started)
        return
    try:
        drawn = await asyncio.to_thread(_drawn, job.brief, job.seed)
    except (ValueError, ArithmeticError, MemoryError) as error:  # another try would end the same way
        raise Reject(f"the stencil cannot be drawn: {error}") from error
    keys = [stencil_key(job.id, number) for number in range(len(drawn))]
    for key, (_, png) in zip(keys, drawn, strict=True):
        await objects.put(key, png)
    failpoints.reached("after-store")
    directions = [_direction(plan, key, png) for key, (plan, png) in zip(keys, drawn, strict=True)]
    plan = _plan(read_brief(job.brief.prompt), drawn[0][0], directions)
    await jobs.apply(job.id, StencilDrawn(plan, time.perf_counter() - started))


async def _copy(job_id: str, source: Source, jobs: Jobs, objects: ObjectStore, started: float) -> None:
    """Take the plan of another job with the directions that were chosen: what is painted is what was shown.

    The stencils are copied, for the other job may expire before this one.
    """
    try:
        plan = (await jobs.load(source.job)).plan
        assert plan is not None, "the gateway takes no job without a plan"
        directions = []
        for number, chosen in enumerate(source.directions or range(len(plan.directions))):
            direction = plan.directions[chosen]
            key = stencil_key(job_id, number)
            await objects.put(key, await objects.get(direction.stencil.key))
            stencil = direction.stencil.model_copy(update={"key": key})
            directions.append(direction.model_copy(update={"stencil": stencil}))
    except (JobNotFound, ObjectNotFound):
        detail = f"Job {source.job} has been removed, and its stencils with it."
        await jobs.apply(job_id, WorkFailed("source_gone", "The draft is gone", detail))
        return
    failpoints.reached("after-store")
    copied = plan.model_copy(update={"directions": tuple(directions)})
    await jobs.apply(job_id, StencilDrawn(copied, time.perf_counter() - started))


def _drawn(brief: Brief, seed: int) -> list[tuple[StencilPlan, bytes]]:
    """A plan and a stencil for each direction. No more directions than pictures, where each is to be painted."""
    surface, at_most = brief.surface, MAX_DIRECTIONS if brief.kind == "draft" else min(MAX_DIRECTIONS, brief.count)
    plans = make_plans(
        brief.prompt,
        surface.width_m,
        surface.height_m,
        brief.palette,
        brief.strategy,
        seed,
        framed=brief.framed,
        at_most=at_most,
    )
    return [(plan, encode(draw(plan), plan)) for plan in plans]


def _plan(reading: Reading, first: StencilPlan, directions: Sequence[Direction]) -> Plan:
    """The plan as the job document tells it. The surface alone decides the size, so all directions share it."""
    return Plan(
        reading=reading,
        palette_reason=first.palette_reason,
        width_px=first.width,
        height_px=first.height,
        layout=first.layout.value,
        mm_per_pixel=first.mm_per_pixel,
        directions=tuple(directions),
    )


def _direction(plan: StencilPlan, key: str, png: bytes) -> Direction:
    colours = zip(plan.codes, roles(len(plan.codes)), plan.coverage, strict=True)
    return Direction(
        name=plan.name,
        reason=plan.strategy_reason,
        strategy=plan.strategy.value,
        seed=plan.seed,
        colours=tuple(PlanColour(code=code, role=role.value, share=share) for code, role, share in colours),
        stencil=StoredPicture(
            key=key,
            sha256=hashlib.sha256(png).hexdigest(),
            media_type="image/png",
            width=plan.width,
            height=plan.height,
        ),
    )
