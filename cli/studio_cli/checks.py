"""What `studio doctor` proves about broker, database, object store and provider, by using them."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractConnection

from studio_chassis.errors import Unavailable
from studio_chassis.messaging.cloudevents import PROBE
from studio_chassis.messaging.connection import CONNECTION_ERRORS, open_connection
from studio_chassis.messaging.inspection import existing_parts, inspect_queue, missing_declarations
from studio_chassis.observability.logs import cause_of
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.persistence.objects import UrlObjectStore
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import AccountBlocked, Misdirected, NotTheProvider, OutOfCredit, ProviderError
from studio_chassis.replicate.http_client import open_http_client
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.settings import ServiceSettings
from studio_chassis.runtime.shared_settings import ModelSettings, ProviderSettings
from studio_chassis.runtime.timeouts import wait_or_abandon
from studio_cli.diagnosis import CLEANUP_SECONDS, Fault
from studio_contracts.models import MODELS
from studio_contracts.topology import QUEUES

FIND_SECONDS = 4.0
CONFIRM_SECONDS = 1.5
MEGABYTE = 2**20
ALMOST_FULL = 0.9
READ_AT_MOST = 5_000
"""Job documents read in the search for one that cannot be: unfinished ones first, then the newest."""
NAMED = 10


class _Blockings(logging.Handler):
    """Why the broker blocks this connection, which its library only logs."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "was blocked by" in record.msg and isinstance(record.args, tuple):
            self.reasons.append(str(record.args[-1]))


@contextmanager
def _blockings() -> Iterator[list[str]]:
    handler, logger = _Blockings(), logging.getLogger("aiormq.connection")
    logger.addHandler(handler)
    try:
        yield handler.reasons
    finally:
        logger.removeHandler(handler)


def remedy_for(cause: str, setting: str, server: str) -> str:
    """What helps against a connection that fails for this cause."""
    text = cause.lower()
    if "ssl" in text or "certificate" in text:
        return f"the certificate or TLS setting of {setting} is wrong: STUDIO_TLS_CA_FILE, its expiry, its host name"
    if any(
        word in text for word in ("access_refused", "authentication", "login was refused", "code: 18", "'code': 18")
    ):
        return f"user or password of {setting} is wrong: was it rotated?"
    if "not allowed" in text or "no_access" in text or "not_allowed" in text or "'code': 13" in text:
        return f"the user of {setting} lacks rights"
    if "name or service not known" in text or "name resolution" in text:
        return f"the host name of {setting} does not resolve: correct it, or look at DNS"
    return f"start {server}, or correct host and port of {setting}"


async def check_broker(settings: ServiceSettings) -> str:
    """Connect, count, publish with a confirm, and find every queue and binding."""
    try:
        connection = await open_connection(settings.broker_address, FIND_SECONDS)
    except CONNECTION_ERRORS as error:
        cause = cause_of(error)
        raise Fault(f"RABBITMQ_URL: {cause}", remedy_for(cause, "RABBITMQ_URL", "RabbitMQ")) from error
    try:
        with _blockings() as reasons:
            return await _use_broker(connection, reasons, settings.queue_partitions)
    finally:
        with suppress(*CONNECTION_ERRORS):  # a blocked connection does not answer
            await wait_or_abandon(CLEANUP_SECONDS, connection.close())


async def _use_broker(connection: AbstractConnection, reasons: list[str], partitions: int) -> str:
    waiting, dead, attended, unattended = await _counts(connection, partitions)
    if attended:
        await _confirm(connection, attended[0], reasons)
    missing = await missing_declarations(connection, partitions)
    if missing:
        remedy = "start any service, or let one reconnect: it declares them"
        if any(queue.partition(0) in attended for queue in QUEUES) != (partitions > 1):
            remedy = "set STUDIO_QUEUE_PARTITIONS as in the services' settings, or restart them"
        raise Fault(f"missing: {'; '.join(missing)}", remedy)
    if unattended:
        remedy = "start the service its name begins with, or see at its /readyz why it pauses"
        raise Fault(f"no consumer for {', '.join(unattended)}", remedy)
    return f"confirms, {len(QUEUES)} queues with their bindings, {waiting} messages waiting, {dead} dead letters"


async def _counts(connection: AbstractConnection, partitions: int) -> tuple[int, int, list[str], list[str]]:
    """Messages that wait, dead letters, and queues with and without a consumer; of the queues that are there.

    A queue of another number of partitions is without a consumer only where it has messages: else it needs none.
    """
    work = {name: found for queue in QUEUES for name, found in (await existing_parts(connection, queue)).items()}
    dead_letters = [await inspect_queue(connection, queue.dead_letter_queue) for queue in QUEUES]
    waiting, dead = (
        sum(found.message_count or 0 for found in queues if found) for queues in (work.values(), dead_letters)
    )
    needed = {part for queue in QUEUES for part in queue.parts(partitions)}
    attended = [name for name, found in work.items() if found.consumer_count]
    idle = [name for name, found in work.items() if not found.consumer_count]
    return waiting, dead, attended, [name for name in idle if name in needed or work[name].message_count]


