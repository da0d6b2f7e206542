"""The first attempts of a job's slots: planned and claimed by one write, requested side by side, each for itself."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from studio_chassis.messaging.dispositions import Pause, Retry
from studio_chassis.persistence.job_service import JobService
from studio_chassis.replicate.errors import AccountBlocked, RateLimited
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event, StencilReady
from studio_contracts.job import Job, Limits
from studio_contracts.spending import Budgets
from studio_domain.domain_events import StencilDrawn
from studio_domain.lifecycle import Transition
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_predictor.disposition import all_done
from studio_predictor.handlers import Predictor
from studio_support.job_shapes import PLAN

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


class Provider:
    """Sells predictions, but for those of as many pictures as `refuses` names."""

    def __init__(self) -> None:
        self.refuses: dict[int, Exception] = {}
        self.sold: list[int] = []
        self.events: list[Sequence[str]] = []

    async def create(
        self, _: str, inputs: dict[str, Any], *, webhook_events: Sequence[str], **__: object
    ) -> PredictionReport:
        self.events.append(webhook_events)
        pictures = inputs["num_outputs"]
        if pictures in self.refuses:
            raise self.refuses[pictures]
        self.sold.append(pictures)
        return PredictionReport(id=f"p{len(self.sold)}", status=PredictionStatus.STARTING)


class Studio:
    """The predictor, and a job that is ready to be planned: three pictures of one direction and two of another."""

    def __init__(self, day_cents: int = 100, *, start_webhook: bool = False) -> None:
        self.provider = Provider()
        self.writes: list[list[str]] = []
        database = SimulatedDatabase()
        write = database.write

        def noted(change: Transition, published: Collection[str] = ()) -> None:
            self.writes.append([slot.state for slot in change.job.predictions])
            write(change, published)

        database.write = noted  # type: ignore[method-assign]
        store = SimulatedJobStore(database)
        self._jobs = JobService(store, self._publish, lambda: NOW, "predictor")
        budgets = Budgets(day_cents=day_cents, key_day_cents=100)
        settings: Any = SimpleNamespace(
            max_backlog=10,
            public_base_url=None,
            budgets=budgets,
            model="sdxl",
            prompt_strength=0.7,
            start_webhook=start_webhook,
        )
        objects = SimulatedObjectStore({one.stencil.key: b"a stencil" for one in PLAN.directions})
        client: Any = self.provider
        self._predictor = Predictor(
            self._jobs, store, objects, client, settings, lambda: NOW, self._no_backlog, store.slots_under_way
        )

    async def _no_backlog(self, _: int) -> int:
        return 0

    async def _publish(self, _: Event) -> None:
        pass

    async def deliver(self) -> Job:
        """The job after its message was delivered."""
        await self._predictor.begin_predictions(await self._jobs.load("j"), StencilReady())
        return await self.job()

    async def job(self) -> Job:
        return await self._jobs.load("j")

    async def accept(self) -> None:
        await self._jobs.accept(
            Brief(prompt="a pond", count=5), job_id="j", seed=1, traceparent="00-1", limits=Limits()
        )
        await self._jobs.apply("j", StencilDrawn(PLAN, 0.1))
        self.writes.clear()


async def test_all_slots_are_planned_and_claimed_by_one_write() -> None:
    studio = Studio()
    await studio.accept()
    job = await studio.deliver()
    assert studio.writes[0] == ["submitting", "submitting"]
    assert len(studio.writes) == 3
    assert ([slot.state for slot in job.predictions], sorted(studio.provider.sold)) == (["running"] * 2, [2, 3])


@pytest.mark.parametrize(("start_webhook", "events"), [(False, ("completed",)), (True, ("start", "completed"))])
async def test_the_provider_calls_back_for_the_start_where_that_is_set(
    start_webhook: bool, events: tuple[str, ...]
) -> None:
    studio = Studio(start_webhook=start_webhook)
    await studio.accept()
    await studio.deliver()
    assert studio.provider.events == [events] * 2


async def test_the_message_comes_back_for_what_failed_alone() -> None:
    studio = Studio()
    await studio.accept()
    studio.provider.refuses[2] = RateLimited("wait", retry_after=3)
    with pytest.raises(Retry):
        await studio.deliver()
    assert [slot.state for slot in (await studio.job()).predictions] == ["running", "waiting"]
    studio.provider.refuses.clear()
    job = await studio.deliver()
    assert ([slot.state for slot in job.predictions], studio.provider.sold) == (["running"] * 2, [3, 2])


async def test_what_a_budget_has_no_room_for_is_refused_and_the_rest_bought() -> None:
    model_cents = 3
    studio = Studio(day_cents=3 * model_cents)
    await studio.accept()
    job = await studio.deliver()
    assert studio.writes[0] == ["submitting", "waiting"]
    assert ([slot.state for slot in job.predictions], studio.provider.sold) == (["running", "failed"], [3])


async def test_one_failure_ends_no_other_call_and_a_pause_counts_most() -> None:
    done: list[str] = []

    async def fail(error: Exception) -> None:
        raise error

    async def succeed() -> None:
        done.append("paid")

    with pytest.raises(Pause):
        await all_done([fail(Retry("later")), fail(Pause("no credit")), succeed()])
    assert done == ["paid"]


async def test_a_blocked_account_pauses_though_another_call_is_tried_again() -> None:
    studio = Studio()
    await studio.accept()
    studio.provider.refuses = {3: RateLimited("wait", retry_after=3), 2: AccountBlocked("no credit")}
    with pytest.raises(Pause):
        await studio.deliver()
    assert [slot.state for slot in (await studio.job()).predictions] == ["waiting", "waiting"]
