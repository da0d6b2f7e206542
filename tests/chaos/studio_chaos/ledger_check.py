"""The state after a chaos run: every job, every picture, every payment, every dead letter."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aio_pika
import httpx
from pymongo import MongoClient

from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.runtime.clock import utc_now
from studio_contracts import topology
from studio_contracts.job import Job
from studio_contracts.models import MODELS
from studio_domain.invariants import at_rest_violations, job_violations
from studio_local.infrastructure import Endpoints
from studio_local.processes import wait_until
from studio_local.stack import ServiceStack

LOOKS, LOOK_SECONDS = 1200, 0.05


class LedgerCheck(NamedTuple):
    """`paid_twice` counts a second prediction for one attempt of a slot, `paid_again` one for another attempt where the
    first did not fail: only a lost response could cause it."""

    accepted: int
    final: int
    lost: int
    paid: int
    paid_twice: int
    paid_again: int
    missing: int
    dead: int
    cents_off: int
    violations: list[str]

    def __str__(self) -> str:
        return (
            f"{self.accepted} jobs accepted, {self.final} final, {self.lost} lost; {self.paid} predictions paid; "
            f"{self.paid_twice} attempts paid twice, {self.paid_again} requested again after a lost response; "
            f"{self.missing} pictures missing; {self.dead} dead letters; recorded usage is {self.cents_off:+d} cents "
            "from the provider's ledger"
        )


def wait_for_rest(stack: ServiceStack, seconds: float) -> bool:
    """Whether every job becomes final, every outbox empty, every client called, and no money is held.

    Gives up when there was no progress for `seconds`: a slow machine needs longer in all, and a stuck job does not.
    """
    with jobs_of(stack.endpoints) as jobs:
        busy = {"$or": [{"final": False}, {"outbox.0": {"$exists": True}}, {"callback.calls.state": "open"}]}
        charges = jobs.database["charges"]

        def left() -> int:
            return int(jobs.count_documents(busy) + charges.count_documents({"state": "held"}))

        while least := left():
            if not wait_until(lambda: left() < least, seconds):
                return False
        return True


@contextmanager
def jobs_of(endpoints: Endpoints) -> Iterator[Any]:
    """The collection of jobs, seen directly."""
    with MongoClient[dict[str, Any]](endpoints.mongodb_url) as client:
        yield client[endpoints.database]["jobs"]


async def check_ledger(stack: ServiceStack, accepted: list[str]) -> LedgerCheck:
    """Count everything. Unknown jobs, and jobs that break an invariant, are `violations`."""
    endpoints = stack.endpoints
    async with open_mongo_store(endpoints.mongodb_url, endpoints.database, "chaos") as store:
        jobs = {job.id: job for job in await store.recent(100_000)}
        outboxes = dict(await store.unpublished(utc_now() + timedelta(hours=1), 100_000))
        today = utc_now().date()
        sums = await store.spending(today - timedelta(days=1), today, [None])
    violations = [f"no client posted {job_id}" for job_id in jobs.keys() - set(accepted)]
    for job in jobs.values():
        found = (*job_violations(job), *at_rest_violations(job, outboxes.get(job.id, ())))
        violations += [f"{job.id}: {what}" for what in found]
    payments, failed = await paid_attempts(stack)
    unfailed = payments.keys() - failed
    return LedgerCheck(
        accepted=len(accepted),
        final=sum(jobs[job_id].is_final for job_id in accepted if job_id in jobs),
        lost=sum(job_id not in jobs or not jobs[job_id].is_final for job_id in accepted),
        paid=payments.total(),
        paid_twice=sum(count - 1 for count in payments.values()),
        paid_again=len(unfailed) - len({attempt[:2] for attempt in unfailed}),
        missing=missing_pictures(stack, [job for job in jobs.values() if job.status == "completed"]),
        dead=await dead_letters(endpoints),
        cents_off=sum(day.spent_cents for day in sums) - await delivered_cents(stack),
        violations=violations,
    )


async def paid_attempts(stack: ServiceStack) -> tuple[Counter[tuple[str, ...]], set[tuple[str, ...]]]:
    """How often each attempt (job, slot, attempt) was paid, by the stand-in's ledger, and those that failed."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        ledger = (await client.get(f"{stack.standin_url}/standin/ledger")).json()
    paid = [entry for entry in ledger["predictions"] if entry["paid"]]
    attempts = [tuple(urlsplit(entry["webhook"]).path.split("/")[-3:]) for entry in paid]
    failed = {attempt for attempt, entry in zip(attempts, paid, strict=True) if entry["status"] == "failed"}
    return Counter(attempts), failed


