"""The only way from a route to jobs: what belongs to others is not there.

A route cannot reach the store, nor `JobService`: `JobAccess` holds them, and gives them out with a caller only. The one
exception is a webhook, which names an attempt that its token or signature vouches for.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from studio_chassis.errors import JobNotFound
from studio_chassis.observability import metrics
from studio_chassis.persistence.job_service import Applied, JobService
from studio_chassis.persistence.listing import Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.store import AttemptRef, IdempotencyRecord, JobStore, JobVersion
from studio_chassis.runtime.combined import Combined
from studio_contracts.access import SharedPart, ShareLink
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job, Limits, Status
from studio_domain.domain_events import CancelRequested, DeletionRequested, DetailsChanged, WebhookReceived
from studio_gateway.access.audit import AuditTrail
from studio_gateway.access.caller import Caller
from studio_gateway.access.job_subscriptions import JobSubscriptions
from studio_gateway.access.shared_job import as_shown
from studio_gateway.http.problems import ProblemError


class JobAccess:
    """Everybody's jobs, given out one caller at a time."""

    def __init__(self, jobs: JobService, store: JobStore, subscriptions: JobSubscriptions, audit: AuditTrail) -> None:
        self._jobs = jobs
        self._store = store
        self.subscriptions = subscriptions
        self._audit = audit
        self._version = Combined(self._stored_versions)

    def of(self, caller: Caller) -> "OwnedJobs":
        """The jobs that the caller may see."""
        return OwnedJobs(caller, self._jobs, self._store, self.subscriptions, self._version, self._audit)

    async def _stored_versions(self, job_ids: Sequence[str]) -> list[JobVersion | None]:
        found = await self._store.versions(frozenset(job_ids))
        return [found.get(job_id) for job_id in job_ids]

    async def record_webhook(self, address: AttemptRef, prediction: dict[str, Any]) -> Applied:
        """Record the provider's report on an attempt. Raises JobNotFound, Unavailable."""
        event = WebhookReceived(address.slot, address.attempt, prediction)
        return await self._jobs.apply(address.job_id, event, wait_for_publish=False)

    async def awaiting(self, provider_id: str) -> AttemptRef | None:
        """The attempt for which the provider makes that prediction."""
        return await self._store.awaiting(provider_id)


