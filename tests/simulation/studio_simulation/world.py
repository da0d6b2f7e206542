"""One run: five services' real code, a simulated world around them, one seed for all that is random."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar

import httpx

import studio_gateway.app
import studio_postprocess.app
import studio_postprocess.handlers
import studio_predictor.app
import studio_reconciler.app
import studio_stencil.app
import studio_stencil.handlers
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.loop import VirtualLoop
from studio_chassis.testing.rabbit import SimulatedRabbit
from studio_contracts.job import Job
from studio_contracts.slot import Slot
from studio_predictor.slots import slot_seed
from studio_simulation.checks import Checks
from studio_simulation.clients import client
from studio_simulation.disorder import (
    Disorder,
    delete_queues,
    recreate_queues,
    send_hostile_messages,
    store_unreadable_documents,
)
from studio_simulation.faults import (
    FAULTY_SECONDS,
    LAST_SECOND,
    SERVICES,
    Faults,
)
from studio_simulation.interruptions import broker_outages, interrupt, poison, stop_spending
from studio_simulation.operator import Operator
from studio_simulation.predictions import Prediction
from studio_simulation.process import Life, Process
from studio_simulation.provider import Provider
from studio_simulation.receiver import DOMAIN, Receivers
from studio_simulation.settings import day_cents, settings_of, start_webhook

T = TypeVar("T")

BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUIET_SECONDS = 30.0
MOST_REPLAYS = 8
"""Commands of an operator over what is dead when all is quiet; some die."""
BUILDS = {
    "gateway": studio_gateway.app.build,
    "stencil": studio_stencil.app.build,
    "predictor": studio_predictor.app.build,
    "postprocess": studio_postprocess.app.build,
    "reconciler": studio_reconciler.app.build,
}


class World:
    """Everything of one run."""

    real_client = httpx.AsyncClient

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.loop = loop
        self.seed = seed
        self.random = Random(seed)
        self.faults = Faults.draw(self.random)
        self.disorder = Disorder.draw(Random(f"disorder {seed}"), peaceful=self.faults.peaceful)
        self.trace: list[str] = []
        self._hung: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self.over = False
        self.skew_seconds = 10.0 if self.random.random() < 0.3 else 0.0
        self.public = self.random.random() < 0.8
        self.rabbit = SimulatedRabbit(self._lag)
        self.database = SimulatedDatabase()
        self.database.lags = partial(self.happens, "store.late")
        self.bucket: dict[str, bytes] = {}
        self.provider = Provider(self)
        self.receivers = Receivers(self, peaceful=self.faults.peaceful)
        self.accepted: dict[str, float] = {}
        self.canceled: dict[str, float] = {}
        self.noted: dict[str, str] = {}
        self.poisoned = 0
        self.refused = 0
        self.stopped_at: float | None = None
        self.checks = Checks(self)
        self.operator = Operator(self)
        self.database.observers.append(self.checks.observe)
        cents = self.random.choice((200, 50))  # twelve pictures cost 36
        self.day_cents = day_cents(seed, peaceful=self.faults.peaceful)
        drawn = self.public, cents, self.day_cents, start_webhook(seed)
        self.processes = [
            Process(self, service, number, BUILDS[service], settings_of(service, *drawn))
            for number, service in enumerate(SERVICES)
        ]

    # what the parts ask

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs of this release."""
        unreadable = self.database.unreadable
        return {job_id: job for job_id, job in self.database.jobs.items() if job_id not in unreadable}

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

    async def hang(self) -> None:
        """Where the dead wait. Kept, or they would be collected, and that would run their code."""
        self._hung.append(self.loop.create_future())
        await self._hung[-1]

    def say(self, who: str, what: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.loop.time():10.3f} {who:<14} {what}")

    @property
    def faulty(self) -> bool:
        """Whether things still go wrong."""
        return self.loop.time() < FAULTY_SECONDS and not self.over

    def happens(self, fault: str) -> bool:
        """Whether this fault occurs now."""
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

    def stencil(self) -> Life:
        """The running process of the stencil service."""
        life = self.processes[SERVICES.index("stencil")].life
        assert life is not None
        return life

    def address_of(self, prediction: Prediction) -> tuple[str, int, int]:
        """(job, slot, attempt) a prediction was bought for, known by its seed. Raises LookupError.

        A job that ended before its slots were planned should have bought none.
        """
        for job in self.jobs.values():
            for slot in job.predictions or [Slot(number=number, count=1) for number in range(job.brief.count)]:
                for attempt in range(1, slot.attempt + 1):
                    if slot_seed(job.seed, slot.number, attempt) == prediction.inputs["seed"]:
                        return job.id, slot.number, attempt
        raise LookupError(f"{prediction.id} was bought for no job")

    # the run

    async def run(self) -> None:
        """From the first start to the last check."""
        for process in self.processes:
            self.spawn(process.run())
        for interruption in self.faults.interruptions:
            self.spawn(interrupt(self, interruption))
        for _ in range(self.faults.poison):
            self.spawn(poison(self))
        self.spawn(broker_outages(self))
        self.spawn(delete_queues(self))
        self.spawn(recreate_queues(self))
        self.spawn(send_hostile_messages(self))
        if self.disorder.unreadable:
            store_unreadable_documents(self)
        if self.faults.wipe_at is not None:
            self.loop.call_later(self.faults.wipe_at, self._wipe)
        self.spawn(stop_spending(self))
        clients = [self.spawn(client(self, number)) for number in range(self.random.choice((1, 1, 2, 3)))]
        for moment in self.faults.replays:
            self.spawn(self.operator.replay_at(moment))
        await asyncio.gather(*clients)
        await self._rest()
        if self.faults.fixed_at is not None:
            await self._replay_what_is_left()
        self.checks.at_the_end()

    async def _rest(self) -> None:
        while self.loop.time() < LAST_SECOND:
            await asyncio.sleep(3)
            if self._at_rest():
                await asyncio.sleep(QUIET_SECONDS)
                if self._at_rest():
                    return

    async def _replay_what_is_left(self) -> None:
        """When all is quiet and fixed, until nothing more comes of it; then all of it a second time, for nothing."""
        for _ in range(MOST_REPLAYS):
            if not await self.operator.replay():
                break
            await self._rest()
        await self.operator.replay_all_again()
        await self._rest()

    def _at_rest(self) -> bool:
        jobs = self.jobs.values()
        quiet_since = self.now() - timedelta(seconds=QUIET_SECONDS)
        return (
            all(job.is_final and job.updated_at < quiet_since for job in jobs)
            and (not self.faulty or self.loop.time() > FAULTY_SECONDS)
            and not any(self.database.outboxes.get(job.id) for job in jobs)
            and not any(call.state == "open" for job in jobs if job.callback for call in job.callback.calls)
            and self.rabbit.is_empty
            and self.provider.webhooks.is_idle
            and self.operator.is_idle
        )

    def _wipe(self) -> None:
        self.say("broker", "loses its disk")
        self.rabbit.wipe()

    async def internet(self, request: httpx.Request, life: Any) -> httpx.Response:
        """Where every request of a service goes."""
        if request.headers["host"].endswith(DOMAIN):
            return await self.receivers.answer(life, request)
        return await self.provider.answer(life, request)
