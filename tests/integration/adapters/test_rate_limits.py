"""Token buckets and counts of open jobs, simulated and real."""

import asyncio
from datetime import UTC, datetime

from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.store import JobStore
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.brief import Brief
from studio_contracts.job import Limits
from studio_domain.domain_events import CancelRequested
from studio_domain.rate_limit import Rate

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SLOW = Rate("create", per_minute=0.001, burst=5)


async def test_a_bucket_gives_no_more_than_it_holds_to_concurrent_clients(store: JobStore) -> None:
    grants = await asyncio.gather(*(store.take_tokens("create/ada", SLOW, 1, NOW) for _ in range(20)))
    assert sum(grant.granted for grant in grants) == 5
    assert (await store.take_tokens("create/bob", SLOW, 1, NOW)).granted


async def test_tokens_are_taken_together_or_not_at_all(store: JobStore) -> None:
    assert not (await store.take_tokens("a", SLOW, 6, NOW)).granted
    grant = await store.take_tokens("a", SLOW, 4, NOW)
    assert (grant.granted, round(grant.left)) == (True, 1)


async def test_an_owner_s_open_jobs_are_counted_up_to_a_limit(store: JobStore) -> None:
    async def publish(_: object) -> None:
        return

    jobs = JobService(store, publish, lambda: NOW, "test")
    for number, owner in enumerate(("ada", "ada", "ada", "bob", LOCAL_OWNER)):
        await jobs.accept(
            Brief(prompt="x"), job_id=f"j{number}", seed=1, traceparent="00-1", limits=Limits(), owner=owner
        )
    await jobs.apply("j0", CancelRequested())
    assert [await store.open_jobs(owner, 10) for owner in ("ada", "bob", LOCAL_OWNER, "eve")] == [2, 1, 1, 0]
    assert await store.open_jobs("ada", 1) == 1