class OwnedJobs:
    """The jobs of one caller's owner. Another owner's job raises JobNotFound, as one that does not exist."""

    def __init__(
        self,
        caller: Caller,
        jobs: JobService,
        store: JobStore,
        subscriptions: JobSubscriptions,
        version: Combined[str, JobVersion | None],
        audit: AuditTrail,
    ) -> None:
        self.caller = caller
        self._jobs = jobs
        self._store = store
        self._subscriptions = subscriptions
        self._version = version
        self._audit = audit

    async def accept(
        self,
        brief: Brief,
        *,
        job_id: str,
        seed: int,
        traceparent: str,
        limits: Limits,
        callback: Callback | None = None,
        metadata: Mapping[str, str] | None = None,
        name: str = "",
        project: str = "",
    ) -> Job:
        """Store a new job of this owner. Raises JobExists, Unavailable."""
        job = await self._jobs.accept(
            brief,
            job_id=job_id,
            seed=seed,
            traceparent=traceparent,
            limits=limits,
            owner=self.caller.owner,
            key_id=self.caller.key_id,
            callback=callback,
            metadata=metadata,
            name=name,
            project=project,
        )
        await self._audit.record(self.caller, "job.created", job.id, f"{brief.kind}, count {brief.count}")
        return job

    async def load(self, job_id: str, *needed: SharedPart) -> Job:
        """The job as it stands, to be read: the owner's, or what a link shows of it.

        Raises JobNotFound, UnreadableJob, Unavailable, and ProblemError where the link leaves out what is needed.
        """
        job = await self._jobs.load(job_id)
        if job.deleted_at is not None or not self._shows(job_id, job.owner):
            raise JobNotFound(job_id)
        link = self.link_to(job)
        if link is not None and not link.shows_all(needed):
            detail = "This link does not show that. Ask who made it for another one."
            raise ProblemError(403, "not-shown", "Not shown", detail)
        return as_shown(job, link)

    def link_to(self, job: Job) -> ShareLink | None:
        """The link by which the caller reads the job, None where it is the owner's own."""
        return None if job.owner == self.caller.owner else self.caller.link

    async def load_own(self, job_id: str) -> Job:
        """As `load`, for what a link does not allow: to change the job, or to make something of it."""
        job = await self._jobs.load(job_id)
        if job.deleted_at is not None or job.owner != self.caller.owner:
            raise JobNotFound(job_id)
        return job

    def _shows(self, job_id: str, owner: str) -> bool:
        return owner == self.caller.owner or (self.caller.link is not None and job_id == self.caller.link.job_id)

    async def recent(self, limit: int, wanted: JobFilter, after: Cursor | None, order: Order) -> tuple[Job, ...]:
        """This owner's jobs that match. Raises ProblemError for anonymous callers, who share one owner."""
        self._refuse_anonymous()
        return await self._store.recent_of(self.caller.owner, limit, wanted, after, order)

    async def count(self, wanted: JobFilter) -> dict[Status, int]:
        """How many of this owner's jobs match, by status. Raises ProblemError for anonymous callers."""
        self._refuse_anonymous()
        return await self._store.count_of(self.caller.owner, wanted)

    async def projects(self) -> tuple[ProjectCount, ...]:
        """This owner's projects, by name. Raises ProblemError for anonymous callers."""
        self._refuse_anonymous()
        return await self._store.projects_of(self.caller.owner)

    def _refuse_anonymous(self) -> None:
        if self.caller.via == "anonymous":
            raise ProblemError(403, "forbidden", "Not allowed", "A list of jobs needs an API key.")

    async def version_of(self, job_id: str) -> int | None:
        """The job's version, None when there is no such job. Raises Unavailable."""
        found = await self._version(job_id)
        if found is None or found.is_deleted or not self._shows(job_id, found.owner):
            return None
        return found.version

    async def refuse_too_many_open(self, at_most: int) -> None:
        """Raises ProblemError (429) when this owner has `limit` unfinished jobs. A studio without keys has no limit."""
        if self.caller.via == "local" or await self._store.open_jobs(self.caller.owner, at_most) < at_most:
            return
        metrics.rate_limited.labels("open jobs").inc()
        detail = f"{at_most} jobs are under way, as many as may be at a time. Wait until one of them has ended."
        raise ProblemError(429, "too-many-open", "Too many jobs under way", detail, retry_after=10)

    async def cancel(self, job_id: str) -> Applied:
        """Cancel the job. Raises JobNotFound, JobConflict, Unavailable."""
        job = await self.load_own(job_id)
        applied = await self._jobs.apply(job, CancelRequested(), wait_for_publish=False)
        if applied.changed:
            await self._audit.record(self.caller, "job.canceled", job_id)
        return applied

    async def change_details(self, job_id: str, change: DetailsChanged) -> Job:
        """Write what the owner notes on the job. Raises JobNotFound, JobConflict, Unavailable."""
        job = await self.load_own(job_id)
        return (await self._jobs.apply(job, change, wait_for_publish=False)).job

    async def delete(self, job_id: str) -> None:
        """Hide a job that has ended, and have it removed. Raises JobNotFound, JobConflict, Unavailable."""
        job = await self.load_own(job_id)
        if (await self._jobs.apply(job, DeletionRequested(), wait_for_publish=False)).changed:
            await self._audit.record(self.caller, "job.deleted", job_id)

    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        """Keep the claim of an idempotency key for this owner. The claim that stands."""
        return await self._store.claim(claim._replace(owner=self.caller.owner))

    async def follow(self, job: Job) -> AsyncGenerator[Job | None, None]:
        """The job that was loaded, and again after each change; None for every heartbeat. Raises as `load`.

        All who follow a job share what is read of it, so that must be the whole job.
        """
        link = self.link_to(job)
        whole = job if link is None else await self._jobs.load(job.id)
        async with aclosing(self._subscriptions.follow(whole)) as changes:
            async for now in changes:
                yield None if now is None else as_shown(now, link)
