"""Replicas divide the jobs, and take over the share of one that has stopped; holding on costs few writes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_chassis.persistence.id_range import EVERY_ID, IdRange, id_part
from studio_chassis.testing.store import SimulatedJobStore
from studio_reconciler.lease import LEASE, RENEWED_AFTER, Lease

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Store(SimulatedJobStore):
    """Counts how often a lease is renewed."""

    renewed = 0

    async def renew_lease(self, name: str, holder: str, now: datetime, until: datetime) -> tuple[str, ...]:
        self.renewed += 1
        return await super().renew_lease(name, holder, now, until)


@given(st.one_of(st.uuids(version=4).map(str), st.text()), st.integers(1, 40))
def test_each_job_is_of_one_part(job_id: str, parts: int) -> None:
    assert sum(job_id in id_part(number, parts) for number in range(parts)) == 1


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_parts_have_as_many_jobs_each(parts: int) -> None:
    steps = 7 * 1200
    ids = [str(UUID(int=number * 2**128 // steps)) for number in range(steps)]
    counts = [sum(job_id in id_part(number, parts) for job_id in ids) for number in range(parts)]
    assert max(counts) - min(counts) <= 1


async def test_one_alone_looks_after_all_jobs_and_asks_seldom() -> None:
    clock, store = [NOW], Store()
    lease = Lease(store, "only", lambda: clock[0])
    for _ in range(60):
        assert await lease.share() == EVERY_ID
        assert await lease.is_first()
        clock[0] += timedelta(seconds=1)
    assert store.renewed == 60 / RENEWED_AFTER.total_seconds()


async def test_all_jobs_are_divided_and_those_of_one_that_stopped_are_taken_over() -> None:
    clock, store = [NOW], Store()
    first, second = (Lease(store, holder, lambda: clock[0]) for holder in ("first", "second"))
    assert await first.share() == EVERY_ID
    assert await second.share() == IdRange("80000000", None)
    clock[0] += RENEWED_AFTER
    assert (await first.share(), await second.share()) == (IdRange("", "80000000"), IdRange("80000000", None))
    assert (await first.is_first(), await second.is_first()) == (True, False)
    clock[0] += LEASE + timedelta(seconds=1)
    assert await second.share() == EVERY_ID
    assert await second.is_first()
