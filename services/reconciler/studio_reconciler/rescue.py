"""Rescuing what is stuck: ask the provider about what runs there, publish the outstanding messages again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from studio_chassis.observability import metrics
from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.store import JobRepository
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import ProviderError, ResponseTooLarge
from studio_chassis.runtime import failpoints
from studio_contracts.job import Job
from studio_contracts.slot import Slot
from studio_domain.domain_events import (
    CallbackOverdue,
    DeadlinePassed,
    PredictionReported,
    RescueRequested,
    WebhookReceived,
)
from studio_domain.lifecycle import rescue_backoff
from studio_domain.prediction import PredictionReport, PredictionStatus, read_prediction, slim_prediction
from studio_reconciler.rounds import for_each

CALL_OVERDUE = timedelta(minutes=15)
"""Longer than a message waits in the broker at a time, so that one whose call is due later is not taken for lost."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Rescuer:
    """Looks after jobs without transitions, oldest first. A job that it has handled moves to the end of the order."""

    jobs: JobService
    store: JobRepository
    provider: ReplicateClient
    now: Callable[[], datetime]

    async def rescue_stuck(self, stuck_after: timedelta, ids: IdRange = EVERY_ID) -> None:
        """One round over every job that has not moved for `stuck_after`, or longer after rescues without effect."""
        now = self.now()
        stuck = (
            job
            async for job in self.store.unfinished(now - stuck_after, ids)
            if now - job.updated_at >= rescue_backoff(job, stuck_after)
        )
        await for_each(stuck, partial(self._rescue, stuck_after))

    async def end_overdue(self, ids: IdRange = EVERY_ID) -> None:
        """Fail every job whose time is over, also one that still moves."""
        await for_each(self.store.overdue(self.now(), ids), self._end)

    async def poll_running(self, ids: IdRange = EVERY_ID) -> None:
        """Ask about every prediction that runs: the way to live without webhooks."""
        await for_each(self.store.unfinished(self.now(), ids), self._ask_provider)

    async def request_overdue_calls(self, ids: IdRange = EVERY_ID) -> None:
        """Request calls to clients again whose messages were lost, as by a broker that lost its disk."""
        await for_each(self.store.with_calls("open", self.now() - CALL_OVERDUE, ids), self._request_calls)

    async def _request_calls(self, job: Job) -> None:
        if (await self.jobs.apply(job, CallbackOverdue(CALL_OVERDUE))).changed:
            metrics.rescued.labels("call requested").inc()

    async def _rescue(self, stuck_after: timedelta, job: Job) -> None:
        log.info("rescuing", job_id=job.id, status=job.status, stage=job.stage, idle_since=job.updated_at.isoformat())
        rescued = await self.jobs.apply(job, RescueRequested(stuck_after))
        if not rescued.changed:  # it has moved since
            return
        metrics.rescued.labels("republished").inc()
        failpoints.reached("after-rescue")
        await self._ask_provider(rescued.job)

    async def _end(self, job: Job) -> None:
        await self.jobs.apply(job, DeadlinePassed())
        metrics.rescued.labels("timed out").inc()

    async def _ask_provider(self, job: Job) -> None:
        for slot in job.predictions:
            if slot.state == "running" and slot.provider_id is not None:
                await self._ask_about(job, slot, slot.provider_id)

    async def _ask_about(self, job: Job, slot: Slot, prediction_id: str) -> None:
        try:
            body = await self.provider.read(prediction_id)
        except ResponseTooLarge as error:  # it will not be smaller next time, and the webhook was too large as well
            report = PredictionReport(id=prediction_id, status=PredictionStatus.FAILED, error=str(error))
            await self.jobs.apply(job, PredictionReported(slot.number, slot.attempt, report))
            return
        except ProviderError as error:
            log.warning("no answer from the provider", job_id=job.id, prediction_id=prediction_id, reason=str(error))
            return
        if read_prediction(body).is_final:
            await self.jobs.apply(job, WebhookReceived(slot.number, slot.attempt, slim_prediction(body)))
            metrics.rescued.labels("polled").inc()
