"""The job in Celery: three tasks on quorum queues, late acknowledgement, confirmed publishes, prefork workers.

`uvicorn peers.celery_app:web` accepts jobs and webhooks, `celery -A peers.celery_app worker` does the work.
"""

import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
from celery import Celery
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from kombu import Queue
from pymongo import MongoClient, ReturnDocument
from standardwebhooks import Webhook, WebhookVerificationError

from peers import work

PROVIDER = os.environ["REPLICATE_API_BASE"]
HEADERS = {"Authorization": f"Bearer {os.environ['REPLICATE_API_TOKEN']}"}
SIGNING_KEY = os.environ["REPLICATE_WEBHOOK_SIGNING_KEY"]
PUBLIC = os.environ["PUBLIC_BASE_URL"]
QUORUM = {"x-queue-type": "quorum"}

app = Celery("peers", broker=os.environ["RABBITMQ_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_queues=[Queue(name, queue_arguments=QUORUM) for name in ("draw", "predict", "pictures")],
    task_routes={f"{__name__}.{name}": {"queue": name} for name in ("draw", "predict", "pictures")},
    task_default_queue="draw",
    worker_detect_quorum_queues=True,
    worker_prefetch_multiplier=4,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)


@cache
def jobs() -> Any:
    """The collection; a client of its own in each process, made after the fork."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        os.environ["MONGODB_URL"], w="majority", journal=True, tz_aware=True
    )
    return client[os.environ["STUDIO_DATABASE"]]["jobs"]


@cache
def http() -> httpx.Client:
    """One client a process."""
    return httpx.Client(trust_env=False, timeout=20)


@app.task
def draw(job_id: str) -> None:
    """Plan the job and draw its stencil."""
    job = jobs().find_one({"_id": job_id})
    if job is None or "plan" in job:
        return
    planned = work.plan_job(job_id, job["brief"], job["seed"])
    change = {"status": "queued", "plan": planned.plan, "slots": planned.slots, "stencil_seconds": planned.seconds}
    jobs().update_one({"_id": job_id}, {"$set": change})
    for slot in range(len(planned.slots)):
        predict.delay(job_id, slot)


@app.task
def predict(job_id: str, slot: int) -> None:
    """Ask the provider for the pictures of one slot."""
    job = jobs().find_one({"_id": job_id})
    if job is None or job["slots"][slot]["state"] != "waiting":
        return
    body = work.prediction_request(job, slot, f"{PUBLIC}/webhooks/{job_id}/{slot}")
    answer = http().post(f"{PROVIDER}/predictions", json=body, headers=HEADERS).raise_for_status().json()
    change = {"status": "running", f"slots.{slot}.state": "running", f"slots.{slot}.provider_id": answer["id"]}
    jobs().update_one({"_id": job_id, f"slots.{slot}.state": "waiting"}, {"$set": change})


@app.task
def pictures(job_id: str, slot: int, outputs: list[str], predict_seconds: float) -> None:
    """Fetch and work on the pictures of one slot; the last slot ends the job."""
    job = jobs().find_one({"_id": job_id})
    if job is None or job["slots"][slot]["state"] == "finished":
        return
    started = time.perf_counter()
    originals = (http().get(url).raise_for_status().content for url in outputs)
    concepts = [work.make_picture(job, slot, index, original) for index, original in enumerate(originals)]
    done = {"state": "finished", "predict_seconds": predict_seconds, "picture_seconds": time.perf_counter() - started}
    change = {f"slots.{slot}.{name}": value for name, value in done.items()}
    job = jobs().find_one_and_update(
        {"_id": job_id, f"slots.{slot}.state": {"$ne": "finished"}},
        {"$set": change | {"last_slot": slot}, "$push": {"concepts": {"$each": concepts}}},
        return_document=ReturnDocument.AFTER,
    )
    if job is not None and all(one["state"] == "finished" for one in job["slots"]):
        ended = {"status": "completed", "concepts": work.ranked(job["concepts"]), "finished_at": datetime.now(UTC)}
        jobs().update_one({"_id": job_id}, {"$set": ended})


web = FastAPI()


@web.post("/v1/jobs", status_code=202)
def accept(brief: dict[str, Any]) -> dict[str, str]:
    """Store the job, then send it on."""
    job_id = str(uuid4())
    job = {"_id": job_id, "status": "pending", "brief": brief, "seed": uuid4().int % 2**31, "concepts": []}
    jobs().insert_one(job | {"created_at": datetime.now(UTC)})
    draw.delay(job_id)
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
        await run_in_threadpool(pictures.delay, job_id, slot, report["output"], seconds)
