"""The predictor's handlers: money is reserved, slots claimed, their predictions requested, and then recorded.

The claim before the request prevents a second payment, the reservation before the claim a payment beyond the budgets.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

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
from studio_contracts.slot import Slot
from studio_domain.domain_events import (
    ClaimReleased,
    CreationLost,
    CreationRefused,
    DomainEvent,
    PredictionReported,
    SlotClaimed,
    SlotsPlanned,
)
from studio_domain.lifecycle import FIRST_ATTEMPT, first_slots
from studio_domain.prediction import PredictionReport, UnreadablePrediction
from studio_domain.spending import Outcome, delivered_by, reservation
from studio_predictor.disposition import RECHECK_DELAY, all_done, disposition
from studio_predictor.planning import Purchase, plan_slots, purchase
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
    backlog: Callable[[int], Awaitable[int]]
    """How many finished predictions wait for postprocess, asked by who may buy that many."""
    under_way: Callable[[str], Awaitable[int]]
    """How many slots of an owner are claimed and have no concepts yet."""

    async def begin_predictions(self, job: Job, _: StencilReady) -> None:
        """stencil.ready → the slots are planned and claimed by one write, and requested side by side."""
        if job.plan is None:
            return
        if job.predictions:  # it was delivered before
            first = [slot for slot in job.predictions if slot.attempt == FIRST_ATTEMPT]
            await all_done(self._go_on(job, slot) for slot in first)
            return
        planned = plan_slots(job, job.plan, self.settings)
        if planned.cents > job.limits.cents:  # which ends the job
            await self.jobs.apply(job, planned)
            return
        await self._request(job, first_slots(planned), planned)

    async def request_prediction(self, job: Job, request: PredictionRequested) -> None:
        """prediction.requested → the process that claims the slot makes the paid call; a lost response is recovered."""
        slot = job.slot(request.slot)
        if slot is not None and slot.attempt == request.attempt:
            await self._go_on(job, slot)

    async def _go_on(self, job: Job, slot: Slot) -> None:
        """With a slot that has no prediction yet, as far as is known here."""
        if slot.state == "submitting":
            await self._recover_lost(job, slot)
        elif slot.state == "waiting":
            await self._request(job, [slot])

    async def _request(self, job: Job, slots: Sequence[Slot], planned: SlotsPlanned | None = None) -> None:
        """Ask for the predictions of slots, unless it is better to wait. Raises Pause and Retry.

        With `planned`, these are all slots of the job, which are planned by the write that claims them.
        """
        await self._check_backpressure(len(slots))
        await self._check_fair_share(job)
        await self._create_predictions(job, slots, planned)

    async def _check_backpressure(self, wanted: int) -> None:
        """Raises Pause while so much waits for postprocess that a new prediction would miss its job's deadline."""
        waiting = await self.backlog(wanted)
        if waiting > self.settings.max_backlog:
            raise Pause(f"{waiting} finished predictions wait for postprocess", cause="backlog")

    async def _check_fair_share(self, job: Job) -> None:
        """Raises Retry while so much of the job's owner is under way that others would wait behind it.

        Two predictors that count at the same time may both go on, and the first predictions of a job are requested
        together: a share is exceeded by less than what they handle at once. A studio without keys has one owner.
        """
        if not job.key_id and job.owner == LOCAL_OWNER:
            return
        if await self.under_way(job.owner) >= self.settings.slots_per_owner:
            raise Retry("the owner has its share of predictions under way", after=RECHECK_DELAY, counted=False)

    async def _create_predictions(self, job: Job, slots: Sequence[Slot], planned: SlotsPlanned | None) -> None:
        """Reserve, claim, create, record. What is refused to one slot takes nothing from the others."""
        generation = job.generation if planned is None else planned.generation
        assert generation is not None
        wanted = await all_done(purchase(job, generation, slot, self.objects, self.now()) for slot in slots)
        reserved = await all_done(self._reserve(one) for one in wanted if isinstance(one, Purchase))
        failpoints.reached("after-reserve")
        bought = [one for one in reserved if isinstance(one, Purchase)]
        refused = [one for one in (*wanted, *reserved) if isinstance(one, CreationRefused)]
        claimed = await self._claim(job, [one.slot for one in bought], planned)
        failpoints.reached("before-create")
        await all_done(
            [
                *(self.jobs.apply(claimed, refusal) for refusal in refused),
                *(self._create_prediction(claimed, one) for one in bought),
            ]
        )

    async def _claim(self, job: Job, slots: Sequence[Slot], planned: SlotsPlanned | None) -> Job:
        """The job with these slots claimed. Raises Retry where another delivery of the message was faster."""
        if planned is not None:
            claim: DomainEvent = replace(planned, claims=frozenset(slot.number for slot in slots))
        elif slots:
            claim = SlotClaimed(slots[0].number, slots[0].attempt)
        else:
            return job
        applied = await self.jobs.apply(job, claim, wait_for_publish=False)
        if not applied.changed:
            raise Retry("claimed by another delivery of this message", after=RECHECK_DELAY, counted=False)
        return applied.job

    async def _create_prediction(self, job: Job, bought: Purchase) -> None:
        """Make the paid call for a claimed slot, and record what comes of it."""
        slot = bought.slot
        try:
            report = await self.provider.create(
                bought.version,
                bought.inputs,
                webhook=self._webhook(job, slot),
                webhook_events=("start", "completed") if self.settings.start_webhook else ("completed",),
                cancel_after=job.deadline_at - self.now(),
            )
        except OutcomeUnknown as error:
            raise disposition(error) from error
        except InvalidRequest as error:
            await self.jobs.apply(job, CreationRefused(slot.number, slot.attempt, str(error)))
            await self.spending.settle({bought.charge.id: Outcome(0)})
            return
        except ProviderError as error:
            await self.jobs.apply(job, ClaimReleased(slot.number, slot.attempt))
            raise disposition(error) from error
        failpoints.reached("after-create")
        await self._record(job, slot, report)

    async def _reserve(self, wanted: Purchase) -> Purchase | CreationRefused:
        """Hold the money of an attempt; the refusal where a budget has no room. Raises Pause while spending stands."""
        charge = wanted.charge
        refused = await self.spending.reserve(charge, self.settings.budgets)
        if refused is None:
            return wanted
        if refused.budget.name == "stopped":
            raise Pause(refused.text, cause="operator" if refused.paused else "spending")
        log.warning("over budget", job_id=charge.job_id, slot=charge.slot, **refused.budget._asdict())
        return CreationRefused(charge.slot, charge.attempt, refused.text, code="over_budget")

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

    def _webhook(self, job: Job, slot: Slot) -> str | None:
        if self.settings.public_base_url is None:
            return None
        secret = self.settings.replicate_webhook_secret.get_secret_value()
        return webhook_url(self.settings.public_base_url, job.id, slot.number, slot.attempt, secret)
