"""How long the second owner's job waits behind the first owner's many: for a share of them, not for all."""

from collections import deque
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from studio_chassis.messaging.dispositions import Retry
from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.brief import Brief
from studio_contracts.events import Event, StencilReady
from studio_contracts.job import Limits
from studio_contracts.slot import GenerationRequest
from studio_contracts.spending import Budgets
from studio_domain.domain_events import PicturesMade, PredictionReported, SlotPlan, SlotsPlanned, StencilDrawn
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_predictor.handlers import Predictor
from studio_support.job_shapes import PLAN, concept

SHARE = 4
JOBS = 40
INPUT = {"prompt": "a pond", "negative_prompt": "", "prompt_strength": 0.7}


class Studio:
    """The predictor with its queue, a provider that is never the bottleneck, and one postprocess, first in first out.

    A round is what postprocess needs for one prediction. A message that is put off comes back in the next round.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
        self.queue: deque[Event] = deque()
        self.finished: list[str] = []
        self._bought: deque[tuple[str, int]] = deque()
        self._number = 0
        self._store = SimulatedJobStore(SimulatedDatabase())
        self.jobs = JobService(self._store, self._publish, lambda: self.now, "test")
        settings: Any = SimpleNamespace(
            max_backlog=1000,
            slots_per_owner=SHARE,
            public_base_url=None,
            start_webhook=False,
            budgets=Budgets(day_cents=10**6, key_day_cents=10**6),
        )
        objects = SimulatedObjectStore({PLAN.directions[0].stencil.key: b"a stencil"})
        provider: Any = self
        self._predictor = Predictor(
            self.jobs, self._store, objects, provider, settings, lambda: self.now, self._no_backlog,
            self._store.slots_under_way,
        )  # fmt: skip

    async def create(self, *_: object, **__: object) -> PredictionReport:
        self._number += 1
        return PredictionReport(id=f"p{self._number}", status=PredictionStatus.STARTING)

    async def _no_backlog(self, _: int) -> int:
        return 0

    async def _publish(self, event: Event) -> None:
        if event.type == StencilReady.type:
            self.queue.append(event)

    async def accept(self, job_id: str, owner: str, key_id: str) -> None:
        """A job of one slot that is ready to be bought."""
        brief = Brief(prompt="a pond", count=1)
        await self.jobs.accept(
            brief, job_id=job_id, seed=1, traceparent="00-1", limits=Limits(), owner=owner, key_id=key_id
        )
        generation = GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input=INPUT)
        await self.jobs.apply(job_id, StencilDrawn(PLAN, 0.1))
        await self.jobs.apply(job_id, SlotsPlanned(generation, (SlotPlan(0, 1),)))
        await self.jobs.outbox.flush()

    async def round(self) -> None:
        """Each message is delivered once; then postprocess makes the pictures of what was bought first."""
        for _ in range(len(self.queue)):
            event = self.queue.popleft()
            try:
                await self._predictor.begin_predictions(await self.jobs.load(event.subject), StencilReady())
            except Retry as retry:
                if retry.counted:  # to wait is no fault of the message
                    raise
                self.queue.append(event)
            else:
                self._bought.append((event.subject, 0))
        if self._bought:
            job_id, slot = self._bought.popleft()
            slot_id = (await self.jobs.load(job_id)).predictions[slot].provider_id
            assert slot_id is not None
            output = ("https://replicate.delivery/0.png",)
            report = PredictionReport(id=slot_id, status=PredictionStatus.SUCCEEDED, outputs=output)
            await self.jobs.apply(job_id, PredictionReported(slot, 1, report))
            await self.jobs.apply(job_id, PicturesMade(slot, 1, (concept(slot, 0),), (), 0.2))
            self.finished.append(job_id)
        self.now += timedelta(seconds=1)


async def finished(first: tuple[str, str], second: tuple[str, str]) -> list[str]:
    """Jobs in the order in which they ended: many of the first owner's, and one of another, who comes last."""
    studio = Studio()
    for number in range(JOBS):
        await studio.accept(f"first-{number}", *first)
    await studio.round()
    await studio.accept("second", *second)
    while len(studio.finished) < JOBS + 1:
        await studio.round()
    return studio.finished


async def test_the_second_owner_waits_for_a_share_of_the_first_s_jobs() -> None:
    order = await finished(("acme", "k1"), ("other", "k2"))
    assert order.index("second") <= SHARE + 1
    assert sorted(order) == sorted(["second", *(f"first-{number}" for number in range(JOBS))]), "all are done"


async def test_one_owner_alone_keeps_postprocess_busy() -> None:
    """In no round is there nothing to do: a share is more than postprocess works on at once."""
    studio = Studio()
    for number in range(JOBS):
        await studio.accept(f"first-{number}", "acme", "k1")
    for _ in range(JOBS):
        await studio.round()
    assert len(studio.finished) == JOBS


@pytest.mark.parametrize("keys", [("k1", "k1"), ("k1", "k9")], ids=["same key", "another key"])
async def test_an_owner_s_own_job_waits_for_those_before_it(keys: tuple[str, str]) -> None:
    order = await finished(("acme", keys[0]), ("acme", keys[1]))
    assert order.index("second") > SHARE


async def test_a_studio_without_keys_buys_as_fast_as_it_can() -> None:
    studio = Studio()
    for number in range(JOBS):
        await studio.accept(f"first-{number}", LOCAL_OWNER, "")
    await studio.round()
    assert not studio.queue
