"""How long jobs usually take, as the options say."""

import asyncio

import httpx

from studio_chassis.persistence.store import JobDuration
from studio_gateway.access.typical_times import FRESH, TypicalTime, medians
from studio_support.gateway_in_memory import GatewayInMemory


def test_the_median_is_of_one_kind_model_and_number() -> None:
    jobs = [JobDuration("painted", "sdxl", 4, seconds) for seconds in (30.0, 10.0, 20.0)]
    jobs += [
        JobDuration("painted", "flux", 4, 5.04),
        JobDuration("draft", None, 6, 0.4),
        JobDuration("draft", None, 2, 0.6),
    ]
    assert medians(tuple(jobs)) == [
        TypicalTime(kind="draft", model=None, count=0, seconds=0.5, jobs=2),
        TypicalTime(kind="painted", model="flux", count=4, seconds=5.0, jobs=1),
        TypicalTime(kind="painted", model="sdxl", count=4, seconds=20.0, jobs=3),
    ]


async def times(client: httpx.AsyncClient) -> list[dict[str, object]]:
    await client.get("/v1/options")
    for _ in range(20):
        await asyncio.sleep(0)
    return list((await client.get("/v1/options")).json()["typical_times"])


async def test_the_options_learn_from_jobs_that_completed(client: httpx.AsyncClient, gateway: GatewayInMemory) -> None:
    assert await times(client) == []
    job_id = (await client.post("/v1/jobs", json={"prompt": "pond", "count": 2})).json()["id"]
    await gateway.finish(job_id)
    assert await times(client) == [], "read a moment ago"
    gateway.now += FRESH
    (known,) = await times(client)
    assert (known["kind"], known["count"], known["jobs"]) == ("painted", 2, 1)


async def test_without_a_store_the_options_answer_with_what_is_known(
    client: httpx.AsyncClient, gateway: GatewayInMemory
) -> None:
    gateway.wire.cut = True
    assert await times(client) == []
