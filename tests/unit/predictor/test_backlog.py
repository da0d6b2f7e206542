"""What is bought while postprocess cannot keep up: nothing."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from studio_chassis.messaging.dispositions import Pause
from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event, StencilReady
from studio_contracts.job import Job, Limits
from studio_contracts.slot import GenerationRequest
from studio_contracts.spending import Budgets
from studio_domain.domain_events import SlotPlan, SlotsPlanned, StencilDrawn
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_predictor import backlog
from studio_predictor.backlog import Backlog
from studio_predictor.handlers import Predictor
from studio_support.job_shapes import PLAN

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LIMIT = 3
INPUT = {"prompt": "a pond", "negative_prompt": "", "prompt_strength": 0.7}


class Provider:
    """Creates every prediction immediately, and counts them."""

    def __init__(self) -> None:
        self.sold = 0

    async def create(self, *_: object, **__: object) -> PredictionReport:
        self.sold += 1
        return PredictionReport(id="p", status=PredictionStatus.STARTING)


AMPLE = Budgets(day_cents=100, key_day_cents=100)


async def _create_prediction(provider: Provider, waiting: int, budgets: Budgets = AMPLE, paused: str = "") -> Job:
    """The job of one slot after the predictor read that it is to be bought, with so much waiting for postprocess."""
    published: list[Event] = []

    async def publish(event: Event) -> None:
        published.append(event)

    async def backlog(_: int) -> int:
        return waiting

    store = SimulatedJobStore(SimulatedDatabase())
    jobs = JobService(store, publish, lambda: NOW, "predictor")
    await jobs.accept(Brief(prompt="a pond", count=1), job_id="j", seed=1, traceparent="00-1", limits=Limits())
    await jobs.outbox.flush()
    await jobs.apply("j", StencilDrawn(PLAN, 0.1))
    await jobs.apply(
        "j",
        SlotsPlanned(GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input=INPUT), (SlotPlan(0, 1),)),
    )
    objects = SimulatedObjectStore({PLAN.directions[0].stencil.key: b"a stencil"})
    settings: Any = SimpleNamespace(max_backlog=LIMIT, public_base_url=None, budgets=budgets, start_webhook=False)
    client: Any = provider
    predictor = Predictor(jobs, store, objects, client, settings, lambda: NOW, backlog, store.slots_under_way)
    if paused:
        await store.pause_predictor(paused)
    try:
        await predictor.begin_predictions(await jobs.load("j"), StencilReady())
    finally:
        job = await jobs.load("j")
    return job


async def test_nothing_is_claimed_or_bought_while_too_much_waits_for_postprocess() -> None:
    provider = Provider()
    with pytest.raises(Pause, match="4 finished predictions wait for postprocess") as pause:
        await _create_prediction(provider, LIMIT + 1)
    assert (pause.value.cause, provider.sold) == ("backlog", 0)


async def test_nothing_is_claimed_or_bought_while_an_operator_pauses_the_predictor() -> None:
    provider = Provider()
    with pytest.raises(Pause, match="The predictor was paused by an operator: a wrong model") as pause:
        await _create_prediction(provider, 0, paused="a wrong model")
    assert (pause.value.cause, provider.sold) == ("operator", 0)


async def test_what_no_budget_has_room_for_is_not_bought_and_the_job_says_why() -> None:
    provider = Provider()
    job = await _create_prediction(provider, 0, Budgets(day_cents=2, key_day_cents=100))
    assert provider.sold == 0
    assert job.status == "failed"
    assert [warning.code for warning in job.warnings] == ["over_budget"]
    assert job.error is not None
    assert "2 of 2 cents are left of what the studio may spend in a day. It resets at" in job.error.detail


async def test_up_to_the_limit_is_bought() -> None:
    provider = Provider()
    job = await _create_prediction(provider, LIMIT)
    assert (job.predictions[0].state, provider.sold) == ("running", 1)


async def test_the_backlog_is_counted_again_before_it_is_exceeded_and_not_for_each_purchase() -> None:
    counted: list[int] = []

    async def count() -> int:
        counted.append(1)
        return 1

    waiting = Backlog(count, LIMIT)
    assert [await waiting(1) for _ in range(LIMIT)] == [1, 2, 3]
    assert len(counted) == 1
    assert [await waiting(1), len(counted)] == [1, 2]


async def test_the_backlog_is_counted_again_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    async def count() -> int:
        return next(answers)

    answers = iter((0, 7))
    monkeypatch.setattr(backlog, "COUNTED_SECONDS", 0)
    waiting = Backlog(count, LIMIT)
    assert [await waiting(1), await waiting(1)] == [0, 7]


async def test_what_is_asked_for_together_is_bought_together() -> None:
    async def count() -> int:
        return 1

    waiting = Backlog(count, LIMIT)
    assert [await waiting(2), await waiting(1)] == [1, 3]
