"""job.created → the plan is made, the stencils of its directions drawn and stored."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from studio_chassis.errors import JobNotFound, ObjectNotFound
from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.process_pool import WorkLost, WorkRunner
from studio_contracts.brief import MAX_DIRECTIONS, Brief, Source
from studio_contracts.events import JobCreated
from studio_contracts.job import Job
from studio_contracts.object_keys import fitted_picture_key, own_picture_key, stencil_key
from studio_contracts.pictures import StoredPicture
from studio_contracts.plan import Direction, Plan, PlanColour
from studio_domain.domain_events import StencilDrawn, WorkFailed
from studio_pictures.errors import PictureError
from studio_stencil.drawing.compose import Sketch, encode
from studio_stencil.drawing.directions import Direction as ChosenDirection
from studio_stencil.editing.plan import edited_plan
from studio_stencil.motif_maker import MotifMaker
from studio_stencil.motifs.letters import ATTRIBUTION as LETTERS
from studio_stencil.motifs.library import ATTRIBUTION as MOTIFS
from studio_stencil.own_picture.fitting import fitted
from studio_stencil.own_picture.plan import laid_pixels, own_plan, surface_fit
from studio_stencil.planning.plan import Stencil, StencilPlan, draw, make_plan, not_drawn, sketch
from studio_stencil.planning.roles import roles_by_share


@dataclass(frozen=True)
class StencilMaker:
    """The handler and what it works with."""

    jobs: JobService
    objects: ObjectStore
    workers: WorkRunner
    motifs: MotifMaker

    async def draw_stencils(self, job: Job, _: JobCreated) -> None:
        """job.created → draw the stencils of a new job. Raises Reject for a brief that cannot be drawn."""
        if job.plan is not None:
            return
        started = time.perf_counter()
        if job.brief.source is not None:
            begin = self._copy if job.brief.source.concept is None else self._edit
            await begin(job, job.brief.source, started)
            return
        if job.brief.picture is not None:
            await self._fit_own(job, started)
            return
        try:
            plan = await asyncio.to_thread(_planned, job.brief, job.seed)
            sketches = []
            async with self.motifs.making() as want:
                for direction in plan.directions:
                    sketches.append(await asyncio.to_thread(sketch, plan, direction))
                    want(sketches[-1].motifs)
            plan, stencils = await asyncio.to_thread(_drawn, plan, sketches)
        except ValueError as error:  # errors of arithmetic and memory are never retried as they are
            raise Reject(f"the stencil cannot be drawn: {error}") from error
        directions = []
        for number, (chosen, (stencil, png)) in enumerate(zip(plan.directions, stencils, strict=True)):
            key = stencil_key(job.id, number)
            await self.objects.put(key, png)
            directions.append(_direction(chosen, stencil, plan, key, png))
        failpoints.reached("after-store")
        drawn = _plan(plan, directions, not_drawn([stencil for stencil, _ in stencils]))
        await self.jobs.apply(job, StencilDrawn(drawn, time.perf_counter() - started))

    async def _copy(self, job: Job, source: Source, started: float) -> None:
        """Take the plan of another job with the directions that were chosen: what is painted is what was shown.

        The stencils are copied, for the other job may expire before this one.
        """
        try:
            plan = (await self.jobs.load(source.job)).plan
            assert plan is not None, "the gateway takes no job without a plan"
            directions = []
            for number, chosen in enumerate(source.directions or range(len(plan.directions))):
                direction = plan.directions[chosen]
                key = stencil_key(job.id, number)
                await self.objects.put(key, await self.objects.get(direction.stencil.key))
                stencil = direction.stencil.model_copy(update={"key": key})
                directions.append(direction.model_copy(update={"stencil": stencil}))
        except (JobNotFound, ObjectNotFound):
            await self._gone(job, source)
            return
        failpoints.reached("after-store")
        copied = plan.model_copy(update={"directions": tuple(directions)})
        await self.jobs.apply(job, StencilDrawn(copied, time.perf_counter() - started))

    async def _edit(self, job: Job, source: Source, started: float) -> None:
        """Take a concept of another job as it is laid, with the edits made: it is the one direction of the new job."""
        try:
            origin = await self.jobs.load(source.job)
            concept = next(concept for concept in origin.concepts if concept.id == source.concept)
            png = await self.objects.get(concept.pictures["installable"].key)
        except (JobNotFound, ObjectNotFound):
            await self._gone(job, source)
            return
        assert origin.plan is not None, "a job with concepts has a plan"
        try:
            plan, edited = await asyncio.to_thread(edited_plan, origin.plan, concept.direction, png, job)
        except ValueError as error:
            raise Reject(f"the concept cannot be edited: {error}") from error
        await self.objects.put(stencil_key(job.id, 0), edited)
        failpoints.reached("after-store")
        await self.jobs.apply(job, StencilDrawn(plan, time.perf_counter() - started))

    async def _fit_own(self, job: Job, started: float) -> None:
        """Take the client's own picture: fitted to the surface, and in colours that can be bought."""
        assert job.brief.picture is not None
        size = surface_fit(job.brief)
        laid = laid_pixels(job.brief, size)
        try:
            data = await self.objects.get(own_picture_key(job.id))
            made = await self.workers.run(
                fitted, data, (size.size.width, size.size.height), job.brief.picture.fit, job.brief.palette, laid
            )
        except ObjectNotFound:
            await self._refuse(job, "the picture is not there any more")
            return
        except PictureError as error:
            await self._refuse(job, str(error))
            return
        except (WorkLost, MemoryError) as error:
            await self._refuse(job, f"it takes too much to work on: {error}")
            return
        except (ArithmeticError, ValueError) as error:  # another try would end the same way
            await self._refuse(job, f"it cannot be worked on: {error}")
            return
        await self.objects.put(stencil_key(job.id, 0), made.stencil)
        await self.objects.put(fitted_picture_key(job.id), made.picture)
        failpoints.reached("after-store")
        plan = own_plan(job.brief, job.id, job.seed, size, made)
        await self.jobs.apply(job, StencilDrawn(plan, time.perf_counter() - started))

    async def _refuse(self, job: Job, why: str) -> None:
        detail = f"The picture cannot be used: {why}."
        await self.jobs.apply(job, WorkFailed("unusable_picture", "Unusable picture", detail))

    async def _gone(self, job: Job, source: Source) -> None:
        detail = f"Job {source.job} has been removed, and its pictures with it."
        await self.jobs.apply(job, WorkFailed("source_gone", "The job to begin with was deleted", detail))


