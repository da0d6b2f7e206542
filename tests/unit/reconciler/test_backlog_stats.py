"""What the reconciler's gauges say."""

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.job import Limits
from studio_domain.lifecycle import accept
from studio_reconciler.stats import measure_backlog, measure_indexes, measure_volumes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_the_gauges_show_what_is_under_way_and_what_is_wrong() -> None:
    database = SimulatedDatabase()
    store = SimulatedJobStore(database)
    for minutes in (1, 5):
        now = NOW - timedelta(minutes=minutes)
        first = accept(
            Brief(prompt="a pond"), job_id=f"j{minutes}", seed=1, traceparent="", limits=Limits(), now=now, by="test"
        )
        await store.insert(first)
    await store.clear_outboxes({"j5": [event.id for event in database.outboxes["j5"]]})
    broken = database.jobs["j1"].model_copy(update={"finished_at": NOW})
    database.jobs["j1"] = broken
    with capture_logs() as logs:
        await measure_backlog(store, NOW)
    assert gauge("studio_jobs", status="pending") == 2
    assert gauge("studio_jobs", status="running") == 0
    assert gauge("studio_oldest_unfinished_seconds", status="pending") == 300
    assert gauge("studio_outbox_oldest_seconds") == 60
    assert gauge("studio_invariant_violations", invariant="final_is_complete") == 1
    assert gauge("studio_invariant_violations", invariant="ranked_in_order") == 0
    (line,) = logs
    assert (line["invariant"], list(line["jobs"])) == ("final_is_complete", ["j1"])
    assert "ended, but in no final state" in line["jobs"]["j1"]


async def test_a_job_from_the_future_has_no_negative_age() -> None:
    store = SimulatedJobStore(SimulatedDatabase())
    ahead = NOW + timedelta(minutes=10)
    first = accept(Brief(prompt="a pond"), job_id="j", seed=1, traceparent="", limits=Limits(), now=ahead, by="test")
    await store.insert(first)
    await measure_backlog(store, NOW)
    assert gauge("studio_oldest_unfinished_seconds", status="pending") == 0
    assert gauge("studio_outbox_oldest_seconds") == 0
    assert gauge("studio_future_jobs") == 1
    await measure_backlog(store, ahead)
    assert gauge("studio_future_jobs") == 0


class _Volume(SimulatedObjectStore):
    async def used_ratio(self) -> float | None:
        return 0.75


async def test_a_volume_that_does_not_say_how_full_it_is_has_no_gauge() -> None:
    await measure_volumes(SimulatedJobStore(), _Volume())
    assert gauge("studio_volume_used_ratio", of="object store") == 0.75
    assert gauge("studio_volume_used_ratio", of="database") is None


async def test_an_index_that_is_dropped_later_shows_until_it_is_back() -> None:
    database = SimulatedDatabase()
    store = SimulatedJobStore(database)
    database.index_problems = ("jobs.overdue is missing",)
    await measure_indexes(store)
    assert gauge("studio_index_problems") == 1
    database.index_problems = ()
    await measure_indexes(store)
    assert gauge("studio_index_problems") == 0
