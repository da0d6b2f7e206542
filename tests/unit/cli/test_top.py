"""What `top` counts: money of the last minute, and messages that hang."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_cli.top import _fewest_consumers, _stages, cents_committed, in_flight
from studio_contracts.brief import Brief
from studio_contracts.job import Limits, TimelineEntry
from studio_domain.lifecycle import accept
from studio_support.job_shapes import SHAPES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_money_of_the_last_minute_is_that_of_predictions_that_were_started_in_it() -> None:
    job = SHAPES["running"]
    assert job.generation is not None
    started = [
        TimelineEntry(at=NOW - timedelta(seconds=age), event="prediction.started", service="test", slot=0)
        for age in (300, 20)
    ]
    spent = cents_committed([job.model_copy(update={"timeline": tuple(started)})], NOW)
    assert spent == job.predictions[0].count * job.generation.cents_per_picture


@pytest.mark.parametrize(
    ("found", "shown"),
    [([(3, 2)], 2), ([(0, 0)], 0), ([(5, 2), (1, 0)], 0), ([(5, 2), (0, 0)], 2), ([(0, 1), (0, 0)], 1)],
)
def test_of_the_partitions_with_messages_the_one_with_fewest_consumers_is_shown(
    found: list[tuple[int, int]], shown: int
) -> None:
    assert _fewest_consumers(found) == shown


async def test_unfinished_jobs_are_counted_by_age() -> None:
    store = SimulatedJobStore(SimulatedDatabase())
    for minutes in (0, 2, 10, 60):
        now = NOW - timedelta(minutes=minutes, seconds=1)
        brief = Brief(prompt="a pond")
        limits = Limits()
        await store.insert(
            accept(brief, job_id=f"j{minutes}", seed=1, traceparent="", limits=limits, now=now, by="test")
        )
    (stage,) = await _stages(store, NOW)
    assert (stage.jobs, stage.by_age) == (4, (3, 2, 1))


async def test_the_message_that_hangs_longest_is_shown_also_where_a_service_does_not_answer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "down":
            raise httpx.ConnectError("refused")
        seconds = {"one": 5, "two": 400}[request.url.host]
        text = f'# TYPE x gauge\nstudio_oldest_in_flight_seconds{{queue="stencil.job-created"}} {seconds}.5\n'
        return httpx.Response(200, text=text)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        found = await in_flight(["http://one", "http://down", "http://two"], http)
    assert found == {"stencil.job-created": 400.5}
