"""One run: five services' real code, a simulated world around them, one seed for all that is random."""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random
from typing import Any, TypeVar

import httpx
from aio_pika import Message
from pydantic import SecretStr

import studio_gateway.app
import studio_postprocess.app
import studio_postprocess.handlers
import studio_predictor.app
import studio_reconciler.app
import studio_stencil.app
import studio_stencil.handlers
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.loop import Stalled, VirtualLoop
from studio_chassis.testing.rabbit import SimulatedRabbit
from studio_contracts import topology
from studio_contracts.job import Job
from studio_contracts.spending import SpendingControl
from studio_gateway.settings import GatewaySettings
from studio_postprocess.settings import PostprocessSettings
from studio_predictor.settings import PredictorSettings
from studio_predictor.slots import slot_seed
from studio_reconciler.settings import ReconcilerSettings
from studio_simulation.checks import Checks
from studio_simulation.disorder import (
    Disorder,
    delete_queues,
    recreate_queues,
    send_hostile_messages,
    store_unreadable_documents,
)
from studio_simulation.environment import concept, simulated_environment
from studio_simulation.faults import (
    BROKEN_BRIEFS,
    CODES,
    FAULTY_SECONDS,
    GRACE_SECONDS,
    SERVICES,
    STUCK_SECONDS,
    Faults,
    Interruption,
)
from studio_simulation.operator import Operator
from studio_simulation.process import Life, Process
from studio_simulation.provider import TOKEN, Prediction, Provider
from studio_simulation.receiver import DOMAIN, MASTER, Receivers
from studio_simulation.webhooks import SIGNING_KEY

T = TypeVar("T")

DRAFTS = 0.2
"""Share of the clients that ask for a draft first."""
BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAST_SECOND = 7200.0
"""By then everything must have come to rest."""
QUIET_SECONDS = 30.0
MOST_REPLAYS = 8
"""Commands of an operator over what is dead when all is quiet; some die."""
DEADLINE_SECONDS = 900
ATTEMPTS = 3

BUILDS = {
    "gateway": studio_gateway.app.build,
    "stencil": studio_stencil.app.build,
    "predictor": studio_predictor.app.build,
    "postprocess": studio_postprocess.app.build,
    "reconciler": studio_reconciler.app.build,
}


TIGHT_BUDGETS = (30, 60, 90)
"""Cents a day, in some worlds: twelve pictures cost 36."""
AMPLE_BUDGET = 1_000_000


def day_cents(seed: int, *, peaceful: bool) -> int:
    """The budget of a day in the world of that seed."""
    random = Random(f"budget {seed}")  # of its own, so that other worlds stay as they are
    return AMPLE_BUDGET if peaceful or random.random() < 0.75 else random.choice(TIGHT_BUDGETS)


