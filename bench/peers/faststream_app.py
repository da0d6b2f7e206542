"""The job in FastStream: three subscribers on quorum queues, documents by motor, a pool of processes for pictures.

`uvicorn peers.faststream_app:web` accepts jobs and webhooks, `faststream run peers.faststream_app:app` does the work.
"""

import asyncio
import logging
import multiprocessing
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI, HTTPException, Request
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from motor.motor_asyncio import AsyncIOMotorClient
from standardwebhooks import Webhook, WebhookVerificationError

from peers import work

PROVIDER = os.environ["REPLICATE_API_BASE"]
HEADERS = {"Authorization": f"Bearer {os.environ['REPLICATE_API_TOKEN']}"}
SIGNING_KEY = os.environ["REPLICATE_WEBHOOK_SIGNING_KEY"]
PUBLIC = os.environ["PUBLIC_BASE_URL"]

log = logging.getLogger("peers")
jobs: Any = AsyncIOMotorClient(os.environ["MONGODB_URL"], w="majority", journal=True, tz_aware=True)[
    os.environ["STUDIO_DATABASE"]
]["jobs"]
broker = RabbitBroker(os.environ["RABBITMQ_URL"], default_channel=Channel(prefetch_count=16), logger=log)
app = FastStream(broker, logger=log)
http = httpx.AsyncClient(trust_env=False, timeout=20)
pictures_pool: ProcessPoolExecutor | None = None


def _queue(name: str) -> RabbitQueue:
    return RabbitQueue(name, durable=True, queue_type=QueueType.QUORUM)


DRAW, PREDICT, PICTURES = _queue("draw"), _queue("predict"), _queue("pictures")


async def _send(message: dict[str, Any], queue: RabbitQueue) -> None:
    await broker.publish(message, queue=queue, persist=True, mandatory=True)


@app.on_startup
async def start() -> None:
    """A process a core for pictures; spawned, because threads of OpenCV do not survive a fork."""
    global pictures_pool
    pictures_pool = ProcessPoolExecutor(len(os.sched_getaffinity(0)), multiprocessing.get_context("spawn"))


@broker.subscriber(DRAW, ack_policy=AckPolicy.NACK_ON_ERROR)
async def draw(message: dict[str, Any]) -> None:
    """Plan the job and draw its stencil."""
    job = await jobs.find_one({"_id": message["job"]})
    if job is None or "plan" in job:
        return
    planned = await asyncio.to_thread(work.plan_job, job["_id"], job["brief"], job["seed"])
    change = {"status": "queued", "plan": planned.plan, "slots": planned.slots, "stencil_seconds": planned.seconds}
    await jobs.update_one({"_id": job["_id"]}, {"$set": change})
    for slot in range(len(planned.slots)):
        await _send({"job": job["_id"], "slot": slot}, PREDICT)


@broker.subscriber(PREDICT, ack_policy=AckPolicy.NACK_ON_ERROR)
async def predict(message: dict[str, Any]) -> None:
    """Ask the provider for the pictures of one slot."""
    job, slot = await jobs.find_one({"_id": message["job"]}), message["slot"]
    if job is None or job["slots"][slot]["state"] != "waiting":
        return
    body = work.prediction_request(job, slot, f"{PUBLIC}/webhooks/{job['_id']}/{slot}")
    answer = (await http.post(f"{PROVIDER}/predictions", json=body, headers=HEADERS)).raise_for_status().json()
    change = {"status": "running", f"slots.{slot}.state": "running", f"slots.{slot}.provider_id": answer["id"]}
    await jobs.update_one({"_id": job["_id"], f"slots.{slot}.state": "waiting"}, {"$set": change})


@broker.subscriber(PICTURES, ack_policy=AckPolicy.NACK_ON_ERROR)
async def pictures(message: dict[str, Any]) -> None:
    """Fetch and work on the pictures of one slot; the last slot ends the job."""
    job, slot = await jobs.find_one({"_id": message["job"]}), message["slot"]
    if job is None or job["slots"][slot]["state"] == "finished":
        return
    started = time.perf_counter()
    concepts = await asyncio.gather(*(_picture(job, slot, n, url) for n, url in enumerate(message["outputs"])))
    done = {"state": "finished", "predict_seconds": message["predict_seconds"]}
    done |= {"picture_seconds": time.perf_counter() - started}
    change = {f"slots.{slot}.{name}": value for name, value in done.items()}
    job = await jobs.find_one_and_update(
        {"_id": job["_id"], f"slots.{slot}.state": {"$ne": "finished"}},
        {"$set": change | {"last_slot": slot}, "$push": {"concepts": {"$each": concepts}}},
        return_document=True,
    )
    if job is not None and all(one["state"] == "finished" for one in job["slots"]):
        ended = {"status": "completed", "concepts": work.ranked(job["concepts"]), "finished_at": datetime.now(UTC)}
        await jobs.update_one({"_id": job["_id"]}, {"$set": ended})


async def _picture(job: dict[str, Any], slot: int, index: int, url: str) -> dict[str, Any]:
    original = (await http.get(url)).raise_for_status().content
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(pictures_pool, work.make_picture, job, slot, index, original)


@asynccontextmanager
async def _connected(_: FastAPI) -> AsyncIterator[None]:
    await broker.connect()
    for queue in (DRAW, PREDICT, PICTURES):
        await broker.declare_queue(queue)
    yield
    await broker.stop()


web = FastAPI(lifespan=_connected)


@web.post("/v1/jobs", status_code=202)
async def accept(brief: dict[str, Any]) -> dict[str, str]:
    """Store the job, then send it on."""
    job_id = str(uuid4())
    job = {"_id": job_id, "status": "pending", "brief": brief, "seed": uuid4().int % 2**31, "concepts": []}
    await jobs.insert_one(job | {"created_at": datetime.now(UTC)})
    await _send({"job": job_id}, DRAW)
    return {"id": job_id}


@web.post("/webhooks/{job_id}/{slot}", status_code=204)
async def webhook(job_id: str, slot: int, request: Request) -> None:
    """Take the provider's report, if it is signed."""
    body = await request.body()
    try:
        report = Webhook(SIGNING_KEY).verify(body, dict(request.headers))
    except WebhookVerificationError as error:
        raise HTTPException(401) from error
    if report["status"] == "succeeded":
        seconds = report["metrics"]["predict_time"]
        await _send({"job": job_id, "slot": slot, "outputs": report["output"], "predict_seconds": seconds}, PICTURES)