def warm_up() -> None:
    """Draw a brief and discard it, so that the first real one does not wait for tables, fonts and modules."""
    plan = _planned(Brief(prompt="a green fish and the number 7", kind="draft"), 0)
    _drawn(plan, [sketch(plan, direction) for direction in plan.directions])


def _planned(brief: Brief, seed: int) -> StencilPlan:
    """The plan of a brief. No more directions than pictures, where each is to be painted; a draft also varies the
    strategy that the client asked for, as far as that makes a difference.
    """
    return make_plan(
        brief.prompt,
        brief.surface.width_m,
        brief.surface.height_m,
        brief.palette,
        brief.strategy,
        seed,
        framed=brief.framed,
        at_most=MAX_DIRECTIONS if brief.kind == "draft" else min(MAX_DIRECTIONS, brief.count),
        variations=MAX_DIRECTIONS if brief.kind == "draft" else 1,
        outline=brief.surface.outline,
    )


def _drawn(plan: StencilPlan, sketches: Sequence[Sketch]) -> tuple[StencilPlan, list[tuple[Stencil, bytes]]]:
    """The stencils of the directions that differ, and the plan with these directions alone."""
    drawn: dict[bytes, tuple[ChosenDirection, Stencil]] = {}
    for direction, arranged in zip(plan.directions, sketches, strict=True):
        stencil = draw(plan, direction, arranged)
        drawn.setdefault(encode(stencil.indices, stencil.codes), (direction, stencil))  # a compass has no variations
    directions = tuple(direction for direction, _ in drawn.values())
    return plan._replace(directions=directions), [(stencil, png) for png, (_, stencil) in drawn.items()]


def _plan(plan: StencilPlan, directions: Sequence[Direction], missing: tuple[str, ...]) -> Plan:
    """The plan for the job document."""
    return Plan(
        reading=plan.reading,
        palette_reason=plan.palette_reason,
        width_px=plan.fit.size.width,
        height_px=plan.fit.size.height,
        layout=plan.fit.layout,
        mm_per_pixel=plan.fit.mm_per_pixel,
        attributions=_attributions(plan, directions),
        not_drawn=missing,
        directions=tuple(directions),
    )


def _attributions(plan: StencilPlan, directions: Sequence[Direction]) -> tuple[str, ...]:
    """The works of others that the stencils of a plan may show."""
    subjects = plan.reading.subjects
    strategies = {direction.strategy for direction in directions}
    motifs = any(subject.motif for subject in subjects) or "snakes" in strategies
    letters = any(subject.kind != "thing" for subject in subjects) or strategies & {
        "compass",
        "hopscotch",
    }
    return (MOTIFS,) * motifs + (LETTERS,) * bool(letters)


def _direction(chosen: ChosenDirection, stencil: Stencil, plan: StencilPlan, key: str, png: bytes) -> Direction:
    colours = zip(stencil.codes, roles_by_share(stencil.shares), stencil.shares, strict=True)
    return Direction(
        name=chosen.name,
        reason=stencil.reason,
        strategy=chosen.strategy,
        seed=plan.seed + chosen.variation,
        subjects_shown=stencil.subjects_shown,
        colours=tuple(PlanColour(code=code, role=role, share=share) for code, role, share in colours),
        stencil=StoredPicture(
            key=key,
            sha256=hashlib.sha256(png).hexdigest(),
            media_type="image/png",
            width=plan.fit.size.width,
            height=plan.fit.size.height,
        ),
    )
