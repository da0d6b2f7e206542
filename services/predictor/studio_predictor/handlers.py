"""The predictor's handlers: money is reserved, the slot claimed, its prediction requested, and then recorded.

The claim before the request prevents a second payment, the reservation before the claim a payment beyond the budgets.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from studio_chassis.messaging.dispositions import Pause, Retry
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.persistence.spending import SpendingStore
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import InvalidRequest, NotFound, OutcomeUnknown, ProviderError
from studio_chassis.replicate.responses import read_report
from studio_chassis.replicate.webhook_url import webhook_url
from studio_chassis.runtime import failpoints
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.events import JobCanceled, JobFailed, PredictionRequested, PredictionUpdated, StencilReady
from studio_contracts.job import Job
from studio_contracts.models import MODELS
from studio_contracts.slot import GenerationRequest, Slot
from studio_contracts.spending import Charge
from studio_domain.domain_events import (
    ClaimReleased,
    CreationLost,
    CreationRefused,
    PredictionReported,
    SlotClaimed,
    SlotsPlanned,
)
from studio_domain.lifecycle import FIRST_REQUEST
from studio_domain.prediction import PredictionReport, UnreadablePrediction
from studio_domain.spending import Outcome, delivered_by, reservation
from studio_predictor.disposition import RECHECK_DELAY, disposition
from studio_predictor.model_input import InvalidInput, slot_input
from studio_predictor.planning import plan_slots
from studio_predictor.settings import PredictorSettings
from studio_predictor.slots import find_prediction, slot_seed

CLOCK_MARGIN = timedelta(minutes=2)
log = structlog.get_logger()


@dataclass(frozen=True)
class Predictor:
    """The predictor's handlers and what they work with."""

    jobs: JobService
    spending: SpendingStore
    objects: ObjectStore
    provider: ReplicateClient
    settings: PredictorSettings
    now: Callable[[], datetime]
    backlog: Callable[[], Awaitable[int]]
    """How many finished predictions wait for postprocess."""
    under_way: Callable[[str], Awaitable[int]]
    """How many slots of an owner are claimed and have no concepts yet."""

    async def begin_predictions(self, job: Job, _: StencilReady) -> None:
        """stencil.ready → the slots are planned and the first is claimed with them; messages request the others."""
        if job.plan is None:
            return
        number, attempt = FIRST_REQUEST
        if job.predictions:
            await self.request_prediction(job, PredictionRequested(slot=number, attempt=attempt))
            return
        planned = plan_slots(job, job.plan, self.settings)
        if planned.cents > job.limits.cents:  # which ends the job
            await self.jobs.apply(job, planned)
            return
        first = planned.slots[number]
        await self._request(job, Slot(number=number, direction=first.direction, count=first.pictures), planned)

    async def request_prediction(self, job: Job, request: PredictionRequested) -> None:
        """prediction.requested → the process that claims the slot makes the paid call; a lost response is recovered."""
        slot = job.slot(request.slot)
        if slot is None or slot.attempt != request.attempt:
            return
        if slot.state == "submitting":
            await self._recover_lost(job, slot)
        elif slot.state == "waiting":
            await self._request(job, slot)

    async def _request(self, job: Job, slot: Slot, planned: SlotsPlanned | None = None) -> None:
        """Ask for a slot's prediction, unless it is better to wait. Raises Pause and Retry."""
        await self._check_backpressure()
        await self._check_fair_share(job)
        await self._create_prediction(job, slot, planned)

    async def _check_backpressure(self) -> None:
        """Raises Pause while so much waits for postprocess that a new prediction would miss its job's deadline."""
        waiting = await self.backlog()
        if waiting > self.settings.max_backlog:
            raise Pause(f"{waiting} finished predictions wait for postprocess", cause="backlog")

    async def _check_fair_share(self, job: Job) -> None:
        """Raises Retry while so much of the job's owner is under way that others would wait behind it.

        Two predictors that count at the same time may both go on: a share is exceeded by less than what they handle at
        once. A studio without keys has one owner.
        """
        if not job.key_id and job.owner == LOCAL_OWNER:
            return
        if await self.under_way(job.owner) >= self.settings.slots_per_owner:
            raise Retry("the owner has its share of predictions under way", after=RECHECK_DELAY, counted=False)

    async def _create_prediction(self, job: Job, slot: Slot, planned: SlotsPlanned | None = None) -> None:
        """Reserve, claim, create, record. With `planned`, the job's slots are planned by the write that claims."""
        generation = job.generation if planned is None else planned.generation
        assert generation is not None
        try:
            inputs = await self._input(job, generation, slot)
        except InvalidInput as error:
            await self._refuse(job, planned, CreationRefused(slot.number, slot.attempt, str(error)))
            return
        charge = reservation(job, slot, self.now(), generation)
        if (refusal := await self._reserve(charge)) is not None:
            await self._refuse(job, planned, refusal)
            return
        failpoints.reached("after-reserve")
        claiming = SlotClaimed(slot.number, slot.attempt) if planned is None else replace(planned, claims_first=True)
        claim = await self.jobs.apply(job, claiming, wait_for_publish=False)
        if not claim.changed:
            raise Retry("claimed by another delivery of this message", after=RECHECK_DELAY, counted=False)
        failpoints.reached("before-create")
        try:
            report = await self.provider.create(
                generation.version,
                inputs,
                webhook=self._webhook(job, slot),
                cancel_after=job.deadline_at - self.now(),
            )
        except OutcomeUnknown as error:
            raise disposition(error) from error
        except InvalidRequest as error:
            await self.jobs.apply(claim.job, CreationRefused(slot.number, slot.attempt, str(error)))
            await self.spending.settle({charge.id: Outcome(0)})
            return
        except ProviderError as error:
            await self.jobs.apply(claim.job, ClaimReleased(slot.number, slot.attempt))
            raise disposition(error) from error
        failpoints.reached("after-create")
        await self._record(claim.job, slot, report)

    async def _reserve(self, charge: Charge) -> CreationRefused | None:
        """Hold the money of an attempt; the refusal where a budget has no room. Raises Pause while spending stands."""
        refused = await self.spending.reserve(charge, self.settings.budgets)
        if refused is None:
            return None
        if refused.budget.name == "stopped":
            raise Pause(refused.text, cause="operator" if refused.paused else "spending")
        log.warning("over budget", job_id=charge.job_id, slot=charge.slot, **refused.budget._asdict())
        return CreationRefused(charge.slot, charge.attempt, refused.text, code="over_budget")

    async def _refuse(self, job: Job, planned: SlotsPlanned | None, refusal: CreationRefused) -> None:
        if planned is not None:
            job = (await self.jobs.apply(job, planned)).job
        await self.jobs.apply(job, refusal)

    async def _recover_lost(self, job: Job, slot: Slot) -> None:
        """Adopt the prediction of a claim without a response; if there is none, abandon it after the grace time."""
        found = await self._search(job, slot)
        if found is not None:
            await self._record(job, slot, found)
        else:
            await self.jobs.apply(job, CreationLost(slot.number, slot.attempt))

    async def _search(self, job: Job, slot: Slot) -> PredictionReport | None:
        """The prediction of a claimed slot among those the provider knows; None only after the grace time."""
        assert slot.claimed_at is not None
        assert job.generation is not None
        seed, prompt = slot_seed(job.seed, slot.number, slot.attempt), job.generation.input["prompt"]
        waited = self.now() - slot.claimed_at
        try:
            async for page in self.provider.recent(slot.claimed_at - CLOCK_MARGIN):
                found = find_prediction(page, seed, prompt, slot.count, self._webhook(job, slot))
                if found is not None:
                    return found
        except ProviderError as error:
            raise disposition(error) from error
        if waited < self.settings.adoption_grace:
            raise Retry(
                "the provider may still list the prediction", after=self.settings.adoption_grace - waited, counted=False
            )
        return None

    async def _record(self, job: Job, slot: Slot, report: PredictionReport) -> None:
        known = await self.jobs.apply(job, PredictionReported(slot.number, slot.attempt, report))
        if known.job.is_final and not report.is_final:  # cancelled during the request
            await self._cancel(report.id)

    async def read_update(self, job: Job, update: PredictionUpdated) -> None:
        """prediction.updated → the provider's report is interpreted and applied."""
        try:
            report = read_report(update.prediction)
        except UnreadablePrediction as error:  # the slot waits for the next report, or for the reconciler's poll
            log.warning("report without a prediction", slot=update.slot, attempt=update.attempt, reason=str(error))
            return
        await self.jobs.apply(job, PredictionReported(update.slot, update.attempt, report))

    async def cancel_predictions(self, job: Job, _: JobCanceled | JobFailed) -> None:
        """job.canceled, job.failed → predictions that still run are cancelled, unless a replay may need them."""
        if job.error is not None and job.error.replayable:
            return
        for slot in job.predictions:
            if slot.state == "running" and slot.provider_id is not None:
                await self._cancel(slot.provider_id)
        for slot in job.predictions:
            if slot.state == "submitting" and (found := await self._search(job, slot)) is not None:
                # the job is final and takes no report, so only here is it known what this prediction delivered
                delivered = delivered_by(await self._cancel(found.id) or found)
                if delivered is not None:
                    await self.spending.settle({reservation(job, slot, self.now()).id: delivered})

    async def _cancel(self, prediction_id: str) -> PredictionReport | None:
        """Cancel a prediction; what the provider then says of it, None when there is nothing left to cancel."""
        try:
            return await self.provider.cancel(prediction_id)
        except (NotFound, InvalidRequest):
            log.info("nothing left to cancel", prediction_id=prediction_id)
            return None
        except ProviderError as error:
            raise disposition(error) from error

    async def _input(self, job: Job, generation: GenerationRequest, slot: Slot) -> dict[str, Any]:
        assert job.plan is not None
        stored = job.plan.directions[slot.direction].stencil
        stencil = await self.objects.get(stored.key)
        image = f"data:{stored.media_type};base64,{base64.b64encode(stencil).decode()}"
        seed = slot_seed(job.seed, slot.number, slot.attempt)
        return slot_input(MODELS[generation.model], generation.input, image, seed, slot.count)

    def _webhook(self, job: Job, slot: Slot) -> str | None:
        if self.settings.public_base_url is None:
            return None
        secret = self.settings.replicate_webhook_secret.get_secret_value()
        return webhook_url(self.settings.public_base_url, job.id, slot.number, slot.attempt, secret)
