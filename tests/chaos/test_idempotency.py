"""One key, one job: with any number of concurrent requests, with another brief, and while the first is in progress."""

import asyncio
from datetime import timedelta

import aio_pika
import httpx

from studio_chaos.in_process import gateway_on, service_context_on
from studio_chassis.persistence.store import IdempotencyRecord
from studio_chassis.runtime.clock import utc_now
from studio_chassis.runtime.service import ServiceContext
from studio_contracts import topology
from studio_contracts.brief import Brief
from studio_gateway.api.idempotency import IN_FLIGHT, fingerprint_of
from studio_local.infrastructure import Endpoints, Infrastructure

KEYS, CONCURRENCY = 50, 20


async def post(client: httpx.AsyncClient, key: str, prompt: str) -> httpx.Response:
    return await client.post("/v1/jobs", json={"prompt": prompt}, headers={"Idempotency-Key": key})


async def answers(client: httpx.AsyncClient, key: str) -> list[httpx.Response]:
    """The final responses to concurrent requests; a client that gets 409 tries again."""
    responses = await asyncio.gather(*(post(client, key, f"a pond, {key}") for _ in range(CONCURRENCY)))
    assert {answer.status_code for answer in responses} <= {202, 409}
    assert all(answer.headers["retry-after"] == "1" for answer in responses)
    return [answer if answer.status_code == 202 else await post(client, key, f"a pond, {key}") for answer in responses]


async def published_events(chassis: ServiceContext, endpoints: Endpoints, queue: topology.Queue) -> set[str]:
    """Ids of the events in a queue once no outbox holds one. Where a confirm came too late an event is there twice."""
    while await chassis.store.unpublished(utc_now() + timedelta(minutes=1), limit=1):
        await chassis.jobs.outbox.relay(timedelta(minutes=-1), limit=1000)
    found: set[str] = set()
    async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
        source = await (await connection.channel()).get_queue(queue.name)
        while (message := await source.get(fail=False)) is not None:
            found.add(str(message.message_id))
            await message.ack()
    return found


async def test_fifty_keys_posted_by_twenty_clients_concurrently_are_fifty_jobs(infrastructure: Infrastructure) -> None:
    with infrastructure.isolated() as endpoints:
        async with service_context_on(endpoints, "gateway") as chassis, gateway_on(chassis, endpoints) as client:
            responses = await asyncio.gather(*(answers(client, f"key-{number}") for number in range(KEYS)))
            assert all(answer.status_code == 202 for of_a_key in responses for answer in of_a_key)
            assert all(len({answer.text for answer in of_a_key}) == 1 for of_a_key in responses)
            ids = {of_a_key[0].json()["id"] for of_a_key in responses}
            assert len(ids) == KEYS
            assert {job.id for job in await chassis.store.recent(KEYS + 1)} == ids
            await chassis.jobs.outbox.flush()
            assert len(await published_events(chassis, endpoints, topology.STENCIL_JOB_CREATED)) == KEYS
            refused = await asyncio.gather(*(post(client, f"key-{number}", "another") for number in range(KEYS)))
            assert [answer.status_code for answer in refused] == [422] * KEYS
            assert {job.id for job in await chassis.store.recent(KEYS + 1)} == ids


async def test_a_key_whose_first_request_is_at_work_is_409_and_one_left_by_a_crash_is_answered(
    infrastructure: Infrastructure,
) -> None:
    fingerprint = fingerprint_of(Brief(prompt="a pond"), None, {})
    now = utc_now()
    with infrastructure.isolated() as endpoints:
        async with (
            service_context_on(endpoints, "gateway", lambda: now) as chassis,
            gateway_on(chassis, endpoints) as client,
        ):
            await chassis.store.claim(IdempotencyRecord("at-work", fingerprint, "job-1", now))
            await chassis.store.claim(
                IdempotencyRecord("left", fingerprint, "job-2", now - IN_FLIGHT - timedelta(seconds=1))
            )
            at_work = await post(client, "at-work", "a pond")
            assert (at_work.status_code, at_work.headers["retry-after"]) == (409, "1")
            assert await chassis.store.versions(["job-1"]) == {}
            left = await post(client, "left", "a pond")
            assert (left.status_code, left.json()["id"]) == (202, "job-2")
