"""Each loop of a reconciler asks for the jobs of its own share, and one replica alone looks at dead letters."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from studio_chassis.persistence.id_range import IdRange
from studio_chassis.testing.store import SimulatedJobStore
from studio_reconciler import app
from studio_reconciler.app import Reconciler
from studio_reconciler.lease import Lease

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND_HALF = IdRange("80000000", None)


class _OneRoundDone(Exception):
    """Ends a loop where it would wait for its next round."""


async def reconcilers(monkeypatch: pytest.MonkeyPatch) -> tuple[Reconciler, Reconciler]:
    """Two that divide the jobs; all that they call is recorded."""
    monkeypatch.setattr(app, "asyncio", SimpleNamespace(sleep=AsyncMock(side_effect=_OneRoundDone)))
    store = SimulatedJobStore()
    leases = [Lease(store, holder, lambda: NOW) for holder in ("first", "second")]
    for name in ("first", "second"):
        await store.renew_lease("reconciler", name, NOW, NOW + timedelta(seconds=9))
    settings: Any = SimpleNamespace(relay_after=None, stuck_after=timedelta(1), poll_every=timedelta(1))
    chassis: Any = AsyncMock(clock=lambda: NOW)
    made = [Reconciler(chassis, AsyncMock(), settings, lease, AsyncMock(), AsyncMock()) for lease in leases]
    return made[0], made[1]


@pytest.mark.parametrize(
    ("loop", "calls"),
    [
        ("relay", ["chassis.jobs.outbox.relay"]),
        ("rescue", ["rescuer.end_overdue", "rescuer.rescue_stuck", "rescuer.request_overdue_calls"]),
        ("poll", ["rescuer.poll_running"]),
        ("settle", ["settlement.settle_held"]),
    ],
)
async def test_a_loop_keeps_to_its_share(loop: str, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = await reconcilers(monkeypatch)
    with pytest.raises(_OneRoundDone):
        await getattr(second, loop)()
    for path in calls:
        called: Any = second
        for name in path.split("."):
            called = getattr(called, name)
        assert called.await_args.args[-1] == SECOND_HALF


async def test_expiry_keeps_to_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = await reconcilers(monkeypatch)
    remove_expired = AsyncMock()
    monkeypatch.setattr(app, "remove_expired", remove_expired)
    with pytest.raises(_OneRoundDone):
        await second.expire()
    assert remove_expired.await_args is not None
    assert remove_expired.await_args.args[-1] == SECOND_HALF


async def test_the_first_alone_looks_at_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    both = await reconcilers(monkeypatch)
    for one in both:
        with pytest.raises(_OneRoundDone):
            await one.report_undelivered()
    reports: list[Any] = [one.undelivered.report for one in both]
    assert [report.await_count for report in reports] == [1, 0]
