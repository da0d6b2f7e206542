"""One process of a service: its real code on simulated adapters, until it is killed."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.persistence.job_service import JobService
from studio_chassis.runtime.background_tasks import keep_running
from studio_chassis.runtime.service import ServiceContext
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore

if TYPE_CHECKING:
    from studio_simulation.world import World

T = TypeVar("T")
DRAIN_SECONDS = 25.0
OUTAGE_OF = {"store": "store", "objects": "objects", "broker": "broker"}
LIFE: ContextVar["Life"] = ContextVar("life")
"""Whose code is running: an HTTP client made by it is its own."""


class Life:
    """A process from its start to its death. Dead, it never acts again: every adapter hangs, as nothing would run."""

    def __init__(self, world: "World", name: str, skew: timedelta) -> None:
        self.world = world
        self.name = name
        self.dead = False
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._skew = skew

    def now(self) -> datetime:
        """This machine's clock, which is a little off."""
        return self.world.now() + self._skew

    def end(self, why: str) -> None:
        """Nothing this process was about to do will happen."""
        if not self.dead:
            self.dead = True
            self.died.set_result(None)
            self.world.say(self.name, f"dies: {why}")

    async def gate(self, operation: str, moment: str) -> None:
        """Where a process may be killed; a dead one stays here."""
        if not self.dead and self.world.happens(f"crash.{moment}"):
            self.end(f"{moment} {operation}")
        if self.dead:
            if self.world.over:
                raise asyncio.CancelledError
            await self.world.hang()

    async def wire(self, operation: str, effect: Callable[[], T]) -> T:
        """An operation of an adapter: what was sent takes effect, even when the sender dies in between."""
        world, kind = self.world, operation.partition(".")[0]
        await self.gate(operation, "before")
        fails = operation not in ("broker.ack", "broker.reject", "broker.consume", "broker.cancel")
        if fails and (world.away(kind) or world.happens(f"{kind}.refused")):
            await asyncio.sleep(world.latency())
            await self.gate(operation, "before")
            raise Unavailable(f"{operation}: refused")
        await asyncio.sleep(world.latency())
        result = effect()
        if operation == "broker.publish" and world.happens("broker.twice"):
            effect()
        await asyncio.sleep(world.latency())
        await self.gate(operation, "after")
        if fails and world.happens(f"{kind}.lost"):
            raise Unavailable(f"{operation}: the answer was lost")
        return result


class Process:
    """A place where a service runs; when it dies, it is started again."""

    def __init__(self, world: "World", service: str, number: int, build: Any, settings: Any) -> None:
        self.world = world
        self.service = service
        self.name = f"{service}-{number}"
        self.life: Life | None = None
        self.app: Any = None
        self._build, self._settings = build, settings
        self._consumers: list[Consumer] = []
        self._jobs: JobService
        self._broker: SimulatedBroker

    async def run(self) -> None:
        """Start, wait for the end, start again."""
        world = self.world
        while True:
            skew = timedelta(seconds=world.random.uniform(-world.skew_seconds, world.skew_seconds))
            life = self.life = Life(world, self.name, skew)
            LIFE.set(life)
            world.spawn(self._live(life))
            await life.died
            self.app = None
            await asyncio.sleep(world.random.uniform(0.05, 3))
            self._broker.lose()  # the broker notices
            self._broker.subscriptions.clear()
            await asyncio.sleep(world.random.uniform(0.5, 15))

    async def _live(self, life: Life) -> None:
        world = self.world
        broker = self._broker = SimulatedBroker(world.rabbit, life.wire)
        store = SimulatedJobStore(world.database, life.wire)
        objects = SimulatedObjectStore(world.bucket, life.wire)
        jobs = self._jobs = JobService(store, broker.publish, life.now, self.service)
        chassis = ServiceContext(jobs, store, objects, broker, life.now)
        async with AsyncExitStack() as stack:
            work = await stack.enter_async_context(self._build(chassis, self._settings))
            self._consumers = [
                Consumer(broker, handler.queue, handler.bound_to(jobs), jobs.dead_lettered) for handler in work.handlers
            ]
            if work.web is not None:
                self.app = work.web(_no_health)
            world.say(self.name, "starts")
            for consumer in self._consumers:
                world.spawn(consumer.start())
                world.spawn(keep_running(consumer.watch))
            for loop in work.loops:
                world.spawn(keep_running(loop))
            await asyncio.get_running_loop().create_future()

    async def stop(self) -> None:
        """As SIGTERM: finish what is in flight, then end."""
        life = self.life
        if life is None or life.dead:
            return
        self.world.say(self.name, "drains")
        await asyncio.gather(*(consumer.drain(DRAIN_SECONDS) for consumer in self._consumers))
        await self._jobs.outbox.flush()
        life.end("stopped")

    async def cut_off(self, seconds: float) -> None:
        """The connection to the broker is lost for a while."""
        life, broker = self.life, self._broker
        if life is None or life.dead or not broker.is_connected:
            return
        self.world.say(self.name, f"loses the broker for {seconds:.1f} s")
        broker.lose()
        await asyncio.sleep(seconds)
        if not life.dead:
            broker.restore()

    async def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """A request to the web application. Raises ConnectionError when the process is dead or dies first."""
        life = self.life
        if life is None or life.dead or self.app is None or self.world.away("gateway"):
            raise ConnectionError("no server listens")
        await asyncio.sleep(self.world.latency())
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        client = self.world.real_client(transport=transport, base_url="https://studio.example", trust_env=False)
        LIFE.set(life)
        task = self.world.spawn(client.request(method, path, **content))
        ends: list[asyncio.Future[Any]] = [task, life.died]
        await asyncio.wait(ends, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() or life.dead:
            raise ConnectionError("no answer")
        return task.result()


async def _no_health(*_: Any) -> None:
    """A simulated process has no health endpoint."""
