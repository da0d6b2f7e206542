"""Held money is settled by what was delivered, also of jobs that ended before their predictions."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from studio_chassis.persistence.job_service import JobService
from studio_chassis.replicate.errors import NotFound, ProviderServerError
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.job import Limits
from studio_contracts.spending import Budgets, day_of
from studio_domain.domain_events import (
    CancelRequested,
    PredictionReported,
    SlotClaimed,
    SlotPlan,
    SlotsPlanned,
    StencilDrawn,
)
from studio_domain.prediction import PredictionReport
from studio_domain.spending import reservation
from studio_reconciler.settlement import GIVE_UP_AFTER, Settlement
from studio_reconciler.stats import measure_spending
from studio_support.job_fixtures import GENERATION
from studio_support.plans import make_plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BUDGETS = Budgets(day_cents=100, key_day_cents=50)


class Scenario:
    """A job of one slot of four pictures, whose money is held and whose prediction runs."""

    def __init__(self) -> None:
        self.now = NOW
        self.database = SimulatedDatabase()
        self.store = SimulatedJobStore(self.database)
        self.jobs = JobService(self.store, self._publish, lambda: self.now, "test")
        self.body: Any = {"id": "p", "status": "processing"}
        provider: Any = self
        self.settlement = Settlement(self.store, provider, lambda: self.now)

    async def open(self) -> "Scenario":
        await self.jobs.accept(
            Brief(prompt="x", count=4),
            job_id="j",
            seed=1,
            traceparent="00-1",
            limits=Limits(),
            owner="ada",
            key_id="k1",
        )
        await self.jobs.apply("j", StencilDrawn(make_plan("j"), 0.1))
        job = (await self.jobs.apply("j", SlotsPlanned(GENERATION, (SlotPlan(0, 4),)))).job
        assert await self.store.reserve(reservation(job, job.predictions[0], self.now), BUDGETS) is None
        await self.jobs.apply("j", SlotClaimed(0, 1))
        await self.report("processing")
        return self

    async def report(self, status: str, outputs: int = 0) -> None:
        links = tuple(f"https://replicate.delivery/{n}" for n in range(outputs))
        await self.jobs.apply("j", PredictionReported(0, 1, PredictionReport(id="p", status=status, outputs=links)))

    async def read(self, _: str) -> dict[str, Any]:
        """The provider's answer."""
        if isinstance(self.body, Exception):
            raise self.body
        return cast(dict[str, Any], self.body)

    async def settle(self) -> tuple[int, int, int]:
        """Held, spent and uncertain cents after a round of the reconciler a while later."""
        self.now += timedelta(minutes=1)
        await self.settlement.settle_held()
        (total,) = await self.store.spending(day_of(NOW), day_of(NOW), ["k1"])
        return total.held_cents, total.spent_cents, total.uncertain_cents

    async def _publish(self, _: Any) -> None:
        return


CENTS = GENERATION.cents_per_picture


async def test_money_is_held_while_the_prediction_runs_and_spent_for_what_came() -> None:
    scenario = await Scenario().open()
    assert await scenario.settle() == (4 * CENTS, 0, 0)
    await scenario.report("succeeded", outputs=3)
    assert await scenario.settle() == (0, 3 * CENTS, 0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": "p", "status": "processing"}, (4 * CENTS, 0, 0)),
        ({"id": "p", "status": "canceled"}, (0, 0, 0)),
        ({"id": "p", "status": "succeeded", "output": ["a", "b"]}, (0, 2 * CENTS, 0)),
        ({"id": "p", "status": "succeeded", "output": None}, (0, 0, 4 * CENTS)),
        (NotFound(404, "", ""), (0, 0, 4 * CENTS)),
        (ProviderServerError(502, "", ""), (4 * CENTS, 0, 0)),
    ],
)
async def test_of_a_job_that_was_cancelled_the_provider_is_asked(body: Any, expected: tuple[int, int, int]) -> None:
    scenario = await Scenario().open()
    await scenario.jobs.apply("j", CancelRequested())
    scenario.body = body
    assert await scenario.settle() == expected


async def test_an_unknown_outcome_stays_in_the_budget_as_uncertain() -> None:
    scenario = await Scenario().open()
    await scenario.jobs.apply("j", CancelRequested())
    scenario.now += GIVE_UP_AFTER
    assert await scenario.settle() == (0, 0, 4 * CENTS)


async def test_the_gauges_show_the_share_of_each_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = await Scenario().open()
    await measure_spending(scenario.store, BUDGETS, NOW)

    def gauge(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, labels)

    assert gauge("studio_budget_used_ratio", key="") == pytest.approx(4 * CENTS / 100)
    assert gauge("studio_budget_used_ratio", key="k1") == pytest.approx(4 * CENTS / 50)
    assert (gauge("studio_day_cents", state="held"), gauge("studio_spending_stopped")) == (4 * CENTS, 0)
    await scenario.store.stop_spending("")
    await measure_spending(scenario.store, BUDGETS, NOW + timedelta(days=1))
    assert (gauge("studio_budget_used_ratio", key="k1"), gauge("studio_spending_stopped")) == (None, 1)
    assert (gauge("studio_budget_used_ratio", key=""), gauge("studio_day_cents", state="held")) == (0, 0)
