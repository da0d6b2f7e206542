"""Removing what was kept long enough: pictures first, then the job, so that a crash in between leaves a job to find."""

from datetime import datetime

import structlog

from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.persistence.store import JobRepository
from studio_contracts.job import Job
from studio_contracts.object_keys import job_prefix
from studio_reconciler.rounds import for_each

log = structlog.get_logger()


async def remove_expired(store: JobRepository, objects: ObjectStore, now: datetime, ids: IdRange = EVERY_ID) -> None:
    """Remove every final job whose `expires_at` has come, and all its pictures. Safe to repeat. Raises Unavailable.

    A job whose pictures cannot be removed stays for the next time, and the others go. So does one whose client is still
    to be called, which only a deleted job can be: calls end within a day.
    """

    async def remove(job: Job) -> None:
        if job.callback is not None and any(call.state == "open" for call in job.callback.calls):
            return
        await objects.delete_under(job_prefix(job.id))
        await store.remove(job)
        log.info("expired", job_id=job.id, status=job.status)

    await for_each(store.expired(now, ids), remove)
