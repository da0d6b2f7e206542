"""The gateway on a real port, over stores in memory that hold a finished and a failed job."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import uvicorn

from studio_chassis.persistence.jobs import Jobs
from studio_chassis.runtime.health import Health
from studio_chassis.runtime.service import ServiceContext
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedDatabase, SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import (
    ColourShare,
    Concept,
    GenerationRequest,
    Limits,
    Plan,
    PlanColour,
    Quality,
    StoredPicture,
)
from studio_contracts.object_keys import picture_key, stencil_key
from studio_domain import domain_events as h
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_gateway.app import build
from studio_gateway.settings import GatewaySettings

SECRET = "a secret of sixteen or more"
FINISHED, FAILED = "job-finished", "job-failed"
KINDS: tuple[Any, ...] = ("original", "quantized", "thumbnail")


def _chassis(published: list[Event]) -> tuple[ServiceContext, dict[str, bytes]]:
    async def publish(event: Event) -> None:
        published.append(event)

    def clock() -> datetime:
        return datetime.now(UTC)

    bucket: dict[str, bytes] = {}
    store = SimulatedJobStore(SimulatedDatabase())
    jobs = Jobs(store, publish, clock, "gateway")
    return ServiceContext(jobs, cast(Any, store), SimulatedObjectStore(bucket), cast(Any, None), clock), bucket


def _keep(bucket: dict[str, bytes], key: str) -> StoredPicture:
    data = b"\x89PNG\r\n\x1a\n" + key.encode()
    bucket[key] = data
    return StoredPicture(key=key, sha256=hashlib.sha256(data).hexdigest(), media_type="image/png", width=9, height=9)


async def _accept(jobs: Jobs, job_id: str) -> None:
    brief = Brief(prompt="ocean energy", count=1)
    await jobs.accept(brief, job_id=job_id, seed=7, traceparent=f"00-{'a' * 32}-{'b' * 16}-01", limits=Limits())


async def _fail(jobs: Jobs, job_id: str) -> None:
    await jobs.apply(job_id, h.WorkFailed("broken", "No paint", "The pot is empty."))


async def _draw(jobs: Jobs, bucket: dict[str, bytes], job_id: str) -> None:
    plan = Plan(
        colours=(PlanColour(code="RH20", role="base", share=1.0),), palette_reason="ocean", strategy="bands",
        strategy_reason="flowing", seed=7, width_px=9, height_px=9, layout="full", mm_per_pixel=4.9, regions=7,
    )  # fmt: skip
    await _happen(
        jobs,
        job_id,
        h.StencilDrawn(plan, _keep(bucket, stencil_key(job_id)), 0.1),
        h.SlotsPlanned(GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input={}), (1,)),
    )


async def _start(jobs: Jobs, bucket: dict[str, bytes], job_id: str) -> None:
    await _draw(jobs, bucket, job_id)
    report = PredictionReport(id=prediction_of(job_id), status=PredictionStatus.PROCESSING)
    await _happen(jobs, job_id, h.PredictionReported(0, 1, report))


async def _finish(jobs: Jobs, bucket: dict[str, bytes], job_id: str) -> None:
    await _draw(jobs, bucket, job_id)
    report = PredictionReport(id=prediction_of(job_id), status=PredictionStatus.SUCCEEDED, outputs=("https://x/0.png",))
    quality = Quality(score=0.8, fidelity=0.9, flatness=0.9, contrast=0.7, balance=0.6, mean_delta_e=2.5)
    concept = Concept(
        id="0-0", slot=0, index=0, quality=quality, palette_used=(ColourShare(code="RH20", share=1.0),),
        pictures={kind: _keep(bucket, picture_key(job_id, "0-0", kind, "image/png")) for kind in KINDS},
    )  # fmt: skip
    await _happen(jobs, job_id, h.PredictionReported(0, 1, report), h.PicturesMade(0, 1, (concept,), (), 0.1))


async def _happen(jobs: Jobs, job_id: str, *events: h.DomainEvent) -> None:
    for event in events:
        assert (await jobs.apply(job_id, event)).changed


def prediction_of(job_id: str) -> str:
    """The provider's id of the job's one prediction."""
    return f"prediction-{job_id}"


class Gateway:
    """A gateway that runs in a thread of its own, as the service would. Plays the part of the other services."""

    secret = SECRET
    prediction_of = staticmethod(prediction_of)

    def __init__(self, listening: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._listening = listening
        self.published: list[Event] = []
        self._chassis, self._bucket = _chassis(self.published)
        self._health = Health("gateway", "build-7", self._chassis.store.ping, [])
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        settings = GatewaySettings(
            rabbitmq_url="amqp://x", mongodb_url="mongodb://x", object_store_url="file:///x",
            replicate_webhook_secret=SECRET,
        )  # fmt: skip
        async with build(self._chassis, settings) as work:
            assert work.web is not None
            config = uvicorn.Config(work.web(self._health), log_config=None, lifespan="off")
            self._server = uvicorn.Server(config)
            loops = [asyncio.ensure_future(loop()) for loop in work.loops]
            self._ready.set()
            await self._server.serve(sockets=[self._listening])
            for loop in loops:
                loop.cancel()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        """As SIGTERM does; fails when something keeps the gateway from stopping."""
        self._health.stopping = True
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive(), "the gateway does not stop"

    def accept(self, job_id: str) -> None:
        self._do(_accept(self._chassis.jobs, job_id))

    def start_prediction(self, job_id: str) -> None:
        self._do(_start(self._chassis.jobs, self._bucket, job_id))

    def finish(self, job_id: str) -> None:
        self._do(_finish(self._chassis.jobs, self._bucket, job_id))

    def fail(self, job_id: str) -> None:
        self._do(_fail(self._chassis.jobs, job_id))

    def flush_publishing(self) -> None:
        self._do(self._chassis.jobs.flush_publishing())

    def lose_files(self) -> None:
        self._bucket.clear()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


@contextmanager
def _running() -> Iterator[Gateway]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        gateway = Gateway(listening)
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.stop()


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """One for all tests that do not stop it."""
    with _running() as gateway:
        for job_id, end in ((FINISHED, gateway.finish), (FAILED, gateway.fail)):
            gateway.accept(job_id)
            end(job_id)
        yield gateway


@pytest.fixture
def own_gateway() -> Iterator[Gateway]:
    """One that a test may stop; stopping twice is fine."""
    with _running() as gateway:
        yield gateway
