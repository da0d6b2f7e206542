"""What a job asks the model for: its input, and the pictures divided into slots."""

from studio_contracts.job import Job
from studio_contracts.models import MODELS
from studio_contracts.palette import BY_CODE
from studio_contracts.plan import Plan
from studio_contracts.slot import GenerationRequest
from studio_domain.domain_events import SlotsPlanned
from studio_predictor.model_input import shared_input
from studio_predictor.prompts import compose, unread
from studio_predictor.settings import PredictorSettings
from studio_predictor.slots import split


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
