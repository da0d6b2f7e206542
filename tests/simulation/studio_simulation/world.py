"""One run: five services' real code, a simulated world around them, one seed for all that is random."""

import asyncio
import os
import random as random_module
import time
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

import anyio.to_thread
import httpx
import numpy as np
import standardwebhooks.webhooks
import structlog
from aio_pika import Message
from pydantic import SecretStr

import studio_gateway.app
import studio_postprocess.app
import studio_postprocess.handlers
import studio_predictor.app
import studio_reconciler.app
import studio_stencil.app
import studio_stencil.handlers
from studio_chassis.simulated.broker import SimulatedRabbit
from studio_chassis.simulated.loop import Stalled, VirtualLoop
from studio_chassis.simulated.store import SimulatedDatabase
from studio_contracts import topology
from studio_contracts.brief import Surface
from studio_contracts.job import Job
from studio_contracts.palette import BY_CODE
from studio_gateway.settings import GatewaySettings
from studio_postprocess.concept import ConceptPictures, make_concept
from studio_postprocess.decode import PictureError
from studio_postprocess.settings import PostprocessSettings
from studio_predictor.settings import PredictorSettings
from studio_predictor.slots import slot_seed
from studio_reconciler.settings import ReconcilerSettings
from studio_simulation.checks import Checks
from studio_simulation.faults import FAULTY_SECONDS, SERVICES, Blow, Faults
from studio_simulation.process import LIFE, Process
from studio_simulation.provider import SIGNING_KEY, TOKEN, Prediction, Provider
from studio_stencil.plan import make_plan

T = TypeVar("T")

BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAST_SECOND = 7200.0
"""By then everything must have come to rest."""
QUIET_SECONDS = 30.0
CODES = ("RH30", "RH20", "RH12")
CURSES = {"cursed": RuntimeError("a fault that this brief brings to light"), "impossible": ValueError("not drawable")}
"""Briefs that cannot be served, and what the stencil service comes upon."""
DEADLINE_SECONDS = 900
ATTEMPTS = 3

BUILDS = {
    "gateway": studio_gateway.app.build,
    "stencil": studio_stencil.app.build,
    "predictor": studio_predictor.app.build,
    "postprocess": studio_postprocess.app.build,
    "reconciler": studio_reconciler.app.build,
}


@cache
def _settings(service: str, public: bool) -> Any:
    types = {
        "gateway": GatewaySettings,
        "predictor": PredictorSettings,
        "postprocess": PostprocessSettings,
        "reconciler": ReconcilerSettings,
    }
    own: dict[str, dict[str, Any]] = {
        "gateway": {
            "replicate_webhook_secret": SecretStr("simulated-secret-of-webhooks"),
            "replicate_webhook_signing_key": SecretStr(SIGNING_KEY),
            "job_deadline_seconds": DEADLINE_SECONDS,
            "attempts_per_slot": ATTEMPTS,
        },
        "predictor": {
            "replicate_api_token": SecretStr(TOKEN),
            "replicate_webhook_secret": SecretStr("simulated-secret-of-webhooks"),
            "public_base_url": "https://studio.example" if public else None,
        },
        "postprocess": {},
        "reconciler": {
            "replicate_api_token": SecretStr(TOKEN),
            "public_base_url": "https://studio.example" if public else None,
            "stuck_after": timedelta(seconds=60),
            "poll_every": timedelta(seconds=5),
        },
    }
    if service == "stencil":
        return None
    urls = {
        "rabbitmq_url": SecretStr("amqp://x"),
        "mongodb_url": SecretStr("mongodb://x"),
        "object_store_url": "file:///x",
    }
    return types[service](**urls, **own[service])


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    seed: int
    violations: list[str]
    trace: list[str]
    statuses: dict[str, int]
    seconds: float


