"""The life of a job: each rule is broken on purpose, and a seed must show it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from studio_chassis.persistence import job_service
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Source
from studio_contracts.job import Job
from studio_contracts.slot import GenerationRequest, Slot
from studio_domain import lifecycle
from studio_domain.domain_events import (
    PicturesMade,
    PredictionReported,
    StencilDrawn,
)
from studio_domain.lifecycle import Transition, ending, slots, transition
from studio_predictor import handlers, planning
from studio_reconciler import rescue
from studio_reconciler.rescue import Rescuer
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught
from studio_stencil.handlers import StencilMaker

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@caught_by("nothing_waits_for_its_deadline ends_by_its_deadline every_job_ends")
def nothing_is_rescued(patch: Patch) -> None:
    patch.setattr(Rescuer, "rescue_stuck", _nothing)


@caught_by("nothing_waits_for_its_deadline every_job_ends")
def pending_jobs_are_not_rescued(patch: Patch) -> None:
    each = SimulatedJobStore._each
    patch.setattr(
        SimulatedJobStore, "_each", lambda self, wanted: each(self, lambda job: job.status != "pending" and wanted(job))
    )


@caught_by("rescued_in_moderation")
def stuck_is_measured_from_the_creation(patch: Patch) -> None:
    def unfinished(self: SimulatedJobStore, before: Any, _: Any) -> Any:
        return self._each(lambda job: not job.is_final and job.created_at < before)

    def since_creation(job: Job, stuck_after: timedelta) -> timedelta:
        return lifecycle_backoff(job, stuck_after) - (job.updated_at - job.created_at)

    lifecycle_backoff = lifecycle.rescue_backoff
    patch.setattr(SimulatedJobStore, "unfinished", unfinished)
    patch.setattr(lifecycle.stages, "rescue_backoff", since_creation)
    patch.setattr(rescue, "rescue_backoff", since_creation)


@caught_by("ends_by_its_deadline every_job_ends")
def no_deadline(patch: Patch) -> None:
    patch.setattr(Rescuer, "end_overdue", _nothing)


@caught_by("allowed_transitions")
def a_late_report_leads_out_of_a_final_state(patch: Patch) -> None:
    def lax(job: Job, event: Any, **where: Any) -> Transition | None:
        if job.is_final and isinstance(event, PredictionReported):
            job = job.model_copy(update={"status": "running", "error": None, "finished_at": None})
        return transition(job, event, **where)

    patch.setattr(job_service, "transition", lax)


@caught_by("completed_has_pictures")
def completed_before_all_slots_are_settled(patch: Patch) -> None:
    settle = ending.settle

    def hasty(job: Job, step: Any) -> Job:
        if job.concepts:
            return ending._end(job.model_copy(update={"concepts": ending.ranked(job.concepts)}), "completed", step)
        return settle(job, step)

    patch.setattr(slots, "settle", hasty)


@caught_by("pictures_are_stored")
def pictures_stored_after_the_commit(patch: Patch) -> None:
    running: set[asyncio.Task[Any]] = set()

    async def put_later(self: SimulatedObjectStore, files: Mapping[str, bytes]) -> None:
        async def put() -> None:
            await asyncio.sleep(1)
            for key, data in files.items():
                await self.put(key, data)

        task = asyncio.create_task(put())
        running.add(task)
        task.add_done_callback(running.discard)

    patch.setattr(SimulatedObjectStore, "put_all", put_later)


@caught_by("rescued_in_moderation")
def rescued_at_an_even_pace(patch: Patch) -> None:
    patch.setattr(lifecycle.stages, "rescue_backoff", lambda _, stuck_after: stuck_after)
    patch.setattr(rescue, "rescue_backoff", lambda _, stuck_after: stuck_after)


@caught_by("ranked_in_order")
def pictures_ranked_as_they_came(patch: Patch) -> None:
    def unsorted(concepts: Any) -> Any:
        return tuple(concept.model_copy(update={"rank": rank}) for rank, concept in enumerate(concepts, start=1))

    patch.setattr(ending, "ranked", unsorted)


@caught_by("ranked_in_order")
def ranked_among_all_alone(patch: Patch) -> None:
    ranked = ending.ranked
    patch.setattr(
        ending,
        "ranked",
        lambda concepts: tuple(one.model_copy(update={"rank_in_direction": one.rank}) for one in ranked(concepts)),
    )


@caught_by("painted_over_its_direction")
def every_slot_painted_over_the_first_stencil(patch: Patch) -> None:
    sent = planning.purchase

    async def over_the_first(job: Job, generation: GenerationRequest, slot: Slot, *where: Any) -> Any:
        bought = await sent(job, generation, slot.model_copy(update={"direction": 0}), *where)
        return bought._replace(slot=slot) if isinstance(bought, planning.Purchase) else bought

    patch.setattr(handlers, "purchase", over_the_first)


@caught_by("painted_as_shown")
def all_directions_of_a_draft_painted(patch: Patch) -> None:
    copy = StencilMaker._copy

    async def copy_all(self: StencilMaker, job: Job, source: Source, started: float) -> None:
        await copy(self, job, source.model_copy(update={"directions": ()}), started)

    patch.setattr(StencilMaker, "_copy", copy_all)


@caught_by("drafts_cost_nothing completed_has_pictures")
def drafts_painted_like_any_other(patch: Patch) -> None:
    def drawn(job: Job, done: StencilDrawn, context: Any) -> Job | None:
        return None if job.plan is not None else job.model_copy(update={"plan": done.plan})

    patch.setitem(lifecycle._RULES, StencilDrawn, drawn)


@caught_by("directions_exist")
def concepts_of_the_first_direction(patch: Patch) -> None:
    made = slots.pictures_made

    def first_direction(job: Job, news: PicturesMade, context: Any) -> Job | None:
        concepts = tuple(one.model_copy(update={"direction": 0}) for one in news.concepts)
        return made(job, replace(news, concepts=concepts), context)

    patch.setitem(lifecycle._RULES, PicturesMade, first_direction)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
