"""A repeated POST with the same key gives the same job, whatever happened to the first.

The key is claimed, with the id the job will have, before the job is stored. So a retry after a crash at any point finds
the id and finishes the work; two concurrent retries meet at the store, which accepts each id once.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from studio_chassis.persistence.store import IdempotencyRecord
from studio_chassis.runtime.clock import Clock
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Job
from studio_domain.lifecycle import accept
from studio_gateway.access.owned_jobs import OwnedJobs
from studio_gateway.http.problems import ProblemError

IN_FLIGHT = timedelta(seconds=15)
"""Longer than storing a job can take: after this, a claim without a job was left by a crash."""


def fingerprint_of(
    brief: Brief, callback: Callback | None, metadata: Mapping[str, str], name: str = "", project: str = ""
) -> str:
    """A hash of the request. For a brief alone it is that of earlier releases."""
    unused: dict[str, Any] = {"picture": True} if brief.picture is None else {}
    if brief.surface.outline is None:
        unused["surface"] = {"outline"}
    parts = [brief.model_dump_json(exclude=unused)]
    if callback is not None:
        parts.append(callback.model_dump_json())
    if metadata:
        parts.append(json.dumps(dict(metadata), sort_keys=True))
    if name or project:
        parts.append(json.dumps([name, project]))
    return hashlib.sha256("".join(parts).encode()).hexdigest()


class ClaimedJob(NamedTuple):
    """The job that answers a key, and whether it is known to be stored."""

    id: str
    is_stored: bool


async def claim_job(jobs: OwnedJobs, clock: Clock, key: str, fingerprint: str) -> ClaimedJob:
    """The job that answers this key. Raises ProblemError."""
    ours = IdempotencyRecord(key, fingerprint, str(uuid4()), clock())
    standing = await jobs.claim(ours)
    if standing.fingerprint != fingerprint:
        detail = "This key was used with another brief within the last day. Use a new key for a new brief."
        raise ProblemError(422, "key-reused", "Idempotency key used before", detail, field="idempotency-key")
    is_young = ours.claimed_at - standing.claimed_at < IN_FLIGHT
    if standing.job_id != ours.job_id:
        if await jobs.version_of(standing.job_id) is not None:
            return ClaimedJob(standing.job_id, is_stored=True)
        if is_young:
            detail = "The first request with this key is still in progress."
            raise ProblemError(409, "in-flight", "Still in progress", detail, retry_after=1)
    return ClaimedJob(standing.job_id, is_stored=False)


def as_accepted(job: Job, by: str) -> Job:
    """The job as it was when it was accepted, to answer a repeated request as the first was."""
    return accept(
        job.brief,
        job_id=job.id,
        seed=job.seed,
        traceparent=job.traceparent,
        limits=job.limits,
        now=job.created_at,
        by=by,
        callback=None if job.callback is None else job.callback.model_copy(update={"calls": ()}),
        metadata=job.metadata,
        name=job.name,
        project=job.project,
    ).job