async def _confirm(connection: AbstractConnection, queue: str, reasons: list[str]) -> None:
    """Publish a probe, which its consumer acknowledges unread; a broker out of memory or disk never confirms it."""

    async def publish() -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        probe = aio_pika.Message(b"{}", headers={PROBE: 1})
        await channel.default_exchange.publish(probe, queue, mandatory=True)
        await channel.close()

    try:
        await wait_or_abandon(CONFIRM_SECONDS, publish())
    except CONNECTION_ERRORS as error:
        why = "; ".join(reasons) or cause_of(error)
        remedy = "an alarm: free memory or disk of the broker (rabbitmq-diagnostics -q alarms), runbook broker-full"
        raise Fault(f"publishing is not confirmed ({why})", remedy) from error


async def check_database(settings: ServiceSettings) -> str:
    """Ping a primary, compare the indexes' definitions, and read documents."""
    address = settings.database_address
    async with open_mongo_store(address, settings.database, "cli", FIND_SECONDS) as store:
        try:
            await store.ping()
            problems = await store.index_problems()
            unreadable = await store.unreadable(READ_AT_MOST)
            used = await store.used_ratio()
        except Unavailable as error:
            raise Fault(f"MONGODB_URL: {error}", remedy_for(str(error), "MONGODB_URL", "MongoDB")) from error
    faults = [f"index {problem}" for problem in problems]
    faults += [f"job {job_id} cannot be read by this release ({reason})" for job_id, reason in unreadable[:NAMED]]
    if len(unreadable) > NAMED:
        faults.append(f"and {len(unreadable) - NAMED} more jobs cannot be read")
    if faults:
        remedy = "roll forward to the release that wrote them, or see docs/runbooks/roll-back.md"
        raise Fault("; ".join(faults), remedy if unreadable else "see each index")
    _refuse_full("database", used)
    return f"answers, indexes are there, documents are readable{_fill(used)}"


async def check_objects(settings: ServiceSettings) -> str:
    """Write, read, compare and remove a megabyte."""
    folder, wanted = f"doctor/{uuid4()}", os.urandom(MEGABYTE)
    try:
        store = UrlObjectStore(settings.object_store_url, retries=0)
        try:
            await store.put(f"{folder}/probe", wanted)
            found = await store.get(f"{folder}/probe")
        finally:
            with suppress(Unavailable):
                await store.delete_under(folder)
        used = await store.used_ratio()
    except Unavailable as error:
        raise Fault(f"OBJECT_STORE_URL: {error}", store_remedy(str(error))) from error
    if found != wanted:
        raise Fault("OBJECT_STORE_URL answers with other bytes than were written", "another process or a cache answers")
    _refuse_full("object store", used)
    return f"a megabyte written, read and removed{_fill(used)}"


def store_remedy(cause: str) -> str:
    """What helps against a store that fails for this cause."""
    text = cause.lower()
    if "no space left" in text or "quota" in text or "insufficientstorage" in text:
        return "the volume is full: enlarge it, or remove old jobs (docs/runbooks/volume-full.md)"
    if "read-only" in text:
        return "the volume is mounted read-only: look at the machine's disk, mount it again"
    if "denied" in text or "forbidden" in text or "403" in text or "signature" in text:
        return "credentials or rights of the bucket are wrong (`studio store-policy` shows what is needed)"
    if "certificate" in text:
        return "the store's certificate is not trusted: its authority, its expiry, its host name"
    return "correct OBJECT_STORE_URL, bucket and endpoint, or start the store"


def _fill(used: float | None) -> str:
    return "" if used is None else f", its volume is {used:.0%} full"


def _refuse_full(name: str, used: float | None) -> None:
    if used is not None and used > ALMOST_FULL:
        remedy = "enlarge it, or remove old jobs (docs/runbooks/volume-full.md)"
        raise Fault(f"the volume of the {name} is {used:.1%} full", remedy)


async def check_provider(settings: ProviderSettings, model: ModelSettings) -> str:
    """Ask for the account, its predictions and the model's version."""
    wanted = MODELS[model.model]
    async with open_http_client() as http:
        client = ReplicateClient(http, settings.replicate_api_base, settings.replicate_api_token)
        try:
            account = await client.account()
            async for _ in client.recent(utc_now() - timedelta(minutes=1)):
                break
            has_model = await client.has_model(wanted.slug, wanted.version)
        except (Misdirected, NotTheProvider) as error:
            raise Fault(f"REPLICATE_API_BASE or a proxy leads somewhere else ({error})", "correct it") from error
        except OutOfCredit as error:
            raise Fault(f"the account is out of credit ({error})", "add credit; work resumes by itself") from error
        except AccountBlocked as error:
            raise Fault(f"REPLICATE_API_TOKEN is refused ({error})", "put a valid token in") from error
        except ProviderError as error:
            remedy = "read the provider's status page; look at egress and proxy"
            raise Fault(f"REPLICATE_API_BASE does not answer ({error})", remedy) from error
    if not has_model:
        raise Fault(f"the provider has no {wanted.slug} {wanted.version[:12]}", "choose another STUDIO_MODEL")
    return f"answers for account {account or 'unknown'}, {wanted.name} is there"
