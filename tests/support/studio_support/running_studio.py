"""The whole studio as processes, with a client of its API and of the stand-in's switches."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aio_pika
import httpx
from pymongo import MongoClient

from studio_contracts.job import TERMINAL
from studio_local.infrastructure import Infrastructure
from studio_local.processes import wait_until
from studio_local.services import WORKERS
from studio_local.stack import ServiceStack
from studio_support.guarded_database import DATABASE, GuardedDatabase

PATIENCE_SECONDS = 240.0
SMALL = {"width_m": 4, "height_m": 2}
"""Large enough for three directions of most briefs."""
IMPATIENT = {
    "STANDIN_DELAY_SECONDS": "0.1",
    "STUDIO_STUCK_AFTER": "2",
    "STUDIO_DAY_CENTS": "10000000",
}


class Studio:
    """A client of a running stack, and of the switches of its stand-in."""

    def __init__(self, stack: ServiceStack) -> None:
        self.stack = stack
        self.client = httpx.Client(base_url=stack.gateway_url, timeout=30, trust_env=False)
        self._standin = httpx.Client(base_url=f"{stack.standin_url}/standin", timeout=30, trust_env=False)
        self._marks = itertools.count()

    def close(self) -> None:
        self.client.close()
        self._standin.close()

    def get(self, url: str) -> httpx.Response:
        return self.client.get(url)

    @contextmanager
    def faults(self, **rules: list[dict[str, Any]]) -> Iterator[str]:
        """Faults for the prompts that hold the mark this gives."""
        mark = f"mark{next(self._marks)}x"
        marked = {kind: [{**rule, "prompt_contains": mark} for rule in given] for kind, given in rules.items()}
        self._standin.put("/faults", json=marked).raise_for_status()
        yield f"a pond {mark}"
        self._standin.delete("/faults").raise_for_status()

    def post(self, prompt: str | None = "ocean energy with fish", **brief: Any) -> str:
        """The job of a brief; one that begins with another job has no prompt.

        It is for one picture of a small surface unless it says more: one of ten by three metres takes twice the work.
        """
        wanted = brief if prompt is None else {"prompt": prompt, "count": 1, "surface": SMALL, **brief}
        answer = self.client.post("/v1/jobs", json=wanted)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"/v1/jobs/{job_id}").json())

    def wait_for(self, job_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        self.until(lambda: condition(self.job(job_id)))
        return self.job(job_id)

    def wait(self, job_id: str) -> dict[str, Any]:
        return self.wait_for(job_id, lambda job: job["status"] in TERMINAL)

    def run(self, prompt: str | None = "ocean energy with fish", **brief: Any) -> dict[str, Any]:
        return self.wait(self.post(prompt, **brief))

    def until(self, condition: Callable[[], bool]) -> None:
        assert wait_until(condition, PATIENCE_SECONDS, slowing=0.1), "the condition did not hold in time"

    def delivered_pictures(self) -> int:
        """Pictures that the provider delivered, by the stand-in's ledger."""
        return sum(entry["pictures"] for entry in self._standin.get("/ledger").json()["predictions"])

    def paid_for(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """The entries of the stand-in's ledger for a job's predictions, by slot."""
        ledger = self._standin.get("/ledger").json()["predictions"]
        ours = [entry for entry in ledger if f"/{job['id']}/" in (entry["webhook"] or "")]
        return sorted(ours, key=lambda entry: entry["webhook"].split("/")[-3:])

    def stored_jobs(self) -> int:
        with MongoClient[dict[str, Any]](self.stack.endpoints.mongodb_url) as client:
            return client[self.stack.endpoints.database]["jobs"].count_documents({})

    def health_addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{self.stack.ports[name]}" for name in ("gateway", *WORKERS)]

    def publish_raw(self, routing_key: str, body: bytes, headers: dict[str, Any]) -> None:
        """Publish any bytes to the consumers."""

        async def publish() -> None:
            async with await aio_pika.connect(self.stack.endpoints.rabbitmq_url) as connection:
                exchange = await (await connection.channel()).get_exchange("studio.events")
                await exchange.publish(aio_pika.Message(body, headers=headers), routing_key)

        asyncio.run(publish())

    def dead_letter(self, queue: str) -> dict[str, Any]:
        """Headers of the next message in a dead-letter queue, which is removed."""
        found: list[dict[str, Any]] = []

        async def look() -> None:
            async with await aio_pika.connect(self.stack.endpoints.rabbitmq_url) as connection:
                source = await (await connection.channel()).get_queue(queue)
                message = await source.get(fail=False)
                if message is not None:
                    await message.ack()
                    found.append(dict(message.headers))

        def arrived() -> bool:
            asyncio.run(look())
            return bool(found)

        self.until(arrived)
        return found[0]


@contextmanager
def running_studio(
    infrastructure: Infrastructure, folder: Path, extra: dict[str, str], database: GuardedDatabase | None = None
) -> Iterator[Studio]:
    """The whole studio with these settings, on a virtual host and a database of its own.

    With a guarded database each service works as its own user there.
    """
    with infrastructure.isolated() as endpoints:
        if database is not None:
            endpoints = endpoints._replace(mongodb_url=database.operator, database=DATABASE)
        services = ServiceStack(infrastructure, endpoints, folder, extra=extra)
        for name, url in database.urls.items() if database is not None else ():
            services.services[name].environment["MONGODB_URL"] = url
        with services as stack, closing(Studio(stack)) as studio:
            yield studio