class World:
    """Everything of one run."""

    real_client = httpx.AsyncClient

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.loop = loop
        self.seed = seed
        self.random = Random(seed)
        self.faults = Faults.draw(self.random)
        self.trace: list[str] = []
        self._limbo: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self.over = False
        self.skewed = self.random.random() < 0.3
        self.public = self.random.random() < 0.8
        self.rabbit = SimulatedRabbit(self._lag)
        self.database = SimulatedDatabase()
        self.bucket: dict[str, bytes] = {}
        self.provider = Provider(self)
        self.accepted: dict[str, float] = {}
        self.canceled: dict[str, float] = {}
        self.poisoned = 0
        self.checks = Checks(self)
        self.database.observers.append(self.checks.observe)
        self.processes = [
            Process(self, service, number, BUILDS[service], _settings(service, self.public))
            for number, service in enumerate(SERVICES)
        ]

    # what the parts ask

    def now(self) -> datetime:
        """The true time."""
        return BEGINNING + timedelta(seconds=self.loop.time())

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run it as a task of the world; an error in it is one of the simulation itself."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self.checks.ended)
        return task

    async def limbo(self) -> None:
        """Where the dead wait. Kept, or they would be collected, and that would run their code."""
        self._limbo.append(self.loop.create_future())
        await self._limbo[-1]

    def say(self, who: str, what: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.loop.time():10.3f} {who:<14} {what}")

    @property
    def faulty(self) -> bool:
        """Whether things still go wrong."""
        return self.loop.time() < FAULTY_SECONDS and not self.over

    def happens(self, fault: str) -> bool:
        """Whether this fault strikes now."""
        rate = self.faults.rates.get(fault, 0.0)
        return rate > 0 and self.faulty and self.random.random() < rate

    def away(self, what: str) -> bool:
        """Whether there is an outage of it now."""
        return bool(self.faults.windows) and self.faults.away(what, self.loop.time())

    def latency(self) -> float:
        """Seconds one way over the network."""
        return self.random.uniform(0, self.faults.latency if self.faulty else 0.002)

    def _lag(self) -> float:
        return self.random.uniform(0, self.faults.lag) if self.faulty else 0.0

    def gateway(self) -> Process:
        """The process that serves the web."""
        return self.processes[0]

    def address_of(self, prediction: Prediction) -> tuple[str, int, int]:
        """(job, slot, attempt) a prediction was bought for, known by its seed. Raises LookupError."""
        for job in self.database.jobs.values():
            for slot in job.predictions:
                for attempt in range(1, slot.attempt + 1):
                    if slot_seed(job.seed, slot.number, attempt) == prediction.inputs["seed"]:
                        return job.id, slot.number, attempt
        raise LookupError(f"{prediction.id} was bought for nobody")

    # the run

    async def run(self) -> None:
        """From the first start to the last check."""
        for process in self.processes:
            self.spawn(process.run())
        for blow in self.faults.blows:
            self.spawn(self._strike(blow))
        for _ in range(self.faults.poison):
            self.spawn(self._poison())
        self.spawn(self._broker_outages())
        if self.faults.wipe_at is not None:
            self.loop.call_later(self.faults.wipe_at, self._wipe)
        clients = [self.spawn(self._client(number)) for number in range(self.random.choice((1, 1, 2, 3)))]
        await asyncio.gather(*clients)
        while self.loop.time() < LAST_SECOND:
            await asyncio.sleep(3)
            if self._at_rest():
                await asyncio.sleep(QUIET_SECONDS)
                if self._at_rest():
                    break
        self.checks.at_the_end()

    def _at_rest(self) -> bool:
        jobs = self.database.jobs.values()
        quiet_since = self.now() - timedelta(seconds=QUIET_SECONDS)
        return (
            all(job.is_final and job.updated_at < quiet_since for job in jobs)
            and (not self.faulty or self.loop.time() > FAULTY_SECONDS)
            and not any(self.database.outboxes.values())
            and self.rabbit.is_empty
            and self.provider.is_idle
        )

    def _wipe(self) -> None:
        self.say("broker", "loses its disk")
        self.rabbit.wipe()

    async def _client(self, number: int) -> None:
        random = self.random
        await asyncio.sleep(random.uniform(0, 40))
        prompt = next((word for word in CURSES if self.happens(f"client.{word}")), f"waves {number}")
        count = random.choice((1, 4, 6, 12))
        brief = {"prompt": prompt, "palette": list(CODES), "count": count}
        key = {"idempotency-key": f"key-{number}"} if random.random() < 0.7 else {}
        for _ in range(40):
            try:
                answer = await self.gateway().ask("POST", "/v1/jobs", json=brief, headers=key)
            except ConnectionError:
                answer = None
            if answer is not None and answer.status_code == 202:
                break
            await asyncio.sleep(random.uniform(1, 10))
        else:
            return
        job_id = answer.json()["id"]
        self.accepted[job_id] = self.loop.time()
        if key:
            self.checks.keyed(number, prompt, count)
        self.say("client", f"has job {job_id} for {brief['count']} pictures")
        if random.random() < 0.25:
            await asyncio.sleep(random.choice((random.uniform(0, 2), random.uniform(0, 60))))
            await self._cancel(job_id)

    async def _cancel(self, job_id: str) -> None:
        for _ in range(40):
            try:
                answer = await self.gateway().ask("POST", f"/v1/jobs/{job_id}/cancel")
                if answer.status_code == 200:
                    self.canceled[job_id] = self.loop.time()
                    self.say("client", f"canceled {job_id}: {answer.json()['status']}")
                    return
            except ConnectionError:
                pass
            await asyncio.sleep(self.random.uniform(0.5, 5))

    async def _strike(self, blow: Blow) -> None:
        await asyncio.sleep(blow.at)
        process = self.processes[blow.process]
        if not self.faulty or process.life is None or process.life.dead:
            return
        if blow.kind == "kill":
            process.life.end("killed")
        elif blow.kind == "stop":
            await process.stop()
        else:
            await process.cut_off(blow.seconds)

    async def _broker_outages(self) -> None:
        for window in self.faults.windows:
            if window.what == "broker":
                await asyncio.sleep(max(0, window.start - self.loop.time()))
                await asyncio.gather(*(process.cut_off(window.end - window.start) for process in self.processes))

    async def _poison(self) -> None:
        await asyncio.sleep(self.random.uniform(0, FAULTY_SECONDS))
        queue = self.random.choice(topology.QUEUES)
        self.poisoned += 1
        self.say("stranger", f"puts poison into {queue.name}")
        self.rabbit.route("", queue.name, Message(b"\xff poison", headers={"ce-specversion": "1.0"}))

    async def internet(self, request: httpx.Request, life: Any) -> httpx.Response:
        """Where every request of a service goes."""
        return await self.provider.answer(life, request)