async def delivered_cents(stack: ServiceStack) -> int:
    """The price of every picture that was delivered, by the stand-in's ledger."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        ledger = (await client.get(f"{stack.standin_url}/standin/ledger")).json()
    pictures: int = sum(entry["pictures"] for entry in ledger["predictions"])
    return pictures * MODELS["sdxl"].cents_per_picture


def missing_pictures(stack: ServiceStack, jobs: list[Job]) -> int:
    """How many promised pictures of these jobs cannot be fetched or do not match their hash."""
    with (
        httpx.Client(base_url=stack.gateway_url, timeout=30, trust_env=False) as client,
        ThreadPoolExecutor(4) as pool,
    ):

        def promised(job: Job) -> list[dict[str, Any]]:
            view = client.get(f"/v1/jobs/{job.id}").json()
            pictures = [picture for concept in view["concepts"] for picture in concept["pictures"].values()]
            assert len(view["concepts"]) == job.brief.count
            return [*(one["stencil"] for one in view["plan"]["directions"]), *pictures]

        def is_missing(picture: dict[str, Any]) -> bool:
            answer = client.get(picture["url"])
            return answer.status_code != 200 or hashlib.sha256(answer.content).hexdigest() != picture["sha256"]

        pictures = [picture for found in pool.map(promised, jobs) for picture in found]
        return sum(pool.map(is_missing, pictures))


async def dead_letters(endpoints: Endpoints) -> int:
    """The number of messages in the dead-letter queues."""
    return sum((await message_counts(endpoints, *(queue.dead_letter_queue for queue in topology.QUEUES))).values())


async def pending_messages(endpoints: Endpoints) -> int:
    """The number of messages that wait for delivery, now or after a delay."""
    delay_queues = [topology.retry_exchange(delay) for delay in topology.RETRY_DELAYS]
    return sum((await message_counts(endpoints, *delay_queues, *(queue.name for queue in topology.QUEUES))).values())


async def message_counts(endpoints: Endpoints, *queues: str) -> dict[str, int]:
    """How many messages each of the queues keeps, not counting messages in flight."""
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        channel = await connection.channel()
        declared = [(await channel.declare_queue(queue, passive=True)).declaration_result for queue in queues]
    return {queue: one.message_count or 0 for queue, one in zip(queues, declared, strict=True)}


async def settled_counts(endpoints: Endpoints, expected: Mapping[str, int]) -> dict[str, int]:
    """The counts of these queues once they are as expected, or the last ones seen.

    A broker counts a confirmed message a moment later.
    """
    for _ in range(LOOKS):
        if await message_counts(endpoints, *expected) == expected:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return await message_counts(endpoints, *expected)


def unfinished_jobs(stack: ServiceStack, accepted: list[str]) -> str:
    """The timelines of the jobs that are not final or not among those known, to help find the reason."""
    with jobs_of(stack.endpoints) as jobs:
        open_jobs = list(jobs.find({"final": False}))
        known = {document["_id"] for document in jobs.find({}, {"_id": 1})}
    lines = [f"lost: {job_id}" for job_id in accepted if job_id not in known]
    for job in open_jobs:
        lines.append(f"{job['_id']} is {job['status']} in {job['stage']}, outbox {len(job['outbox'])}")
        lines += [f"    {entry['at']:%H:%M:%S} {entry['service']} {entry['event']}" for entry in job["timeline"]]
        lines += [
            f"    slot {slot['number']}: {slot['state']}, attempt {slot['attempt']}" for slot in job["predictions"]
        ]
    return "\n".join(lines)
