"""`studio doctor`: is everything there that a deployment needs? Each fault with its remedy."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import typer
from aio_pika.abc import AbstractConnection
from rich.console import Console

from studio_chassis.errors import ChassisError
from studio_chassis.messaging.connection import CONNECTION_ERRORS, open_connection
from studio_chassis.messaging.inspection import inspect_queue, missing_declarations
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.persistence.objects import UrlObjectStore
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import AccountBlocked, Misdirected, NotTheProvider, ProviderError
from studio_chassis.replicate.http_client import open_http_client
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import read_settings
from studio_chassis.runtime.shared_settings import ProviderSettings
from studio_contracts.topology import QUEUES

CHECK_SECONDS = 20
READ_AT_MOST = 5_000
"""Job documents read in the search for one that cannot be: unfinished ones first, then the newest."""
NAMED = 10
console = Console()


class Fault(Exception):
    """Something is missing; the text is the remedy."""


def doctor() -> None:
    """Check settings, broker, topology, database, indexes, object store and provider."""
    settings = read_settings(ProviderSettings)
    console.print("[green]ok[/green]    settings are complete")
    checks: dict[str, Callable[[ProviderSettings], Awaitable[str]]] = {
        "broker": _broker,
        "database": _database,
        "object store": _objects,
        "provider": _provider,
    }
    logging.getLogger().addHandler(logging.NullHandler())  # the output is the report's, not the libraries'
    healthy = asyncio.run(_all(settings, checks))
    raise typer.Exit(0 if healthy else 1)


async def _all(settings: ProviderSettings, checks: dict[str, Callable[[ProviderSettings], Awaitable[str]]]) -> bool:
    healthy = True
    for name, check in checks.items():
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                console.print(f"[green]ok[/green]    {name}: {await check(settings)}")
        except (Fault, TimeoutError) as fault:
            healthy = False
            console.print(f"[red]fault[/red] {name}: {str(fault) or f'no answer within {CHECK_SECONDS} s'}")
    return healthy


async def _broker(settings: ProviderSettings) -> str:
    try:
        connection = await open_connection(settings.broker_address, CHECK_SECONDS / 2)
    except CONNECTION_ERRORS as error:
        raise Fault(f"RABBITMQ_URL does not answer ({type(error).__name__}): start RabbitMQ or correct it") from error
    async with connection:
        missing = await missing_declarations(connection)
        waiting, dead, unattended = await _counts(connection)
    if missing:
        raise Fault(f"missing: {'; '.join(missing)}. Start any service, or let one reconnect: it declares them")
    if unattended:
        remedy = "start the service its name begins with, or see at its /readyz why it pauses"
        raise Fault(f"no consumer for {', '.join(unattended)}: {remedy}")
    return f"{len(QUEUES)} queues with their bindings, {waiting} messages waiting, {dead} dead letters"


async def _counts(connection: AbstractConnection) -> tuple[int, int, list[str]]:
    """Messages that wait, dead letters, and queues without a consumer; of the queues that are there."""
    waiting, dead, unattended = 0, 0, []
    for queue in QUEUES:
        work = await inspect_queue(connection, queue.name)
        letters = await inspect_queue(connection, queue.dead_letter_queue)
        waiting += (work.message_count or 0) if work else 0
        dead += (letters.message_count or 0) if letters else 0
        if work and not work.consumer_count:
            unattended.append(queue.name)
    return waiting, dead, unattended


async def _database(settings: ProviderSettings) -> str:
    async with open_mongo_store(settings.database_address, settings.database, "cli") as store:
        try:
            await store.ping()
            problems = await store.index_problems()
            unreadable = await store.unreadable(READ_AT_MOST)
        except ChassisError as error:
            raise Fault(f"MONGODB_URL does not answer ({error}): start MongoDB or correct it") from error
    faults = [f"index {problem}" for problem in problems]
    faults += [f"job {job_id} cannot be read by this release ({reason})" for job_id, reason in unreadable[:NAMED]]
    if len(unreadable) > NAMED:
        faults.append(f"and {len(unreadable) - NAMED} more jobs cannot be read")
    if unreadable:
        faults.append("roll forward to the release that wrote them, or see docs/runbooks/roll-back.md")
    if faults:
        raise Fault("; ".join(faults))
    return "answers, indexes are there, documents are readable"


async def _objects(settings: ProviderSettings) -> str:
    folder = f"doctor/{uuid4()}"
    try:
        store = UrlObjectStore(settings.object_store_url)
        await store.put(f"{folder}/probe", b"ok")
        found = await store.get(f"{folder}/probe")
        await store.delete_under(folder)
    except ChassisError as error:
        raise Fault(f"OBJECT_STORE_URL cannot be written and read ({error}): check bucket and credentials") from error
    return "written, read and removed" if found == b"ok" else "answers with other bytes than were written"


async def _provider(settings: ProviderSettings) -> str:
    async with open_http_client() as http:
        client = ReplicateClient(http, settings.replicate_api_base, settings.replicate_api_token)
        try:
            async for _ in client.recent(utc_now() - timedelta(minutes=1)):
                break
        except (Misdirected, NotTheProvider) as error:
            raise Fault(f"REPLICATE_API_BASE or a proxy leads somewhere else ({error})") from error
        except AccountBlocked as error:
            raise Fault(f"REPLICATE_API_TOKEN is refused or out of credit ({error})") from error
        except ProviderError as error:
            raise Fault(f"REPLICATE_API_BASE does not answer ({error})") from error
    return "answers, the token is accepted"
