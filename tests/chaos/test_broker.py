"""Consumers return with the broker; poison is dead-lettered and stops nothing else."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import aio_pika
import pytest

from studio_chaos.fleet import Fleet
from studio_chaos.job_fixtures import TRACE
from studio_chaos.ledger_check import dead_letters, jobs_of
from studio_chaos.load_generator import SMALL
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.runtime.clock import utc_now
from studio_contracts import topology
from studio_contracts.brief import Brief, Surface
from studio_contracts.job import Limits
from studio_contracts.services import SERVICES
from studio_domain.lifecycle import accept
from studio_local.processes import wait_until

BACK_SECONDS = 15
PATIENCE_SECONDS = 300
BREAKS = tuple(step * 0.01 for step in range(1, 31))
GOOD, BAD, REPEATED = 200, 20, 200


def consumers(fleet: Fleet) -> list[str]:
    """Queues that have a consumer, one entry for each consumer, as the broker sees it."""
    return sorted(consumer["queue"]["name"] for consumer in fleet.broker_lists("consumers"))


@pytest.mark.usefixtures("thorough_only")
def test_every_consumer_is_back_soon_after_the_broker_or_the_connection_to_it(open_stack: Any) -> None:
    expected = sorted(queue.name for queue in topology.QUEUES)
    with open_stack() as (fleet, proxy):
        broker = fleet.stack.infrastructure.server("broker")

        def killed() -> None:
            broker.kill()
            fleet.stack.infrastructure.restart("broker")

        for fault in (lambda: fleet.stack.infrastructure.restart("broker"), killed, proxy.cut):
            assert wait_until(lambda: consumers(fleet) == expected, BACK_SECONDS), consumers(fleet)
            fault()
            served = time.monotonic()
            assert wait_until(lambda: consumers(fleet) == expected, BACK_SECONDS), consumers(fleet)
            assert time.monotonic() - served < BACK_SECONDS


@pytest.mark.usefixtures("thorough_only")
def test_services_started_while_the_connection_keeps_breaking_consume_once_it_holds(open_stack: Any) -> None:
    expected = sorted(queue.name for queue in topology.QUEUES)
    workers = [name for name, service in SERVICES.items() if service.queues]
    with open_stack() as (fleet, proxy):
        for name in workers:
            fleet.kill(name)
        for name in workers:
            fleet.start(name)
        for pause in BREAKS:  # so that each connection breaks in another step of its set-up
            assert wait_until(lambda: proxy.connections > 2, 30)  # the gateway, the reconciler, and one of these
            wait_until(lambda: False, pause)
            proxy.cut()
        assert wait_until(lambda: consumers(fleet) == expected, 2 * BACK_SECONDS), consumers(fleet)


def good_headers(job_id: str) -> dict[str, Any]:
    return {
        "ce-specversion": "1.0",
        "ce-id": f"{job_id}:job.created.v1",
        "ce-type": "studio.job.created.v1",
        "ce-source": "/studio/test",
        "ce-subject": job_id,
        "ce-time": utc_now().isoformat(),
        "traceparent": TRACE,
    }


def poison(job_id: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Bad JSON, an unknown version, an unknown type, and five megabytes."""
    good = good_headers(job_id)
    yield b"{not json", good
    yield b"{}", good | {"ce-type": "studio.job.created.v9"}
    yield b"{}", good | {"ce-type": "studio.job.exploded.v1"}
    yield json.dumps({"padding": "x" * 5_000_000}).encode(), good


async def store_jobs(fleet: Fleet, round_name: str) -> list[str]:
    """Jobs as the gateway stores them, but with nothing in the outbox: their events are published by hand."""
    endpoints, job_ids = fleet.stack.endpoints, [f"{round_name}-{number}" for number in range(GOOD)]
    async with open_mongo_store(endpoints.mongodb_url, endpoints.database, "chaos") as store:
        for job_id in job_ids:
            brief = Brief(prompt="a pond", count=1, surface=Surface(**SMALL))
            first = accept(
                brief, job_id=job_id, seed=1, traceparent=TRACE, limits=Limits(), now=utc_now(), by="gateway"
            )
            await store.insert(first._replace(events=()))
    return job_ids


async def publish(fleet: Fleet, job_ids: list[str], bad: list[tuple[bytes, dict[str, Any]]]) -> None:
    """The good events, and the bad ones evenly among them."""
    async with await aio_pika.connect(fleet.stack.endpoints.rabbitmq_url) as connection:
        exchange = await (await connection.channel()).get_exchange(topology.EXCHANGE)
        for number, job_id in enumerate(job_ids):
            messages = [(b"{}", good_headers(job_id))]
            if bad and number % (GOOD // len(bad)) == 0:
                messages.append(bad[number // (GOOD // len(bad))])
            for body, headers in messages:
                await exchange.publish(aio_pika.Message(body, headers=headers), "studio.job.created.v1")


def run_round(fleet: Fleet, name: str, bad: int) -> float:
    """The 95th percentile of the good messages' times to their stencils, in seconds, beside that many bad ones."""
    job_ids = asyncio.run(store_jobs(fleet, name))
    began = utc_now()
    asyncio.run(publish(fleet, job_ids, [one for _ in range(bad // 4) for one in poison(job_ids[0])]))
    with jobs_of(fleet.stack.endpoints) as jobs:
        drawn = {"_id": {"$in": job_ids}, "plan": {"$ne": None}, "status": "queued"}
        assert wait_until(lambda: jobs.count_documents(drawn) == GOOD, PATIENCE_SECONDS), name
        ready = [job["timeline"][-1]["at"].replace(tzinfo=UTC) for job in jobs.find(drawn)]
    return float(statistics.quantiles([(at - began).total_seconds() for at in ready], n=20)[-1])


def handled(fleet: Fleet) -> dict[str, float]:
    """How often messages of the stencil's queue had each outcome, and any but these two under ""."""
    known = {name: fleet.metric_value("stencil", "studio_messages_total", outcome=name) for name in ("done", "dead")}
    return known | {"": fleet.metric_value("stencil", "studio_messages_total") - sum(known.values())}


def test_twenty_poison_messages_are_dead_lettered_and_two_hundred_good_ones_handled(
    open_stack: Any, thorough: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = (BAD, 0, BAD, BAD, 0, 0, BAD) if thorough else (BAD,)
    good, bad = float(GOOD * len(rounds)), float(sum(rounds))
    outcomes = {"done": good, "dead": bad, "": 0.0}
    with open_stack(STUDIO_STUCK_AFTER="600", STUDIO_RELAY_AFTER="600") as (fleet, proxy):
        fleet.kill("predictor")  # stencils suffice here: the pictures are left undone
        times = [(number, run_round(fleet, f"round-{turn}", number)) for turn, number in enumerate(rounds)]
        assert wait_until(lambda: handled(fleet) == outcomes, PATIENCE_SECONDS), handled(fleet)
        assert wait_until(lambda: asyncio.run(dead_letters(fleet.stack.endpoints)) == bad, PATIENCE_SECONDS)
        assert proxy.delivered[topology.STENCIL_JOB_CREATED.name] - good - bad < REPEATED
        if thorough:  # the first round warms up
            with_poison, without = (min(time for bad, time in times[1:] if bad == number) for number in (BAD, 0))
            with capsys.disabled():
                print(f"\n95th percentile of the good: {with_poison:.2f} s with poison, {without:.2f} s without")
            assert with_poison < 1.5 * without
