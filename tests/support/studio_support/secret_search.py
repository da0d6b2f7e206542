"""Looking for a run's secrets in everything that the run wrote."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import httpx
from bson import encode
from pymongo import MongoClient

from studio_contracts.topology import QUEUES
from studio_local.infrastructure import Endpoints
from studio_local.stack import ServiceStack


def secrets_of(stack: ServiceStack) -> dict[str, str]:
    """Every secret that the run used, by name: those of its settings, and the tokens made of them."""
    found = {name: secret for name, secret in stack.infrastructure.secrets.items() if len(secret) >= 16}
    ledger = httpx.get(f"{stack.standin_url}/standin/ledger", trust_env=False, timeout=30).json()
    for number, entry in enumerate(ledger["predictions"]):
        if entry["webhook"]:
            found[f"webhook token {number}"] = urlsplit(entry["webhook"]).path.split("/")[-4]
    return found


def leaks(stack: ServiceStack) -> list[str]:
    """Where a secret of the run stands: in logs, documents, messages that are left, or objects."""
    return list(search(secrets_of(stack), written(stack)))


def search(secrets: dict[str, str], places: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """Each secret that stands in a place, as `name in place`. The secret itself is not in it."""
    wanted = {name: secret.removeprefix("whsec_").encode() for name, secret in secrets.items()}
    for place, content in places:
        yield from (f"{name} in {place}" for name, secret in wanted.items() if secret in content)


def written(stack: ServiceStack) -> Iterator[tuple[str, bytes]]:
    """Everything that the run wrote, by where it stands."""
    for folder in (logs_of(stack), stack.objects):
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(folder.parent)), path.read_bytes()
    with MongoClient[dict[str, object]](stack.endpoints.mongodb_url) as client:
        database = client[stack.endpoints.database]
        for name in database.list_collection_names():
            for document in database[name].find():
                yield f"{name} {document['_id']}", encode(document)
    yield from asyncio.run(_messages(stack.endpoints))


async def _messages(endpoints: Endpoints) -> list[tuple[str, bytes]]:
    """What is left in the queues and their dead-letter queues. It stays there."""
    found: list[tuple[str, bytes]] = []
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        channel = await connection.channel()
        for name in [name for queue in QUEUES for name in (queue.name, queue.dead_letter_queue)]:
            queue = await channel.get_queue(name, ensure=False)
            while (message := await queue.get(fail=False)) is not None:
                found.append((f"{name} {message.message_id}", message.body + repr(message.headers).encode()))
    return found


def logs_of(stack: ServiceStack) -> Path:
    """The folder of the services' logs."""
    return stack.objects.parent / "logs"


def planted(folder: Path, secret: str) -> Path:
    """A file that holds a secret: to see that the search finds it."""
    path = folder / "planted.log"
    path.write_text(f"a line with {secret} in it")
    return path
