"""Jobs to put into a store, and changes of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from studio_chassis.persistence.store import JobVersion
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.brief import Brief
from studio_contracts.job import Job, Limits
from studio_domain.domain_events import DomainEvent
from studio_domain.lifecycle import Transition, accept, transition

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def accepted(job_id: str = "a", now: datetime = NOW, owner: str = LOCAL_OWNER) -> Transition:
    """A new job, which is overdue after ten minutes and kept for a day."""
    limits, brief = Limits(deadline_seconds=600, retention_days=1), Brief(prompt="waves")
    return accept(brief, job_id=job_id, seed=1, traceparent="00-1", limits=limits, now=now, by="test", owner=owner)


def changed_by(job: Job, event: DomainEvent, now: datetime = NOW) -> Transition:
    """The change that the event makes; it must make one."""
    change = transition(job, event, now=now, by="test")
    assert change is not None
    return change


def version(number: int) -> JobVersion:
    """The version of a job that `accepted` made without an owner."""
    return JobVersion(number, LOCAL_OWNER)


async def ids_of(jobs: AsyncIterator[Job]) -> list[str]:
    """The ids in the order in which the jobs come."""
    return [job.id async for job in jobs]
