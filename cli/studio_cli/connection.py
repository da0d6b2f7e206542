"""What a command works with, opened for the command alone: the job store, and for most an AMQP connection."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import uuid4

import structlog
import typer
from aio_pika.abc import AbstractChannel, AbstractConnection

from studio_chassis.errors import ChassisError
from studio_chassis.messaging.broker import open_broker
from studio_chassis.messaging.connection import CONNECTION_ERRORS, open_connection
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.mongo import MongoJobStore, open_mongo_store
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import ServiceSettings, read_settings
from studio_contracts.events import Event

R = TypeVar("R")
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service",
        envvar="STUDIO_SERVICE_URLS",
        help="Address of a service's /readyz, without the path, or of the broker's metrics, for its clock. "
        "Repeat it; in the variable, with blanks between.",
    ),
]
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Studio:
    """Jobs to read and reopen, and a channel to read dead letters from."""

    store: MongoJobStore
    jobs: JobService
    connection: AbstractConnection
    channel: AbstractChannel
    publish: Callable[[Event], Awaitable[None]]
    settings: ServiceSettings


@asynccontextmanager
async def connected() -> AsyncIterator[Studio]:
    """The studio of the environment's settings. Dead letters that were read and not settled go back at the end."""
    settings = read_settings(ServiceSettings)
    url = settings.broker_address
    async with (
        open_mongo_store(settings.database_address, settings.database, "cli") as store,
        await open_connection(url, CONNECT_SECONDS) as connection,
        open_broker(url, f"cli-{uuid4().hex[:6]}", settings.build, declares=False) as broker,
    ):
        async with asyncio.timeout(CONNECT_SECONDS):
            await broker.ready.wait()
        channel = await connection.channel()
        jobs = JobService(store, broker.publish, utc_now, "operator")
        yield Studio(store, jobs, connection, channel, broker.publish, settings)


def run(command: Callable[[Studio], Coroutine[Any, Any, R]]) -> R:
    """Run a command's coroutine on a connected studio."""

    async def whole() -> R:
        async with connected() as studio:
            return await command(studio)

    return _run(whole)


def run_on_store(command: Callable[[MongoJobStore], Coroutine[Any, Any, R]]) -> R:
    """Run a command's coroutine on the database alone: it works while the broker is down."""

    async def whole() -> R:
        settings = read_settings(ServiceSettings)
        async with open_mongo_store(settings.database_address, settings.database, "cli") as store:
            return await command(store)

    return _run(whole)


def _run(whole: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """What cannot be reached is named in one line on stderr, with status 1."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))  # the output is the command's
    logging.getLogger().addHandler(logging.NullHandler())  # nor do libraries write into it
    try:
        return asyncio.run(whole())
    except (ChassisError, *CONNECTION_ERRORS) as error:
        typer.echo(f"{type(error).__name__}: {error}\n`studio doctor` says what is wrong.", err=True)
        raise typer.Exit(1) from error
