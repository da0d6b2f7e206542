"""Removing what was kept long enough: pictures first, then the job, so that a crash in between leaves a job to find."""

from datetime import datetime

import structlog

from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.persistence.store import JobStore
from studio_contracts.object_keys import job_prefix

log = structlog.get_logger()


async def remove_expired(store: JobStore, objects: ObjectStore, now: datetime) -> None:
    """Remove every final job whose `expires_at` has come, and all its pictures. Safe to repeat. Raises Unavailable."""
    async for job in store.expired(now):
        await objects.delete_under(job_prefix(job.id))
        await store.remove(job)
        log.info("expired", job_id=job.id, status=job.status)
