"""What a job asks the model for: the pictures divided into slots, and the request of each."""

import base64
from datetime import datetime
from typing import Any, NamedTuple

from studio_chassis.persistence.objects import ObjectStore
from studio_contracts.job import Job
from studio_contracts.models import MODELS
from studio_contracts.palette import BY_CODE
from studio_contracts.plan import Plan
from studio_contracts.slot import GenerationRequest, Slot
from studio_contracts.spending import Charge
from studio_domain.domain_events import CreationRefused, SlotsPlanned
from studio_domain.spending import reservation
from studio_predictor.model_input import InvalidInput, shared_input, slot_input
from studio_predictor.prompts import compose, unread
from studio_predictor.settings import PredictorSettings
from studio_predictor.slots import slot_seed, split


class Purchase(NamedTuple):
    """A prediction to be bought: of which slot, by which request, and the money for it."""

    slot: Slot
    version: str
    inputs: dict[str, Any]
    charge: Charge


def plan_slots(job: Job, plan: Plan, settings: PredictorSettings) -> SlotsPlanned:
    """The request that all slots share, and the slots."""
    model = MODELS[settings.model]
    reading = plan.reading or unread(job.brief)
    codes = plan.directions[0].codes
    prompts = compose(reading, job.brief.style, [BY_CODE[code].name for code in codes])
    generation = GenerationRequest(
        model=model.name,
        version=model.version,
        cents_per_picture=model.cents_per_picture,
        input=shared_input(model, prompts, settings.prompt_strength),
        not_sent=prompts.not_sent,
    )
    return SlotsPlanned(generation, split(job.brief.count, len(plan.directions), model.max_outputs))


async def purchase(
    job: Job, generation: GenerationRequest, slot: Slot, objects: ObjectStore, now: datetime
) -> Purchase | CreationRefused:
    """What is to be bought for a slot; a refusal where the model would not take it."""
    assert job.plan is not None
    stored = job.plan.directions[slot.direction].stencil
    stencil = await objects.get(stored.key)
    image = f"data:{stored.media_type};base64,{base64.b64encode(stencil).decode()}"
    seed = slot_seed(job.seed, slot.number, slot.attempt)
    try:
        inputs = slot_input(MODELS[generation.model], generation.input, image, seed, slot.count)
    except InvalidInput as error:
        return CreationRefused(slot.number, slot.attempt, str(error))
    return Purchase(slot, generation.version, inputs, reservation(job, slot, now, generation))