@cache
def _concept() -> ConceptPictures:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (16, 16), (120, 90, 60)).save(file, "PNG")
    palette, stencil = [BY_CODE[code] for code in CODES], np.zeros((16, 16), np.uint8)
    return make_concept(file.getvalue(), palette, (16, 16), stencil, "full", Surface())


def _cheap_concept(original: bytes, *_: Any, **__: Any) -> ConceptPictures:
    """What the real one would return, as far as the handler can tell: other bytes give other pictures and scores."""
    if original.startswith(b"broken"):
        raise PictureError("damaged", "truncated")
    made = _concept()
    score = Random(original).random()
    return made._replace(
        pictures={kind: file._replace(data=kind.encode() + original) for kind, file in made.pictures.items()},
        vectors={kind: file._replace(data=kind.encode() + original) for kind, file in made.vectors.items()},
        quality=made.quality._replace(score=score),
    )


async def _at_once(function: Any, *arguments: Any, **_: Any) -> Any:
    return function(*arguments)


def _plan(prompt: str, *arguments: Any) -> Any:
    if prompt in CURSES:
        raise CURSES[prompt]
    return make_plan(prompt, *arguments)


def _cheap_drawing(plan: Any) -> Any:
    return np.full((4, 4), plan.seed % 3, dtype=np.uint8)


@contextmanager
def _patched(world: World) -> Iterator[None]:
    """Time, entropy, the network and the work on pixels are the world's."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return world.now().astimezone(tz)

    def client(**_: Any) -> httpx.AsyncClient:
        transport = httpx.MockTransport(partial(world.internet, life=LIFE.get()))
        return World.real_client(transport=transport, trust_env=False)

    entropy = Random(world.seed).randbytes
    stopwatch = SimpleNamespace(perf_counter=world.loop.time, monotonic=world.loop.time)
    configured = structlog.get_config()
    with ExitStack() as stack:
        stack.callback(structlog.configure, **configured)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        for target, name, replacement in (
            (httpx, "AsyncClient", client),
            (os, "urandom", entropy),
            (random_module, "_urandom", entropy),
            (os, "cpu_count", lambda: 2),
            (anyio.to_thread, "run_sync", _at_once),
            (standardwebhooks.webhooks, "datetime", Clock),
            (studio_stencil.handlers, "make_plan", _plan),
            (studio_stencil.handlers, "draw", _cheap_drawing),
            (studio_stencil.handlers, "time", stopwatch),
            (studio_postprocess.handlers, "make_concept", _cheap_concept),
            (studio_postprocess.handlers, "time", stopwatch),
            (studio_reconciler.app, "TICK_SECONDS", 4.0),
        ):
            stack.enter_context(patch.object(target, name, replacement))
        yield


def run(seed: int) -> Outcome:
    """One run of the whole system. The same seed gives the same trace."""
    began = time.perf_counter()
    _concept()  # made once a process, and not with this run's entropy
    loop = VirtualLoop()
    world = World(seed, loop)
    try:
        with _patched(world):
            loop.set_exception_handler(lambda _, context: world.checks.failed(context))
            try:
                loop.run_until_complete(world.run())
            except Stalled as error:
                world.checks.violations.append(f"stalled: {error}")
            world.over = True
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    finally:
        loop.close()
    statuses: dict[str, int] = {}
    for job in world.database.jobs.values():
        statuses[job.status] = statuses.get(job.status, 0) + 1
    return Outcome(seed, world.checks.violations, world.trace, statuses, time.perf_counter() - began)


def describe(job: Job) -> str:
    """A job in one line."""
    slots = " ".join(f"{slot.number}:{slot.state}/{slot.attempt}/{len(slot.paid)}" for slot in job.predictions)
    return f"v{job.version} {job.status} {job.stage} [{slots}]" + (f" {job.error.code}" if job.error else "")
