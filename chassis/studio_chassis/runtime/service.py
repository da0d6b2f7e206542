"""The one way to start a service: settings, logs, connections, consumers and loops; SIGTERM drains them."""

import asyncio
import math
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

import structlog
import uvicorn

from studio_chassis.errors import ChassisError
from studio_chassis.messaging.broker import open_broker
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.protocols import MessageBroker
from studio_chassis.observability.logs import configure_logs
from studio_chassis.observability.tracing import tracing_enabled
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.persistence.objects import ObjectStore, UrlObjectStore
from studio_chassis.persistence.store import JobStore
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.background_tasks import keep_running, measure_lag
from studio_chassis.runtime.clock import Clock, utc_now
from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.health import Health
from studio_chassis.runtime.http_connections import ConnectionsConfig
from studio_chassis.runtime.memory import keep_what_is_loaded
from studio_chassis.runtime.settings import ServiceSettings, read_settings

SHUTDOWN_SECONDS = 12.0
"""What closing the connections may take once the work is drained."""
DATE_SECONDS = 1.0
FAILED = 1
log = structlog.get_logger()
S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class ServiceContext:
    """What a service is given to work with."""

    jobs: JobService
    store: JobStore
    objects: ObjectStore
    broker: MessageBroker
    clock: Clock


@dataclass(frozen=True)
class ServiceDefinition:
    """What a service does: a table of handlers, loops that run until they are cancelled, and perhaps a web application.

    `web` is given the health application to mount; without it the health application is all there is to see. `health`
    makes what the health port serves out of the health application, where that is more.
    `trusted_proxies`: addresses whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.
    """

    handlers: Sequence[JobHandler[Any]] = ()
    loops: Sequence[Callable[[], Awaitable[None]]] = ()
    web: Callable[[Health], Any] | None = None
    health: Callable[[Health], Any] = lambda health: health
    trusted_proxies: str = "127.0.0.1"
    keep_alive: timedelta = timedelta(seconds=5)
    max_connections: int = 100


ServiceFactory = Callable[[ServiceContext, S], AbstractAsyncContextManager[ServiceDefinition]]


def run_service(name: str, settings_type: type[S], build: ServiceFactory[S]) -> None:
    """Read the settings, run the service until SIGTERM or SIGINT, drain, stop.

    The reason why it does not start, or ends, is logged last, and ends the process with status 1 immediately: what
    a half-started service leaves open is closed by the kernel. A second signal ends it in the same way, and so does a
    drain that does not end within its time.
    """
    settings = read_settings(settings_type)
    configure_logs(name, settings.log_format, settings.log_level)
    failpoints.arm(settings.failpoint)
    try:
        asyncio.run(_serve(name, settings, build))
    except BaseException as error:  # noqa: BLE001 - also SystemExit, which uvicorn raises when it cannot serve
        _exit(error)


def _exit(error: BaseException | str) -> NoReturn:
    """Log why, and end the process without waiting for anything."""
    if isinstance(error, str):
        log.critical("ended", reason=error)
    else:
        log.critical("ended", reason=f"{type(error).__name__}: {error}", exc_info=error)
    sys.stdout.flush()
    os._exit(FAILED)


async def _serve(name: str, settings: S, build: ServiceFactory[S]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stop, settings.drain_time.total_seconds())
    numbers = dict.fromkeys((settings.listen_port, settings.health_port))  # one where both are the same
    ports = [open_port(settings.http_host, number) for number in numbers]
    with tracing_enabled(name, settings.build):
        try:
            await _run_until(stop, ports, name, settings, build)
        except BaseException as error:  # noqa: BLE001 - logged before the clean-up, which may take long
            _exit(error)
    log.info("stopped")


def _stop(stop: asyncio.Event, drain_seconds: float) -> None:
    if stop.is_set():
        _exit("stopped a second time")
    stop.set()
    # Of a thread of its own: what keeps the process from ending may be the loop itself.
    last_resort = threading.Timer(drain_seconds + SHUTDOWN_SECONDS, _exit, ["not drained in time"])
    last_resort.daemon = True
    last_resort.start()


