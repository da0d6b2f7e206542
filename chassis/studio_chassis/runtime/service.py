"""The one way to start a service: settings, logs, connections, consumers and loops; SIGTERM drains them."""

import asyncio
import math
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
import uvicorn

from studio_chassis.errors import ChassisError
from studio_chassis.messaging.broker import Broker, open_broker
from studio_chassis.messaging.consumer import Consumer, Handler
from studio_chassis.observability import metrics
from studio_chassis.observability.logs import configure_logs
from studio_chassis.observability.tracing import tracing_enabled
from studio_chassis.persistence.jobs import Jobs
from studio_chassis.persistence.mongo import MongoJobStore, open_mongo_store
from studio_chassis.persistence.objects import ObjectStore, UrlObjectStore
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.clock import Clock, utc_now
from studio_chassis.runtime.health import Health
from studio_chassis.runtime.settings import ServiceSettings, read_settings
from studio_contracts.topology import Queue

LAG_SECONDS = 1.0
log = structlog.get_logger()
S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class ServiceContext:
    """What a service is given to work with."""

    jobs: Jobs
    store: MongoJobStore
    objects: ObjectStore
    broker: Broker
    clock: Clock


@dataclass(frozen=True)
class ServiceDefinition:
    """What a service does: handlers by queue, loops that run until they are cancelled, and perhaps a web application.

    `web` is given the health application to mount; without it the health application is all there is to see.
    """

    handlers: Mapping[Queue, Handler] = field(default_factory=dict)
    loops: Sequence[Callable[[], Awaitable[None]]] = ()
    web: Callable[[Health], Any] | None = None
    port: int | None = None


ServiceFactory = Callable[[ServiceContext, S], AbstractAsyncContextManager[ServiceDefinition]]


def run_service(name: str, settings_type: type[S], build: ServiceFactory[S]) -> None:
    """Read the settings, run the service until SIGTERM or SIGINT, drain, stop."""
    settings = read_settings(settings_type)
    configure_logs(name, settings.log_format, settings.log_level)
    failpoints.arm(settings.failpoint)
    asyncio.run(_serve(name, settings, build))


async def _serve(name: str, settings: S, build: ServiceFactory[S]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tracing_enabled(name, settings.build):
        await _run_until(stop, name, settings, build)
    log.info("stopped")


async def _run_until(stop: asyncio.Event, name: str, settings: S, build: ServiceFactory[S]) -> None:
    async with open_service_context(name, settings) as chassis, build(chassis, settings) as work:
        consumers = [
            Consumer(chassis.broker, chassis.jobs, queue, handler, chassis.clock)
            for queue, handler in work.handlers.items()
        ]
        health = Health(name, settings.build, chassis.store.ping, consumers)
        app = work.web(health) if work.web is not None else health
        port = settings.health_port if work.port is None else work.port
        background = [asyncio.create_task(_set_up(chassis, consumers))]
        background += [asyncio.create_task(_keep_running(loop)) for loop in (_measure_lag, *work.loops)]
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=math.ceil(settings.drain_seconds),  # a client that reads slowly or never
            )
        )
        serving = asyncio.create_task(server.serve())
        log.info("started", port=port, queues=[queue.name for queue in work.handlers])
        await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        log.info("draining")
        health.stopping = True
        server.should_exit = True
        await asyncio.gather(*(consumer.drain(settings.drain_seconds) for consumer in consumers))
        await serving
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await chassis.jobs.flush_publishing()


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: one place decides when a service stops."""

    @contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def open_service_context(
    name: str, settings: ServiceSettings, clock: Clock = utc_now
) -> AsyncIterator[ServiceContext]:
    """Connections for one service, closed in reverse order. Neither broker nor database need to be up yet."""
    async with (
        open_mongo_store(settings.mongodb_url.get_secret_value(), settings.database, name) as store,
        open_broker(settings.rabbitmq_url.get_secret_value(), name, settings.build) as broker,
    ):
        jobs = Jobs(store, broker.publish, clock, name)
        yield ServiceContext(jobs, store, UrlObjectStore(settings.object_store_url), broker, clock)


async def _set_up(chassis: ServiceContext, consumers: Sequence[Consumer]) -> None:
    async def indexes() -> None:
        while True:
            with suppress(ChassisError):
                return await chassis.store.create_indexes()
            await asyncio.sleep(1)

    try:
        await asyncio.gather(indexes(), *(consumer.start() for consumer in consumers))
    except Exception as error:
        log.error("set-up failed", reason=str(error), exc_info=error)
        raise


async def _measure_lag() -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LAG_SECONDS)
        metrics.loop_lag_seconds.set(max(0.0, time.perf_counter() - before - LAG_SECONDS))


async def _keep_running(loop: Callable[[], Awaitable[None]]) -> None:
    """A loop that fails is logged and started again after a pause: one bad round must not end the service."""
    while True:
        try:
            await loop()
        except Exception as error:
            log.warning("loop failed", loop=getattr(loop, "__qualname__", str(loop)), reason=str(error), exc_info=error)
            await asyncio.sleep(1)
