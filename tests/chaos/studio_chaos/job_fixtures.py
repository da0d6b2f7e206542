"""The life of a job without the services: what happens to it, step by step."""

import itertools
from collections.abc import Iterator

from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.store import JobStore
from studio_chassis.runtime.clock import Clock
from studio_contracts.brief import Brief
from studio_contracts.concept import Concept, Quality
from studio_contracts.events import Event
from studio_contracts.job import Limits
from studio_contracts.pictures import PictureKind, StoredPicture
from studio_contracts.slot import GenerationRequest
from studio_domain.domain_events import (
    DomainEvent,
    PicturesMade,
    PredictionReported,
    SlotClaimed,
    SlotPlan,
    SlotsPlanned,
    StencilDrawn,
)
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_support.plans import make_plan

STATES = ("pending", "drawn", "waiting", "submitting", "running", "succeeded")
"""Where a job of one slot may stand before its end: the number of steps that have happened."""
TRACE = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"


def life(job_id: str) -> Iterator[DomainEvent]:
    """All that happens to a job of one picture, in order; each state it may be frozen in comes between two of these."""
    quality = Quality(score=1, fidelity=1, flatness=1, contrast=1, balance=1, mean_delta_e=0)
    plan = make_plan(job_id)
    picture = plan.directions[0].stencil
    pictures: dict[PictureKind, StoredPicture] = {"original": picture, "quantized": picture, "thumbnail": picture}
    concept = Concept(id="0-0", slot=0, index=0, pictures=pictures, quality=quality, palette_used=())
    output = ("https://replicate.delivery/a.png",)
    yield StencilDrawn(plan, 0.0)
    generation = GenerationRequest(model="sdxl", version="1", cents_per_picture=3, input={})
    yield SlotsPlanned(generation, (SlotPlan(0, 1),))
    yield SlotClaimed(0, 1)
    yield PredictionReported(0, 1, PredictionReport(id=job_id, status=PredictionStatus.PROCESSING))
    yield PredictionReported(0, 1, PredictionReport(id=job_id, status=PredictionStatus.SUCCEEDED, outputs=output))
    yield PicturesMade(0, 1, (concept,), (), 0.0)


async def freeze(store: JobStore, clock: Clock, job_id: str, steps: int, limits: Limits) -> None:
    """A job to which only the first steps of its life have happened, and whose message to go on was lost."""
    jobs = JobService(store, _lose, clock, "test")
    await jobs.accept(Brief(prompt="a pond", count=1), job_id=job_id, seed=1, traceparent=TRACE, limits=limits)
    for event in itertools.islice(life(job_id), steps):
        assert (await jobs.apply(job_id, event)).changed
    await jobs.outbox.flush()


async def _lose(_: Event) -> None:
    """As a broker that takes a message and loses its disk."""