@cache
def _settings(service: str, public: bool, cents: int, day_cents: int) -> Any:
    types = {
        "gateway": GatewaySettings,
        "predictor": PredictorSettings,
        "postprocess": PostprocessSettings,
        "reconciler": ReconcilerSettings,
    }
    own: dict[str, dict[str, Any]] = {
        "gateway": {
            "access": "local",
            "trusted_hosts": "studio.example",
            "replicate_webhook_secret": SecretStr("simulated-secret-of-webhooks"),
            "replicate_webhook_signing_key": SecretStr(SIGNING_KEY),
            "job_deadline": timedelta(seconds=DEADLINE_SECONDS),
            "attempts_per_slot": ATTEMPTS,
            "job_cents": cents,
            "callbacks": "public",
            "day_cents": day_cents,
        },
        "predictor": {
            "replicate_api_token": SecretStr(TOKEN),
            "replicate_webhook_secret": SecretStr("simulated-secret-of-webhooks"),
            "public_base_url": "https://studio.example" if public else None,
            "adoption_grace": timedelta(seconds=GRACE_SECONDS),
            "day_cents": day_cents,
        },
        "postprocess": {},
        "reconciler": {
            "replicate_api_token": SecretStr(TOKEN),
            "public_base_url": "https://studio.example" if public else None,
            "stuck_after": timedelta(seconds=STUCK_SECONDS),
            "poll_every": timedelta(seconds=5),
            "callbacks": "public",
            "callback_secret": SecretStr(MASTER),
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
    statuses: Counter[str]
    counts: Counter[str]
    """How often what is rare and allowed happened."""
    seconds: float


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
        self.poisoned = 0
        self.refused = 0
        self.stopped_at: float | None = None
        self.checks = Checks(self)
        self.operator = Operator(self)
        self.database.observers.append(self.checks.observe)
        cents = self.random.choice((200, 50))  # twelve pictures cost 36
        self.day_cents = day_cents(seed, peaceful=self.faults.peaceful)
        self.processes = [
            Process(self, service, number, BUILDS[service], _settings(service, self.public, cents, self.day_cents))
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
        """(job, slot, attempt) a prediction was bought for, known by its seed. Raises LookupError."""
        for job in self.jobs.values():
            for slot in job.predictions:
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
            self.spawn(self._interrupt(interruption))
        for _ in range(self.faults.poison):
            self.spawn(self._poison())
        self.spawn(self._broker_outages())
        self.spawn(delete_queues(self))
        self.spawn(recreate_queues(self))
        self.spawn(send_hostile_messages(self))
        if self.disorder.unreadable:
            store_unreadable_documents(self)
        if self.faults.wipe_at is not None:
            self.loop.call_later(self.faults.wipe_at, self._wipe)
        self.spawn(self._stop_spending())
        clients = [self.spawn(self._client(number)) for number in range(self.random.choice((1, 1, 2, 3)))]
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

    async def _client(self, number: int) -> None:
        random = self.random
        await asyncio.sleep(random.uniform(0, 40))
        prompt = next((word for word in BROKEN_BRIEFS if self.happens(f"client.{word}")), f"waves {number}")
        if number == 0 and self.disorder.brief is not None:
            prompt = self.disorder.brief
        count = random.choice((1, 4, 6, 12))
        drafts = Random(f"{self.seed} {number}").random() < DRAFTS  # of its own, so that other worlds stay as they are
        kind = "draft" if drafts else "painted"
        brief: dict[str, Any] = {"prompt": prompt, "palette": list(CODES), "count": count, "kind": kind}
        brief |= self.receivers.wishes(number)
        key = {"idempotency-key": f"key-{number}"} if random.random() < 0.7 else {}
        job_id = await self._post(brief, key)
        if job_id is None:
            return
        if key:
            self.checks.keyed(number, prompt, count)
        self.say("client", f"has job {job_id} for {brief['count']} pictures, {kind}")
        if drafts:
            await self._paint(job_id, count)
        elif random.random() < 0.25:
            if random.random() < 0.5:
                await self._something_runs(job_id)
            await asyncio.sleep(random.choice((random.uniform(0, 2), random.uniform(0, 60))))
            await self.cancel(job_id)

    async def _post(self, wanted: dict[str, Any], key: dict[str, str]) -> str | None:
        """Ask for a job until it is accepted; its id, or None when the gateway never takes it."""
        for _ in range(40):
            try:
                answer = await self.gateway().ask("POST", "/v1/jobs", json=wanted, headers=key)
            except ConnectionError:
                answer = None
            if answer is not None and answer.status_code == 402:
                self.refused += 1
                return None
            if answer is not None and answer.status_code == 202:
                job_id = str(answer.json()["id"])
                self.accepted[job_id] = self.loop.time()
                return job_id
            await asyncio.sleep(self.random.uniform(1, 10))
        return None

    async def _paint(self, draft_id: str, count: int) -> None:
        """Once a draft is ready, some clients have two of its directions painted."""
        while self.loop.time() < LAST_SECOND:
            draft = self.database.jobs[draft_id]
            if draft.is_final:
                break
            await asyncio.sleep(0.5)
        if draft.status == "completed" and count > 1:
            painted = await self._post({"from": {"job": draft_id, "directions": [2, 0]}, "count": count}, {})
            self.say("client", f"has job {painted} painted from {draft_id}")

    async def _something_runs(self, job_id: str) -> None:
        """Wait until money is being spent on the job, while there is anything to wait for."""
        while self.faulty and not (job := self.database.jobs[job_id]).is_final:
            if any(slot.state == "running" for slot in job.predictions):
                return
            await asyncio.sleep(0.5)

    async def cancel(self, job_id: str) -> None:
        """A client calls its job off."""
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

    async def _interrupt(self, interruption: Interruption) -> None:
        await asyncio.sleep(interruption.at)
        process = self.processes[interruption.process]
        if not self.faulty or process.life is None or process.life.dead:
            return
        if interruption.kind == "kill":
            process.life.end("killed")
        elif interruption.kind == "stop":
            await process.stop()
        else:
            await process.cut_off(interruption.seconds)

    async def _broker_outages(self) -> None:
        for window in self.faults.windows:
            if window.what == "broker":
                await asyncio.sleep(max(0, window.start - self.loop.time()))
                await asyncio.gather(*(process.cut_off(window.end - window.start) for process in self.processes))

    async def _stop_spending(self) -> None:
        """In some worlds an operator stops spending for a while."""
        random = Random(f"stop {self.seed}")
        if self.faults.peaceful or random.random() < 0.8:
            return
        await asyncio.sleep(random.uniform(0, FAULTY_SECONDS))
        self.database.spending.control = SpendingControl(stopped=True)
        self.stopped_at = self.loop.time()
        self.say("operator", "stops spending")
        await asyncio.sleep(random.uniform(10, 120))
        self.stopped_at = None
        self.database.spending.control = SpendingControl()
        self.say("operator", "resumes spending")

    async def _poison(self) -> None:
        await asyncio.sleep(self.random.uniform(0, FAULTY_SECONDS))
        queue = self.random.choice(topology.QUEUES)
        self.poisoned += 1
        self.say("outsider", f"puts poison into {queue.name}")
        self.rabbit.route("", queue.name, Message(b"\xff poison", headers={"ce-specversion": "1.0"}))

    async def internet(self, request: httpx.Request, life: Any) -> httpx.Response:
        """Where every request of a service goes."""
        if request.headers["host"].endswith(DOMAIN):
            return await self.receivers.answer(life, request)
        return await self.provider.answer(life, request)


def run(seed: int) -> Outcome:
    """One run of the whole system. The same seed gives the same trace."""
    began = time.perf_counter()
    concept()  # made once a process, and not with this run's entropy
    loop = VirtualLoop()
    world = World(seed, loop)
    gc.disable()  # a tenth of the time, and it would run finalisers of the dead at moments of its own
    try:
        with simulated_environment(world):
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
        gc.enable()
        loop.close()
    checks = world.checks
    statuses = Counter[str](job.status for job in world.jobs.values())
    return Outcome(seed, checks.violations, world.trace, statuses, checks.counts, time.perf_counter() - began)


def describe(job: Job) -> str:
    """A job in one line."""
    slots = " ".join(
        f"{slot.number}:{slot.state}/{slot.attempt}/{len(slot.prediction_ids)}" for slot in job.predictions
    )
    return f"v{job.version} {job.status} {job.stage} [{slots}]" + (f" {job.error.code}" if job.error else "")
