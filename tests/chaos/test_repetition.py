"""Every event may arrive twice and out of order: because a confirm was lost, or because it is published again."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from studio_chaos.duplicate_delivery import duplicate_delivery
from studio_chaos.fleet import Fleet
from studio_chaos.ledger_check import check_ledger, jobs_of, pending_messages, wait_for_rest
from studio_chaos.load_generator import SMALL, post_jobs
from studio_chaos.proxy import Proxy
from studio_chassis.persistence.mongo import open_mongo_store
from studio_contracts.job import Job
from studio_contracts.object_keys import job_prefix
from studio_local.processes import wait_until

REST_SECONDS = 240
LIFE = [
    "job.created",
    "stencil.ready",
    "slots.planned",
    "prediction.started",
    "prediction.succeeded",
    "pictures.made",
    "job.completed",
]
"""A job of one call whose every step was taken once."""
OF_ITS_TIME = {
    "id", "version", "traceparent", "created_at", "updated_at", "started_at", "finished_at", "deadline_at",
    "expires_at", "claimed_at", "at", "seconds", "predict_seconds", "reports",
}  # fmt: skip

REPORTED = ("prediction.started", "prediction.succeeded")
"""What the provider's answer says to the predictor and its webhooks say to the gateway: a webhook may come first."""


@pytest.fixture(scope="module")
def stack(open_stack: Any) -> Iterator[tuple[Fleet, Proxy]]:
    with open_stack(STUDIO_STUCK_AFTER="600") as running:  # no rescue: each duplicate comes from the test
        yield running


async def stored(fleet: Fleet, job_ids: list[str]) -> list[Job]:
    endpoints = fleet.stack.endpoints
    async with open_mongo_store(endpoints.mongodb_url, endpoints.database, "chaos") as store:
        return [await store.load(job_id) for job_id in job_ids]


def all_jobs(fleet: Fleet) -> list[str]:
    with jobs_of(fleet.stack.endpoints) as jobs:
        return list(jobs.distinct("_id"))


async def assert_every_effect_is_single(fleet: Fleet, job_ids: list[str]) -> None:
    """Each step taken once, each prediction paid once, each picture stored, and nothing stored besides."""
    everything = all_jobs(fleet)
    result = await check_ledger(fleet.stack, everything)
    assert result.violations == []
    paid = (result.paid, result.paid_twice, result.paid_again)
    assert (result.lost, result.missing, result.dead, *paid) == (0, 0, 0, len(everything), 0, 0)
    for job in await stored(fleet, job_ids):
        assert [entry.event for entry in job.timeline] == LIFE
        assert job.plan is not None
        files = [file for concept in job.concepts for file in concept.files.values()]
        kept = {str(path.relative_to(fleet.stack.objects)) for path in objects_of(fleet, job.id)}
        assert kept == {*(one.stencil.key for one in job.plan.directions), *(file.key for file in files)}


def objects_of(fleet: Fleet, job_id: str) -> list[Any]:
    return [path for path in (fleet.stack.objects / job_prefix(job_id)).rglob("*") if path.is_file()]


async def test_a_lost_confirm_loses_no_event_and_repeats_no_effect(
    stack: tuple[Fleet, Proxy], thorough: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet, proxy = stack
    jobs, lost_confirms = (60, 50) if thorough else (10, 16)
    proxy.swallow_confirms(lost_confirms)
    accepted = await asyncio.to_thread(post_jobs, fleet.stack.gateway_url, jobs, surface=SMALL)
    assert await asyncio.to_thread(wait_for_rest, fleet.stack, REST_SECONDS)
    published_again = fleet.metric_value("reconciler", "studio_relayed_total")
    with capsys.disabled():
        print(f"\n{lost_confirms} confirms lost, {published_again:.0f} events published again by the relay")
    assert proxy.still_to_swallow == 0
    await assert_every_effect_is_single(fleet, accepted)


def essence(job: Job) -> Any:
    """The document without what is of its time: moments, durations, names drawn at random."""
    names = {job.id: "the job"} | {paid: "the prediction" for slot in job.predictions for paid in slot.prediction_ids}

    def essential(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: essential(one) for key, one in value.items() if key not in OF_ITS_TIME}
        if isinstance(value, list):
            return [essential(one) for one in value]
        if isinstance(value, str):
            for name, meaning in names.items():
                value = value.replace(name, meaning)
        return value

    document = job.model_dump(mode="json")
    for entry in document["timeline"]:
        if entry["event"] in REPORTED:
            entry["service"] = "whichever was first"
    document["timeline"].sort(
        key=lambda entry: -1 if entry["slot"] is None else entry["slot"]
    )  # slots run side by side
    return essential(document)


def differences(one: Any, other: Any) -> Iterator[str]:
    """Where two documents differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from (f".{key}{what}" for what in differences(one[key], other[key]))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from (f"[{place}]{what}" for what in differences(*pair))
    elif one != other:
        yield f": {one!r} and {other!r}"


async def run_jobs(fleet: Fleet, jobs: int) -> list[str]:
    """Jobs with the seeds 0, 1, 2 …, brought to their ends."""
    async with httpx.AsyncClient(base_url=fleet.stack.gateway_url, trust_env=False, timeout=30) as client:
        one_slot = {"strategy": "scattered"}  # a strategy that the client asks for is the only direction
        briefs = [
            {"prompt": f"a pond with {seed} fish", "count": 1 + seed % 2, "seed": seed, **one_slot, "surface": SMALL}
            for seed in range(jobs)
        ]
        answers = [await client.post("/v1/jobs", json=brief) for brief in briefs]
    assert await asyncio.to_thread(wait_for_rest, fleet.stack, REST_SECONDS)
    return [answer.json()["id"] for answer in answers]


async def wait_for_silence(stack: tuple[Fleet, Proxy]) -> None:
    """Return when no message waits or is in flight."""
    fleet, proxy = stack

    def silent() -> bool:
        return proxy.in_flight == 0 and asyncio.run(pending_messages(fleet.stack.endpoints)) == 0

    assert await asyncio.to_thread(wait_until, silent, REST_SECONDS)


async def test_duplicate_and_reordered_events_leave_the_same_documents(
    stack: tuple[Fleet, Proxy], thorough: bool, seed: int
) -> None:
    fleet, _ = stack
    jobs, events = (100, 400) if thorough else (10, 40)  # each job has four at least
    plain = await stored(fleet, await run_jobs(fleet, jobs))
    async with duplicate_delivery(fleet.stack.endpoints.rabbitmq_url, seed) as listener:
        job_ids = await run_jobs(fleet, jobs)
        await listener.publish_the_rest()
        await wait_for_silence(stack)
        assert len(listener.published) >= events
        echoed = await stored(fleet, job_ids)
        await listener.publish_all_again()
        await wait_for_silence(stack)
    pairs = zip(echoed, plain, strict=True)
    found = [f"{one.id}{what}" for one, other in pairs for what in differences(essence(one), essence(other))]
    assert found == [], f"seed {seed}"
    assert await stored(fleet, job_ids) == echoed
    await assert_every_effect_is_single(fleet, job_ids)
