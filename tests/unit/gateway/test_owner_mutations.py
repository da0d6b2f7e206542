"""Proof that a query without an owner does not go unnoticed: each check is taken out, and a sweep must fail.

The sweeps are those of `test_access.py`: every route that names a job, lists, idempotency keys, painting from a job.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from studio_chassis.persistence.job_service import Applied
from studio_chassis.persistence.listing import Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.store import IdempotencyRecord
from studio_contracts.job import Job, Status
from studio_domain.domain_events import CancelRequested
from studio_gateway.access.owned_jobs import OwnedJobs
from studio_gateway.dependencies import Dependencies
from studio_support.gateway_in_memory import GatewayInMemory, open_gateway

from . import test_access as access

Sweep = Callable[[GatewayInMemory], Awaitable[None]]
Mutation = tuple[str, Callable[..., Any], Sweep]
LISTS = access.test_a_list_holds_the_owner_s_jobs_alone_whichever_of_its_keys_asks
ROUTES = access.test_another_owner_s_job_is_answered_on_every_route_as_one_that_does_not_exist


async def _anybody_s(self: OwnedJobs, job_id: str) -> Job:
    return await self._jobs.load(job_id)


async def _cancel(self: OwnedJobs, job_id: str) -> Applied:
    return await self._jobs.apply(job_id, CancelRequested(), wait_for_publish=False)


async def _list(self: OwnedJobs, limit: int, wanted: JobFilter, after: Cursor | None, _: Order) -> tuple[Job, ...]:
    return await self._store.recent(limit, wanted, after)


async def _count(self: OwnedJobs, wanted: JobFilter) -> dict[Status, int]:
    return dict(Counter(job.status for job in await self._store.recent(100, wanted)))


async def _projects(self: OwnedJobs) -> tuple[ProjectCount, ...]:
    jobs = await self._store.recent(100)
    return tuple(ProjectCount(job.project, 1, job.created_at) for job in jobs if job.project)


async def _claim(self: OwnedJobs, claim: IdempotencyRecord) -> IdempotencyRecord:
    return await self._store.claim(claim)


async def _version(self: OwnedJobs, job_id: str) -> int | None:
    found = await self._version(job_id)
    return None if found is None else found.version


MUTATIONS: dict[str, Mutation] = {
    "any job is read": ("load", _anybody_s, ROUTES),
    "any job is cancelled": ("cancel", _cancel, ROUTES),
    "the version of any job is given": ("version_of", _version, ROUTES),
    "any job is changed": ("load_own", _anybody_s, ROUTES),
    "any job is painted from": ("load_own", _anybody_s, access.test_another_owner_s_directions_are_not_painted),
    "all jobs are listed": ("recent", _list, LISTS),
    "all jobs are counted": ("count", _count, LISTS),
    "all projects are listed": ("projects", _projects, LISTS),
    "idempotency keys are everybody's": (
        "claim", _claim, access.test_an_idempotency_key_that_another_owner_guesses_gives_its_own_job,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_query_without_an_owner_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method, without_owner, sweep = MUTATIONS[name]
    async with open_gateway(GatewayInMemory(access="keys")) as gateway:
        await sweep(gateway)
    monkeypatch.setattr(OwnedJobs, method, without_owner)
    async with open_gateway(GatewayInMemory(access="keys")) as gateway:
        with pytest.raises((AssertionError, KeyError)):
            await sweep(gateway)


def test_a_route_gets_no_object_that_has_the_jobs_of_all_owners() -> None:
    """What routes work with has jobs of a caller only: neither the store of jobs nor the job service."""
    public = {name for name in dir(Dependencies) if not name.startswith("_")} | set(Dependencies.__annotations__)
    assert "store" not in public
    assert Dependencies.__annotations__["jobs"].__name__ == "JobAccess"
    reachable = {name for name in dir(Dependencies.__annotations__["jobs"]) if not name.startswith("_")}
    assert reachable == {"of", "record_webhook", "awaiting"}
