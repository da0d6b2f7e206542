"""The database's primary is killed and stepped down under load: what was acknowledged stays."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from studio_chaos.job_fixtures import TRACE, life
from studio_chaos.ledger_check import check_ledger, wait_for_rest
from studio_chaos.load_generator import post_jobs
from studio_chaos.replicas import ReplicaSet, replica_set
from studio_chassis.errors import JobExists, Unavailable
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.mongo import MongoJobStore, open_mongo_store
from studio_chassis.runtime.clock import utc_now
from studio_contracts.brief import Brief
from studio_contracts.events import Event
from studio_contracts.job import Job, Limits
from studio_domain.allowed_transitions import change_violations
from studio_domain.invariants import at_rest_violations, job_violations
from studio_local.infrastructure import Infrastructure
from studio_local.stack import ServiceStack

JOBS = 200
SIDE_BY_SIDE = 16
SOON = 0.05


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    with replica_set(tmp_path_factory.mktemp("replicas")) as running:
        yield running


class Ledger:
    """What the database acknowledged, and what was published.

    Just after an election a read may show what the majority knew a moment ago. That costs a repetition, which in the
    pipeline the reconciler makes, and never a change: a commit on a stale version does nothing.
    """

    def __init__(self) -> None:
        self.acknowledged: dict[str, Job] = {}
        self.illegal: list[str] = []
        self.published: set[str] = set()
        self.outages = 0

    async def publish(self, event: Event) -> None:
        self.published.add(event.id)

    def keep(self, job: Job) -> None:
        before = self.acknowledged.get(job.id)
        if before is not None and job.version <= before.version:
            self.illegal.append(f"{job.id}: version {job.version} after {before.version} was acknowledged")
        if before is not None and job.version == before.version + 1:
            self.illegal += change_violations(before, job)
        self.acknowledged[job.id] = job


async def live(jobs: JobService, job_id: str, ledger: Ledger) -> None:
    """Take a job to its end: apply each domain event, and repeat it as the reconciler would."""
    brief = Brief(prompt="a pond", count=1)

    async def accept() -> bool:
        with suppress(JobExists):  # the first try was stored and its answer lost
            ledger.keep(await jobs.accept(brief, job_id=job_id, seed=1, traceparent=TRACE, limits=Limits()))
        return True

    async def go_on() -> bool:
        for event in life(job_id):
            applied = await jobs.apply(job_id, event)
            if applied.changed:
                ledger.keep(applied.job)
        return (await jobs.load(job_id)).is_final

    for step in (accept, go_on):
        while not await _acknowledged(step, ledger):
            pass


async def _acknowledged(step: Callable[[], Awaitable[bool]], ledger: Ledger) -> bool:
    try:
        return await step()
    except Unavailable:
        ledger.outages += 1
        await asyncio.sleep(SOON)
        return False


async def load_for(store: MongoJobStore, ledger: Ledger, stop: asyncio.Event) -> None:
    """Concurrent jobs: at least this many, and until stopped."""
    jobs = JobService(store, ledger.publish, utc_now, "failover")
    numbers = iter(range(10**9))

    async def one_after_another() -> None:
        while len(ledger.acknowledged) < JOBS or not stop.is_set():
            await live(jobs, f"job-{next(numbers)}", ledger)

    async with asyncio.TaskGroup() as group:
        for _ in range(SIDE_BY_SIDE):
            group.create_task(one_after_another())
    await jobs.outbox.flush()
    while await jobs.outbox.relay(timedelta(seconds=-60), 10_000):
        pass


async def faults(replicas: ReplicaSet, seed: int) -> AsyncIterator[str]:
    """Each way in which a primary fails, in an order of the seed's."""
    not_primary: dict[str, Any] = {"errorCode": 10107, "errorLabels": ["RetryableWriteError"]}
    ways = [
        ("step down", replicas.step_down),
        ("step down", replicas.step_down),
        ("step down", replicas.step_down),
        ("kill", replicas.kill_primary),
        ("thirty updates refused", lambda: replicas.fail_updates(30, not_primary)),
        ("thirty updates cut off", lambda: replicas.fail_updates(30, {"closeConnection": True})),
    ]
    for name, fault in random.Random(seed).sample(ways, len(ways)):
        await asyncio.to_thread(fault)
        yield name


async def test_no_acknowledged_change_is_lost_when_the_primary_fails(replicas: ReplicaSet, seed: int) -> None:
    ledger, stop = Ledger(), asyncio.Event()
    async with open_mongo_store(replicas.url, "failover", "test") as store:
        await store.create_indexes()
        load = asyncio.create_task(load_for(store, ledger, stop))
        diary = []
        async for fault in faults(replicas, seed):
            diary.append(f"{fault}: {len(ledger.acknowledged)} jobs, {ledger.outages} outages")
        stop.set()
        await load
        final = {job.id: job for job in await store.recent(100_000)}
        outboxes = dict(await store.unpublished(utc_now() + timedelta(hours=1), 100_000))
    why = f"seed {seed}: {diary}"
    assert len(final) == len(ledger.acknowledged) >= JOBS, why
    assert ledger.illegal == [], why
    for job_id, acknowledged in ledger.acknowledged.items():
        job = final[job_id]
        assert job.version >= acknowledged.version, (job_id, why)
        assert job.timeline[: len(acknowledged.timeline)] == acknowledged.timeline, (job_id, why)
        assert [*job_violations(job), *at_rest_violations(job, outboxes.get(job_id, ()))] == [], (job_id, why)
        assert {f"{job_id}:job.created.v1", f"{job_id}:job.completed.v1"} <= ledger.published, (job_id, why)


@pytest.mark.usefixtures("thorough_only")
def test_whole_jobs_finish_while_the_primary_is_killed(
    replicas: ReplicaSet, infrastructure: Infrastructure, tmp_path: Path
) -> None:
    impatient = {
        "STANDIN_DELAY_SECONDS": "0.1",
        "STUDIO_STUCK_AFTER": "2",
        "STUDIO_DAY_CENTS": "100000000",
    }
    with infrastructure.isolated() as endpoints:
        on_replicas = endpoints._replace(mongodb_url=replicas.url)
        with ServiceStack(infrastructure, on_replicas, tmp_path, extra=impatient) as stack:
            accepted = post_jobs(stack.gateway_url, 5)
            replicas.kill_primary()
            accepted += post_jobs(stack.gateway_url, 5)
            replicas.step_down()
            assert wait_for_rest(stack, 120)
            result = asyncio.run(check_ledger(stack, accepted))
            assert result.violations == []
            assert (result.final, result.paid_twice, result.paid_again, result.missing, result.dead) == (10, 0, 0, 0, 0)
