"""Rescuing what is stuck: ask the provider about what runs there, publish the outstanding messages again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from studio_chassis.errors import ChassisError
from studio_chassis.observability import metrics
from studio_chassis.observability.tracing import span
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

CONCURRENCY = 8
"""Jobs looked after side by side; the provider allows 3,000 questions a minute."""
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

    async def rescue_stuck(self, stuck_after: timedelta) -> None:
        """One round over every job that has not moved for `stuck_after`, or longer after rescues without effect."""
        now = self.now()
        stuck = (
            job
            async for job in self.store.unfinished(now - stuck_after)
            if now - job.updated_at >= rescue_backoff(job, stuck_after)
        )
        await self._each(stuck, partial(self._rescue, stuck_after))

    async def end_overdue(self) -> None:
        """Fail every job whose time is over, also one that still moves."""
        await self._each(self.store.overdue(self.now()), self._end)

    async def poll_running(self) -> None:
        """Ask about every prediction that runs: the way to live without webhooks."""
        await self._each(self.store.unfinished(self.now()), self._ask_provider)

    async def request_overdue_calls(self) -> None:
        """Request calls to clients again whose messages were lost, as by a broker that lost its disk."""
        await self._each(self.store.with_calls("open", self.now() - CALL_OVERDUE), self._request_calls)

    async def _request_calls(self, job: Job) -> None:
        if (await self.jobs.apply(job, CallbackOverdue(CALL_OVERDUE))).changed:
            metrics.rescued.labels("call requested").inc()

    async def _each(self, jobs: AsyncIterator[Job], look_after: Callable[[Job], Awaitable[None]]) -> None:
        places = asyncio.Semaphore(CONCURRENCY)

        async def one(job: Job) -> None:
            try:
                with span("look after", job.traceparent, job_id=job.id):
                    await look_after(job)
            except ChassisError as error:
                log.warning("skipped this round", job_id=job.id, reason=str(error))
            except Exception as error:
                log.error("cannot be looked after", job_id=job.id, reason=str(error), exc_info=error)
            finally:
                places.release()

        async with asyncio.TaskGroup() as group:
            async for job in jobs:
                await places.acquire()
                group.create_task(one(job))

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
