"""One job is one trace across all services, as a receiver of OTLP over HTTP gets it."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from studio_chassis.messaging.broker import open_broker
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.dispositions import Reject
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.replicate.webhook_url import webhook_url
from studio_chassis.runtime.clock import utc_now
from studio_cli.app import main
from studio_contracts import topology
from studio_contracts.events import Event
from studio_contracts.services import SERVICES
from studio_support.secret_search import search, secrets_of
from studio_support.span_receiver import Receiver

ALL_BUT_RECONCILER = {f"studio-{name}" for name in SERVICES if name != "reconciler"}


def test_a_job_is_one_trace_through_four_services(receiver: Receiver, studio: Any) -> None:
    job = studio.run()
    assert job["status"] == "completed"
    ends = {"process postprocess.prediction-succeeded", "process predictor.stencil-ready", "WebhookReceived"}
    names = ends | {"accept a job", "process stencil.job-created", "POST /predictions"}
    studio.until(lambda: names <= {span.name for span in receiver.of_job(job["id"])})
    spans = receiver.of_job(job["id"])
    assert len({span.trace_id for span in spans}) == 1
    assert {span.service for span in spans} >= ALL_BUT_RECONCILER


def test_no_webhook_token_is_in_a_trace(receiver: Receiver, studio: Any) -> None:
    job = studio.run()
    secret = studio.stack.environment["REPLICATE_WEBHOOK_SECRET"]
    token = urlsplit(webhook_url("http://studio", job["id"], 0, 1, secret)).path.split("/")[-4]
    address = f"http://127.0.0.1:{studio.stack.ports['gateway']}/v1/webhooks/replicate/{job['id']}/0/1?token={token}"
    body = {"id": "p", "status": "processing"}
    assert (
        httpx.post(address, json=body, timeout=60, trust_env=False).status_code == 401
    )  # not signed; the token is right
    studio.until(lambda: "WebhookReceived" in {span.name for span in receiver.of_job(job["id"])})
    assert token.encode() not in receiver.received
    assert list(search(secrets_of(studio.stack), [("traces", receiver.received)])) == []


def test_a_rescue_belongs_to_the_trace_of_its_job(receiver: Receiver, studio: Any) -> None:
    with studio.faults(webhooks=[{"kind": "lost"}]) as prompt:
        job = studio.run(prompt)
    assert job["status"] == "completed"

    def names_of(service: str) -> set[str]:
        return {span.name for span in receiver.of_job(job["id"]) if span.service == service}

    studio.until(lambda: all(map(names_of, ALL_BUT_RECONCILER)))
    studio.until(lambda: names_of("studio-reconciler") >= {"GET /predictions/{id}", "WebhookReceived"})
    assert len({span.trace_id for span in receiver.of_job(job["id"])}) == 1


def test_a_replay_belongs_to_the_trace_of_its_job(
    receiver: Receiver, studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.stack.stop("stencil")
    try:
        job_id = asyncio.run(post_and_set_aside(studio))
    finally:
        studio.stack.start("stencil")
    for name in ("RABBITMQ_URL", "MONGODB_URL", "STUDIO_DATABASE", "OBJECT_STORE_URL"):
        monkeypatch.setenv(name, studio.stack.environment[name])
    done = CliRunner().invoke(main, ["dlq", "replay", "--job", job_id, "--watch", "0"])
    assert "1 replayed" in done.output
    assert studio.wait(job_id)["status"] == "completed"
    names = {("studio-gateway", "accept a job"), ("studio-stencil", "process stencil.job-created")}
    studio.until(lambda: {(span.service, span.name) for span in receiver.of_job(job_id)} >= names)
    studio.until(lambda: {span.service for span in receiver.of_job(job_id)} >= ALL_BUT_RECONCILER)
    assert len({span.trace_id for span in receiver.of_job(job_id)}) == 1


async def post_and_set_aside(studio: Any) -> str:
    """A job whose first event was rejected: it has failed, and the event lies among the dead letters."""

    async def reject(event: Event) -> None:
        raise Reject("out of paint")

    endpoints = studio.stack.endpoints
    async with (
        open_mongo_store(endpoints.mongodb_url, endpoints.database, "stencil") as store,
        open_broker(endpoints.rabbitmq_url, "stencil", "test") as broker,
    ):
        jobs = JobService(store, broker.publish, utc_now, "stencil")
        consumer = Consumer(broker, topology.STENCIL_JOB_CREATED, reject, jobs.dead_lettered)
        await consumer.start()
        job_id: str = await asyncio.to_thread(studio.post)
        job = await asyncio.to_thread(studio.wait, job_id)
        assert job["status"] == "failed"
        await consumer.drain(5)
        await jobs.outbox.flush()
    return job_id
