"""What may not grow: memory, channels, and the messages a service holds, however much comes and however often."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest

from studio_chaos.fleet import Fleet
from studio_chaos.job_fixtures import TRACE
from studio_chaos.ledger_check import jobs_of, pending_messages, wait_for_rest
from studio_chaos.load_generator import post_jobs
from studio_chaos.proxy import Proxy
from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.runtime.clock import utc_now
from studio_contracts import topology
from studio_contracts.events import (
    Event,
    JobCreated,
    Payload,
    PredictionRequested,
    PredictionSucceeded,
    PredictionUpdated,
    StencilReady,
)
from studio_contracts.services import SERVICES
from studio_local.processes import wait_until

PATIENCE_SECONDS = 240
CLIENTS = 8
CHANNELS = sorted(1 + sum(queue.name.startswith(f"{name}.") for queue in topology.QUEUES) for name in SERVICES)
"""Channels of each service's connection: one to publish, one for each queue. A consumer that registers again has two
for a moment, so a single look may see more."""


@pytest.fixture(scope="module")
def stack(open_stack: Any) -> Iterator[tuple[Fleet, Proxy]]:
    with open_stack(STUDIO_STUCK_AFTER="600") as (fleet, proxy):
        yield fleet, proxy
        for name in SERVICES:  # the burst leaves them busy with work that no test waits for
            fleet.kill(name)


def memory(fleet: Fleet, entry: str) -> dict[str, int]:
    """An entry of the kernel's account of each service's memory, in kB."""
    pids = {name: fleet.stack.services[name].pid for name in SERVICES}
    accounts = {name: Path(f"/proc/{pid}/status").read_text() for name, pid in pids.items()}
    return {name: int(account.partition(f"{entry}:")[2].split()[0]) for name, account in accounts.items()}


def resident(fleet: Fleet) -> dict[str, int]:
    """What each service holds now."""
    return memory(fleet, "VmRSS")


def peak(fleet: Fleet) -> dict[str, int]:
    """The most each service ever held."""
    return memory(fleet, "VmHWM")


def growth(before: dict[str, int], after: dict[str, int]) -> dict[str, float]:
    return {name: round(after[name] / before[name], 3) for name in before}


def news(job_id: str, number: int) -> Event:
    """Something a service has to look the job up for, to find that there is nothing to do."""
    late = PredictionUpdated(slot=0, attempt=1, prediction={"id": "late", "status": "processing"})
    of_slot = (PredictionRequested(slot=0, attempt=1), late, PredictionSucceeded(slot=0, attempt=1))
    kinds: tuple[Payload, ...] = (JobCreated(), StencilReady(), *of_slot)
    payload = kinds[number % len(kinds)]
    return Event(
        id=f"{number}", type=payload.type, source="/studio/test", subject=job_id, time=utc_now(), traceparent=TRACE,
        data=payload.model_dump(),
    )  # fmt: skip


async def flood(stack: tuple[Fleet, Proxy], job_id: str, messages: int, breaks: int) -> None:
    """Publish this many messages with this many breaks of the connection; return when all are handled."""
    fleet, proxy = stack
    async with await aio_pika.connect(proxy.target_url) as connection:
        exchange = await (await connection.channel()).get_exchange(topology.EXCHANGE)

        async def publish(number: int) -> None:
            event = news(job_id, number)
            await exchange.publish(to_message(event), event.type)

        for part in range(breaks):
            await asyncio.gather(*map(publish, range(part, messages, breaks)))
            again = proxy.accepted + len(CHANNELS)
            proxy.cut()
            assert await until(lambda: proxy.accepted >= again)  # noqa: B023
            proxy.cut()  # for half restored is another state than whole
            assert await until(lambda: proxy.channels == CHANNELS), proxy.channels
    assert await until(lambda: proxy.in_flight == 0 and asyncio.run(pending_messages(fleet.stack.endpoints)) == 0)


async def until(condition: Callable[[], bool]) -> bool:
    return await asyncio.to_thread(wait_until, condition, PATIENCE_SECONDS)


async def test_neither_channels_nor_memory_grow_with_messages_and_reconnections(
    stack: tuple[Fleet, Proxy], thorough: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet, proxy = stack
    messages, breaks = (20_000, 30) if thorough else (1_500, 3)
    (job_id,) = post_jobs(fleet.stack.gateway_url, 1)
    assert wait_for_rest(fleet.stack, PATIENCE_SECONDS)
    await flood(stack, job_id, messages // 5, 2)
    before, handled_before = resident(fleet), handled(fleet)
    await flood(stack, job_id, messages, breaks)
    grown = growth(before, resident(fleet))
    with capsys.disabled():
        print(f"\n{messages} messages, {breaks} reconnections: memory grown by {grown}")
    assert await until(lambda: handled(fleet) - handled_before >= messages)
    assert await until(lambda: proxy.channels == CHANNELS), proxy.channels
    assert max(grown.values()) < 1.1, grown


def handled(fleet: Fleet) -> float:
    """Messages that were dealt with, and not given back."""
    workers = ("stencil", "predictor", "postprocess")
    return sum(fleet.metric_value(name, "studio_messages_total", outcome="done") for name in workers)


def post_and_look(client: httpx.Client, number: int) -> tuple[int, int]:
    """The codes a client sees that posts a job and asks how it stands."""
    posted = client.post("/v1/jobs", json={"prompt": f"a pond with {number} fish", "count": 1})
    return posted.status_code, client.get(posted.headers.get("location", "/v1/jobs")).status_code


def burst(fleet: Fleet, jobs: int) -> Counter[tuple[int, int]]:
    """Clients that post as fast as they are answered; how often each pair of codes was seen."""
    with (
        httpx.Client(base_url=fleet.stack.gateway_url, trust_env=False, timeout=30) as client,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        return Counter(clients.map(partial(post_and_look, client), range(jobs)))


def test_ten_times_more_than_can_be_done_is_taken_and_held_in_the_queues(
    stack: tuple[Fleet, Proxy], thorough: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet, proxy = stack
    calm, seconds = (60, 60) if thorough else (12, 3)
    began = time.monotonic()
    post_jobs(fleet.stack.gateway_url, calm)
    assert wait_for_rest(fleet.stack, PATIENCE_SECONDS)
    capacity = calm / (time.monotonic() - began)
    usual = peak(fleet)
    jobs = int(10 * capacity * seconds)
    with jobs_of(fleet.stack.endpoints) as stored:
        done_before = stored.count_documents({"final": True})
        codes = burst(fleet, jobs)
        assert stored.count_documents({"final": False}) > jobs / 2, "it was no burst"
        assert wait_until(lambda: stored.count_documents({"final": True}) >= done_before + jobs / 10, PATIENCE_SECONDS)
        failed = Counter(job["error"]["code"] for job in stored.find({"status": "failed"}))
    grown, most = growth(usual, peak(fleet)), proxy.most_unacknowledged
    with capsys.disabled():
        print(f"\n{jobs} jobs where {capacity:.1f} a second can be done: failed {dict(failed)}")
        print(f"memory grown by {grown}, in flight {dict(most)}")
    assert codes == {(202, 200): jobs}
    assert failed.keys() <= {"no_pictures"}, failed  # the stand-in's file host drowns in as many predictions
    assert max(grown.values()) < 1.2
    assert all(most[queue.name] <= queue.prefetch for queue in topology.QUEUES), most
    assert most[topology.STENCIL_JOB_CREATED.name] == topology.STENCIL_JOB_CREATED.prefetch, "nothing was held back"
