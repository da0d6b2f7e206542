"""The gateway in this process, over stores in memory. Plays the part of the other services."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.api_tokens import new_token, token_hash
from studio_chassis.runtime.health import Health
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.rabbit import SimulatedRabbit
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.access import SCOPES, ApiKey, Scope
from studio_contracts.brief import Brief, JobKind
from studio_contracts.events import Event
from studio_contracts.job import Limits
from studio_domain import domain_events as h
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_gateway.access.job_subscriptions import JobSubscriptions
from studio_gateway.app import define
from studio_gateway.settings import GatewaySettings
from studio_support import job_fixtures
from studio_support.plans import make_plan
from studio_support.same_process import SameProcess

T = TypeVar("T")
DESCRIPTIONS: dict[str, dict[str, Any]] = {}
"""What the API's description is where the gateway has that address. All else of it is the same for each gateway."""
SECRET = "a secret of sixteen or more"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Wire:
    """The connection to every store: records the calls, and fails them while it is cut."""

    cut: bool = False
    calls: list[str] = field(default_factory=list)

    async def __call__(self, operation: str, effect: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        self.calls.append(operation)
        if self.cut:
            raise Unavailable("cut")
        return effect()


def prediction_id(job_id: str, slot: int) -> str:
    """The provider's id of a slot's prediction."""
    return f"p{slot}-{job_id}"


def _open_to_tests(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, without keys unless they set `access`."""
    return settings if "access" in settings else {"access": "local", "trusted_hosts": "studio", **settings}


class GatewayInMemory:
    """The gateway's application and the stores behind it. Opened by `open_gateway`."""

    secret = SECRET
    prediction_id = staticmethod(prediction_id)

    def __init__(
        self, clock: Callable[[], datetime] | None = None, database: SimulatedDatabase | None = None, **settings: Any
    ) -> None:
        self.wire = Wire()
        self.database = database or SimulatedDatabase()
        self.bucket: dict[str, bytes] = {}
        self.published: list[Event] = []
        self.now = START
        store = self.store = SimulatedJobStore(self.database, self.wire)
        objects = SimulatedObjectStore(self.bucket, self.wire)
        clock = clock or self._clock
        self.jobs = JobService(store, self._publish, clock, "gateway")
        self.context = ServiceContext(self.jobs, store, objects, SimulatedBroker(SimulatedRabbit()), clock)
        self.health = Health("gateway", "build-7", "instance-1", store.ping, [])
        self.settings = GatewaySettings(
            rabbitmq_url="amqp://x", mongodb_url="mongodb://x", object_store_url="file:///x",
            replicate_webhook_secret=SECRET, **_open_to_tests(settings),
        )  # fmt: skip
        self.definition: ServiceDefinition
        self.app: FastAPI
        self.subscriptions: JobSubscriptions

    def _clock(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    def client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(**{"transport": transport, "base_url": "http://studio", **options})

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let everything else run until the condition holds."""
        for _ in range(10_000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("the condition never held")

    async def key(self, owner: str, *scopes: Scope, **fields: Any) -> str:
        """A new API key of the owner, with all scopes unless some are named."""
        token = new_token()
        kept = {"id": f"k{token[-6:]}", "name": f"{owner}'s", "owner": owner, "scopes": frozenset(scopes or SCOPES)}
        await self.context.store.add_key(ApiKey(**{**kept, "created_at": self.now, **fields}), token_hash(token))
        return token

    async def accept(self, job_id: str, count: int = 1, kind: JobKind = "painted") -> None:
        brief = Brief(prompt="ocean energy", count=count, kind=kind)
        trace = f"00-{'a' * 32}-{'b' * 16}-01"
        await self.jobs.accept(brief, job_id=job_id, seed=7, traceparent=trace, limits=Limits())

    async def apply(self, job_id: str, *events: h.DomainEvent) -> None:
        """Apply domain events, each of which must change the job."""
        for event in events:
            assert (await self.jobs.apply(job_id, event)).changed, event

    async def draw(self, job_id: str, slots: Sequence[int] = (1, 1)) -> None:
        """Draw the stencils of two directions and plan the predictions; `counts` has the pictures of each slot."""
        store = partial(job_fixtures.store_picture, self.bucket)
        plan = make_plan(job_id, directions=2, layout="tiled", store=store)
        planned = tuple(h.SlotPlan(number % 2, count) for number, count in enumerate(slots))
        await self.apply(job_id, h.StencilDrawn(plan, 0.03), h.SlotsPlanned(job_fixtures.GENERATION, planned))

    async def predict(self, job_id: str, slot: int, status: PredictionStatus = PredictionStatus.SUCCEEDED) -> None:
        report = PredictionReport(
            id=prediction_id(job_id, slot),
            status=status,
            outputs=("https://replicate.delivery/0.png",),
        )
        await self.apply(job_id, h.PredictionReported(slot, 1, report))

    async def finish(self, job_id: str, score: float = 0.8, slots: Sequence[int] = (1, 1)) -> None:
        """Each slot delivers one picture, each better than the one before."""
        await self.draw(job_id, slots)
        for slot in (await self.jobs.load(job_id)).predictions:
            await self.deliver(job_id, slot.number, score)

    async def deliver(self, job_id: str, number: int, score: float = 0.8) -> None:
        """The slot delivers one picture, better than the one of the slot before."""
        await self.predict(job_id, number)
        slot = (await self.jobs.load(job_id)).predictions[number]
        concept = job_fixtures.concept(self.bucket, job_id, slot, score + number / 10)
        await self.apply(job_id, h.PicturesMade(number, 1, (concept,), (), 0.2))

    async def finish_draft(self, job_id: str) -> None:
        """The stencils of two directions are drawn and made into concepts."""
        plan = make_plan(job_id, directions=2, store=partial(job_fixtures.store_picture, self.bucket))
        await self.apply(job_id, h.StencilDrawn(plan, 0.03))
        for slot in (await self.jobs.load(job_id)).predictions:
            concept = job_fixtures.concept(self.bucket, job_id, slot, 0.8 + slot.number / 10)
            await self.apply(job_id, h.PicturesMade(slot.number, 1, (concept,), (), 0.2))

    async def fail(self, job_id: str) -> None:
        await self.apply(job_id, h.WorkFailed("broken", "No paint", "The pot is empty."))


@asynccontextmanager
async def open_gateway(gateway: GatewayInMemory) -> AsyncIterator[GatewayInMemory]:
    """Build its application and run its loops until the end."""
    definition = define(gateway.context, gateway.settings, SameProcess())
    assert definition.web is not None
    gateway.definition = definition
    gateway.app = definition.web(gateway.health)
    _share_description(gateway.app)
    gateway.subscriptions = gateway.app.state.dependencies.jobs.subscriptions
    loops = [asyncio.ensure_future(_run(loop)) for loop in definition.loops]
    try:
        yield gateway
    finally:
        await gateway.jobs.outbox.flush()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


OpenGateway = Callable[..., Awaitable[GatewayInMemory]]
"""Opens a gateway with the settings given."""


def _share_description(app: FastAPI) -> None:
    """Have the description made once a process, and not with the first refusal of each gateway: it takes 0.2 s."""
    describe = app.openapi
    address = str(app.servers[0]["url"])

    def shared() -> dict[str, Any]:
        if address not in DESCRIPTIONS:
            DESCRIPTIONS[address] = describe()
        return DESCRIPTIONS[address]

    app.openapi = shared  # type: ignore[method-assign]


async def _run(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()
