"""One replica works, and another takes its place when it has stopped; holding on costs few writes."""

from datetime import UTC, datetime, timedelta

from studio_chassis.testing.store import SimulatedJobStore
from studio_reconciler.lease import LEASE, RENEWED_AFTER, Lease

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Store(SimulatedJobStore):
    """Counts how often the lease is asked for."""

    asked = 0

    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        self.asked += 1
        return await super().take_lease(name, holder, now, until)


async def test_one_holds_the_lease_and_asks_seldom_until_it_stops() -> None:
    clock, store = [NOW], Store()
    first, second = (Lease(store, holder, lambda: clock[0]) for holder in ("first", "second"))
    for _ in range(60):
        assert await first.is_held()
        clock[0] += timedelta(seconds=1)
    assert store.asked == 60 / RENEWED_AFTER.total_seconds()
    assert not await second.is_held()
    clock[0] += LEASE
    assert await second.is_held()
    assert not await first.is_held()


async def test_who_relies_on_the_lease_still_holds_it() -> None:
    clock, store = [NOW], Store()
    first, second = (Lease(store, holder, lambda: clock[0]) for holder in ("first", "second"))
    assert await first.is_held()
    clock[0] += RENEWED_AFTER - timedelta(milliseconds=1)
    assert await first.is_held()
    assert not await second.is_held()