def open_port(host: str, port: int) -> socket.socket:
    """A socket that listens, before anything else is opened. Raises OSError that names host and port."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    # Its connections inherit this; asyncio sets it only where a socket knows its protocol's number, which this one does
    # not. Without it, a body waits until the client has acknowledged the headers: up to 40 ms on a kept connection.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def _run_until(
    stop: asyncio.Event, ports: Sequence[socket.socket], name: str, settings: S, build: ServiceFactory[S]
) -> None:
    async with open_service_context(name, settings) as context, build(context, settings) as work:
        keep_what_is_loaded()
        consumers = [
            Consumer(
                context.broker,
                handler.queue,
                handler.bound_to(context.jobs),
                context.jobs.dead_lettered,
                context.clock,
            )
            for handler in work.handlers
        ]
        instance = settings.instance or secrets.token_hex(4)
        health = Health(name, settings.build, instance, context.store.ping, consumers, context.broker.check)
        app = work.web(health) if work.web is not None else health
        background = [asyncio.create_task(_set_up(context, consumers, health))]
        background += [asyncio.create_task(keep_running(loop)) for loop in (measure_lag, *work.loops)]
        background += [asyncio.create_task(keep_running(consumer.watch)) for consumer in consumers]
        drain_seconds = settings.drain_time.total_seconds()
        configs = [
            server_config(app, work, drain_seconds),
            server_config(work.health(health), ServiceDefinition(), drain_seconds),
        ]
        servers = [_Server(config) for config, _ in zip(configs, ports, strict=False)]
        serving = [
            asyncio.create_task(server.serve(sockets=[port])) for server, port in zip(servers, ports, strict=True)
        ]
        log.info(
            "started",
            port=ports[0].getsockname()[1],
            health_port=ports[-1].getsockname()[1],
            instance=instance,
            queues=[handler.queue.name for handler in work.handlers],
        )
        await asyncio.wait([*serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            raise RuntimeError("the HTTP server ended by itself")
        log.info("draining")
        health.stopping = True
        for server in servers:
            server.stop()
        await asyncio.gather(*(consumer.drain(drain_seconds) for consumer in consumers))
        await asyncio.gather(*serving)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await context.jobs.outbox.flush()


def server_config(app: Any, definition: ServiceDefinition, drain_seconds: float) -> uvicorn.Config:
    """How the web server of every service runs."""
    return ConnectionsConfig(
        app,
        max_connections=definition.max_connections,
        log_config=None,
        access_log=False,
        lifespan="off",
        forwarded_allow_ips=definition.trusted_proxies,
        timeout_keep_alive=math.ceil(definition.keep_alive.total_seconds()),
        timeout_graceful_shutdown=math.ceil(drain_seconds),  # a client that reads slowly or never
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: one place decides when a service stops. Idle, it wakes once a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more connections, and end once the open ones are served."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which renews the date of the responses
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), DATE_SECONDS)

    @contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def open_service_context(
    name: str, settings: ServiceSettings, clock: Clock = utc_now
) -> AsyncIterator[ServiceContext]:
    """Connections for one service, closed in reverse order. Neither broker nor database need to be up yet."""
    async with (
        open_mongo_store(settings.database_address, settings.database, name) as store,
        open_broker(settings.broker_address, name, settings.build, settings.queue_partitions) as broker,
    ):
        jobs = JobService(store, broker.publish, clock, name)
        yield ServiceContext(jobs, store, UrlObjectStore(settings.object_store_url), broker, clock)


async def _set_up(context: ServiceContext, consumers: Sequence[Consumer], health: Health) -> None:
    async def indexes() -> None:
        while True:
            with suppress(ChassisError):
                health.index_problems = await context.store.create_indexes()
                return
            await asyncio.sleep(1)

    try:
        await asyncio.gather(indexes(), *(consumer.start() for consumer in consumers))
    except Exception as error:
        log.error("set-up failed", reason=str(error), exc_info=error)
        raise
