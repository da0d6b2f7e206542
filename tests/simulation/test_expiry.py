"""Expiry: files first, then the document; never of a job that runs; the same once or twice."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Limits
from studio_contracts.object_keys import stencil_key
from studio_domain.domain_events import CallbackAttempted, CancelRequested, DeletionRequested
from studio_domain.lifecycle import accept, transition
from studio_domain.lifecycle.details import DELETION_GRACE
from studio_reconciler.retention import remove_expired
from studio_reconciler.rounds import CONCURRENCY

T = TypeVar("T")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=31)


class StoresFixture:
    """A final and a running job, each with a picture."""

    def __init__(self) -> None:
        self.database = SimulatedDatabase()
        self.bucket = {
            stencil_key("final", 0): b"1",
            "jobs/final/concepts/0-0/original.png": b"2",
            stencil_key("open", 0): b"3",
        }
        self.bucket[stencil_key("final-2", 0)] = b"of another job"
        for job_id in ("final", "open"):
            accepted = accept(
                Brief(prompt="waves"), job_id=job_id, seed=1, traceparent="", limits=Limits(), now=NOW, by="test"
            )
            self.database.write(accepted)
        ended = transition(self.database.jobs["final"], CancelRequested(), now=NOW, by="test")
        assert ended is not None
        self.database.write(ended)
        self.fails_at: str | None = None

    async def wire(self, operation: str, effect: Callable[[], T]) -> T:
        if operation == self.fails_at:
            self.fails_at = None
            raise Unavailable(operation)
        return effect()

    async def sweep(self, now: datetime) -> None:
        await remove_expired(
            SimulatedJobStore(self.database, self.wire), SimulatedObjectStore(self.bucket, self.wire), now
        )


async def test_an_expired_job_leaves_with_its_pictures_and_no_others() -> None:
    stores = StoresFixture()
    await stores.sweep(LATER)
    await stores.sweep(LATER)
    assert list(stores.database.jobs) == ["open"]
    assert set(stores.bucket) == {stencil_key("open", 0), stencil_key("final-2", 0)}


async def test_a_deleted_job_is_removed_when_its_client_has_been_called() -> None:
    stores = StoresFixture()
    callback = Callback(url="https://client.example")
    accepted = accept(
        Brief(prompt="b"), job_id="b", seed=1, traceparent="", limits=Limits(), now=NOW, by="test", callback=callback
    )
    stores.database.write(accepted)
    for event in (CancelRequested(), DeletionRequested()):
        change = transition(stores.database.jobs["b"], event, now=NOW, by="test")
        assert change is not None
        stores.database.write(change)
    stores.bucket[stencil_key("b", 0)] = b"4"
    await stores.sweep(NOW + DELETION_GRACE)
    assert "b" in stores.database.jobs
    called = transition(stores.database.jobs["b"], CallbackAttempted(2), now=NOW, by="test")
    assert called is not None
    stores.database.write(called)
    await stores.sweep(NOW + DELETION_GRACE - timedelta(seconds=1))
    assert "b" in stores.database.jobs
    await stores.sweep(NOW + DELETION_GRACE)
    assert "b" not in stores.database.jobs
    assert stencil_key("b", 0) not in stores.bucket


async def test_a_job_whose_time_has_not_come_stays() -> None:
    stores = StoresFixture()
    await stores.sweep(NOW + timedelta(days=29))
    assert len(stores.database.jobs) == 2
    assert len(stores.bucket) == 4


@pytest.mark.parametrize("operation", ["store.find", "objects.delete", "store.remove"])
async def test_a_sweep_that_was_cut_short_is_finished_by_the_next(operation: str) -> None:
    stores = StoresFixture()
    stores.fails_at = operation
    with suppress(Unavailable):
        await stores.sweep(LATER)
    assert "final" in stores.database.jobs
    await stores.sweep(LATER)
    assert "final" not in stores.database.jobs
    assert stencil_key("final", 0) not in stores.bucket


async def test_pictures_that_cannot_be_removed_keep_their_own_job_alone() -> None:
    stores = StoresFixture()
    other = accept(Brief(prompt="b"), job_id="b", seed=1, traceparent="", limits=Limits(), now=NOW, by="test")
    stores.database.write(other)
    ended = transition(stores.database.jobs["b"], CancelRequested(), now=NOW + timedelta(seconds=1), by="test")
    assert ended is not None
    stores.database.write(ended)
    stores.fails_at = "objects.delete"
    await stores.sweep(LATER)
    assert set(stores.database.jobs) == {"final", "open"}


async def test_jobs_are_removed_side_by_side() -> None:
    """Over a network each takes some answers' time, and a million a day end 12 a second."""
    stores, under_way, most = StoresFixture(), 0, 0
    for number in range(4 * CONCURRENCY):
        accepted = accept(
            Brief(prompt="b"), job_id=f"{number}", seed=1, traceparent="", limits=Limits(), now=NOW, by="test"
        )
        stores.database.write(accepted)
        ended = transition(accepted.job, CancelRequested(), now=NOW, by="test")
        assert ended is not None
        stores.database.write(ended)

    async def slow(operation: str, effect: Callable[[], T]) -> T:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return effect()

    await remove_expired(SimulatedJobStore(stores.database, slow), SimulatedObjectStore(stores.bucket, slow), LATER)
    assert list(stores.database.jobs) == ["open"]
    assert most == CONCURRENCY
