"""The gateway in this process, over stores in memory whose wires tests may cut."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import httpx
import pytest
from fastapi import FastAPI

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.jobs import Jobs
from studio_chassis.runtime.health import Health
from studio_chassis.runtime.service import ServiceContext
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedDatabase, SimulatedJobStore
from studio_contracts.events import Event
from studio_contracts.job import (
    ColourMaterial,
    ColourShare,
    Concept,
    GenerationRequest,
    Materials,
    Plan,
    PlanColour,
    Quality,
    StoredPicture,
)
from studio_contracts.object_keys import picture_key, stencil_key
from studio_domain import domain_events as h
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_gateway.api.job_subscriptions import JobSubscriptions
from studio_gateway.app import build
from studio_gateway.settings import GatewaySettings

T = TypeVar("T")
SECRET = "a secret of sixteen or more"
SVG = "image/svg+xml"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Line:
    """The wire to every store: counts what goes over it, and may be cut."""

    cut: bool = False
    calls: list[str] = field(default_factory=list)

    async def __call__(self, operation: str, effect: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        self.calls.append(operation)
        if self.cut:
            raise Unavailable("cut")
        return effect()


class Desk:
    """A gateway and what is behind it; plays the part of the other services."""

    def __init__(self, **settings: Any) -> None:
        self.line = Line()
        self.database = SimulatedDatabase()
        self.bucket: dict[str, bytes] = {}
        self.published: list[Event] = []
        self.now = START
        store = SimulatedJobStore(self.database, self.line)
        objects = SimulatedObjectStore(self.bucket, self.line)
        self.jobs = Jobs(store, self._publish, self._clock, "gateway")
        self.chassis = ServiceContext(self.jobs, cast(Any, store), objects, cast(Any, None), self._clock)
        self.health = Health("gateway", "build-7", store.ping, [])
        self.settings = GatewaySettings(
            rabbitmq_url="amqp://x", mongodb_url="mongodb://x", object_store_url="file:///x",
            replicate_webhook_secret=SECRET, **settings,
        )  # fmt: skip
        self.app: FastAPI
        self.watch: JobSubscriptions

    def _clock(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    def client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://studio", **options)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let everything else run until the condition holds."""
        for _ in range(10_000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it did not happen")

    async def happen(self, job_id: str, *events: h.DomainEvent) -> None:
        for event in events:
            assert (await self.jobs.apply(job_id, event)).changed, event

    async def draw(self, job_id: str) -> None:
        """The stencil is drawn and its predictions are planned: two slots."""
        plan = Plan(
            colours=(
                PlanColour(code="RH20", role="base", share=0.7), PlanColour(code="RH31", role="accent", share=0.3)
            ),
            palette_reason="ocean", strategy="bands", strategy_reason="flowing", seed=7, width_px=1152, height_px=768,
            layout="tiled", mm_per_pixel=4.9, regions=7,
        )  # fmt: skip
        stencil = self.store_picture(stencil_key(job_id))
        generation = GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input={})
        await self.happen(job_id, h.StencilDrawn(plan, stencil, 0.03), h.SlotsPlanned(generation, (1, 1)))

    async def predict(self, job_id: str, slot: int, status: PredictionStatus = PredictionStatus.SUCCEEDED) -> None:
        report = PredictionReport(
            id=f"p{slot}", status=status, outputs=("https://replicate.delivery/0.png",), output_present=True
        )
        await self.happen(job_id, h.PredictionReported(slot, 1, report))

    async def finish(self, job_id: str, score: float = 0.8) -> None:
        """Both slots deliver one picture each; the second is the better one."""
        await self.draw(job_id)
        for slot in (0, 1):
            await self.predict(job_id, slot)
            await self.happen(
                job_id, h.PicturesMade(slot, 1, (self._concept(job_id, slot, score + slot / 10),), (), 0.2)
            )

    def _concept(self, job_id: str, slot: int, score: float) -> Concept:
        quality = Quality(score=score, fidelity=0.9, flatness=0.9, contrast=0.7, balance=0.6, mean_delta_e=2.5)
        name = f"{slot}-0"
        kinds: tuple[Any, ...] = ("original", "quantized", "thumbnail")
        return Concept(
            id=name, slot=slot, index=0, quality=quality,
            pictures={kind: self.store_picture(picture_key(job_id, name, kind, "image/png")) for kind in kinds},
            palette_used=(ColourShare(code="RH31", share=0.3), ColourShare(code="RH20", share=0.7)),
            vectors={"svg": self.store_picture(picture_key(job_id, name, "svg", SVG), SVG)},
            materials=Materials(
                colours=(
                    ColourMaterial(code="RH20", share=0.7, area_m2=17.5, kg=154, bags=7),
                    ColourMaterial(code="RH31", share=0.3, area_m2=7.5, kg=66, bags=3),
                ),
                area_m2=25, kg=220, bags=10, binder_kg=(26.4, 44),
            ),
        )  # fmt: skip

    def store_picture(self, key: str, media_type: str = "image/png") -> StoredPicture:
        data = PICTURE + key.encode()
        self.bucket[key] = data
        return StoredPicture(
            key=key, sha256=hashlib.sha256(data).hexdigest(), media_type=media_type, width=1152, height=768
        )


OpenDesk = Callable[..., Any]


@pytest.fixture
async def open_desk() -> AsyncIterator[OpenDesk]:
    """Opens gateways, with settings; what they do in the background ends with the test."""
    tasks: list[asyncio.Task[None]] = []
    desks: list[Desk] = []

    async def open_one(**settings: Any) -> Desk:
        desk = Desk(**settings)
        async with build(desk.chassis, desk.settings) as work:
            assert work.web is not None
            desk.app = work.web(desk.health)
            desk.watch = desk.app.state.studio.watch
            tasks.extend(asyncio.ensure_future(loop()) for loop in work.loops)
        desks.append(desk)
        return desk

    yield open_one
    for desk in desks:
        await desk.jobs.flush_publishing()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    opened = await open_desk()
    assert isinstance(opened, Desk)
    return opened


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.client() as client:
        yield client


@pytest.fixture
async def job_id(client: httpx.AsyncClient) -> str:
    """A job just accepted."""
    return str((await client.post("/v1/jobs", json={"prompt": "ocean energy with fish", "count": 2})).json()["id"])
