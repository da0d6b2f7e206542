"""A thousand webhooks over two hundred jobs: forged, early, three times concurrently, out of order, lost."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import httpx

from studio_chaos.in_process import SECRET, URL, Provider, gateway_on, service_context_on
from studio_chaos.job_fixtures import STATES, freeze
from studio_chaos.ledger_check import jobs_of, message_counts
from studio_chassis.messaging.consumer import Consumer
from studio_chassis.replicate.webhook_url import webhook_url
from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.service import ServiceContext
from studio_contracts import topology
from studio_contracts.events import PredictionUpdated
from studio_contracts.job import Limits
from studio_domain.domain_events import PredictionReported
from studio_domain.prediction import PredictionReport, PredictionStatus
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_local.processes import wait_until
from studio_predictor.handlers import Predictor
from studio_reconciler.rescue import Rescuer

KEY = base64.b64encode(b"the provider's key, 32 bytes long").decode()
WRONG_KEY = base64.b64encode(b"another key, and it is 32 bytes!").decode()
EVENTS = ("start", "logs", "logs", "output", "completed")
TIMES = 3
STALE = timedelta(minutes=6)
CONCURRENCY = 16
PATIENCE_SECONDS = 240
RELAY_AFTER = timedelta(seconds=1)
TRUTH, LIE = "https://replicate.delivery/{}.png", "https://elsewhere.example/{}.png"


class Webhook(NamedTuple):
    """`kind`: "good", "dropped", or the way in which it is forged."""

    job_id: str
    number: int
    kind: str

    @property
    def event(self) -> str:
        return EVENTS[self.number]

    def request(self) -> httpx.Request:
        """What is posted. A forged webhook claims that the prediction is done and its picture elsewhere."""
        body = json.dumps(prediction(self.job_id, self.event) if self.kind == "good" else self._lie()).encode()
        key = WRONG_KEY if self.kind == "wrong signature" else KEY
        age = STALE.total_seconds() if self.kind == "stale" else 0
        signed = sign(body, f"msg_{self.job_id}_{self.number}", key, int(time.time() - age))
        if self.kind == "flipped byte":
            body = body.replace(b"a pond", b"a bond")
        return httpx.Request("POST", webhook_url(URL, self.job_id, 0, 1, SECRET), content=body, headers=signed)

    def _lie(self) -> dict[str, Any]:
        return prediction(self.job_id, "completed") | {"output": [LIE.format(self.job_id)]}


def prediction(job_id: str, event: str) -> dict[str, Any]:
    """The provider's word at that event."""
    done = event == "completed"
    output = [TRUTH.format(job_id)] if event in ("output", "completed") else None
    status = "succeeded" if done else "processing"
    return {"id": job_id, "status": status, "output": output, "input": {"prompt": "a pond"}, "logs": event}


def sign(body: bytes, message_id: str, key: str, timestamp: int) -> dict[str, str]:
    digest = hmac.digest(base64.b64decode(key), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def all_webhooks(kind: random.Random, job_ids: list[str]) -> list[Webhook]:
    """Five of each job, of all these a tenth dropped and a twentieth forged in each of three ways."""
    numbered = [(job_id, number) for job_id in job_ids for number in range(len(EVENTS))]
    twentieth = len(numbered) // 20
    forged = ["wrong signature", "stale", "flipped byte"] * twentieth
    kinds = ["dropped"] * 2 * twentieth + forged
    kinds += ["good"] * (len(numbered) - len(kinds))
    kind.shuffle(kinds)
    return [Webhook(job_id, number, one) for (job_id, number), one in zip(numbered, kinds, strict=True)]


async def post_each_thrice(client: httpx.AsyncClient, webhooks: list[Webhook]) -> set[int]:
    """Each three times concurrently; the status codes."""
    codes: set[int] = set()
    for webhook in webhooks:
        responses = await asyncio.gather(*(client.send(webhook.request()) for _ in range(TIMES)))
        codes |= {answer.status_code for answer in responses}
    return codes


async def side_by_side(work: list[Any]) -> list[Any]:
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(piece: Any) -> Any:
        async with places:
            return await piece

    return await asyncio.gather(*map(one, work))


def documents(endpoints: Endpoints) -> list[dict[str, Any]]:
    with jobs_of(endpoints) as jobs:
        return list(jobs.find(sort=[("_id", 1)]))


@asynccontextmanager
async def predictor_on(chassis: ServiceContext, provider: Any) -> AsyncIterator[None]:
    """The part of the predictor that reads reports of the provider."""
    settings: Any = None
    backlog = partial(chassis.broker.ready_count, topology.POSTPROCESS_PREDICTION_SUCCEEDED)
    under_way = chassis.store.slots_under_way
    predictor = Predictor(
        chassis.jobs, chassis.store, chassis.objects, provider, settings, chassis.clock, backlog, under_way
    )
    row = JobHandler(topology.PREDICTOR_PREDICTION_UPDATED, PredictionUpdated, predictor.read_update)
    consumer = Consumer(chassis.broker, row.queue, row.bound_to(chassis.jobs), chassis.jobs.dead_lettered)
    await consumer.start()
    yield
    await consumer.drain(10)


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The work goes on as long as the context."""
    task = asyncio.create_task(work)
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class Story(NamedTuple):
    """One job and the provider's webhooks about it, in the order in which they come."""

    job_id: str
    webhooks: list[Webhook]
    id_is_stored: bool


def stories(kind: random.Random, webhooks: list[Webhook]) -> list[Story]:
    """A third in order, a third with the end before the start, a third in any order; half before the id is stored."""
    result = []
    for number, job_id in enumerate(sorted({webhook.job_id for webhook in webhooks})):
        ours = [webhook for webhook in webhooks if webhook.job_id == job_id and webhook.kind == "good"]
        if number % 3 == 1:
            ours.reverse()
        elif number % 3 == 2:
            kind.shuffle(ours)
        result.append(Story(job_id, ours, id_is_stored=number % 2 == 0))
    return result


async def test_a_thousand_webhooks_of_every_kind_end_in_the_right_jobs(
    infrastructure: Infrastructure, thorough: bool, seed: int
) -> None:
    kind = random.Random(seed)
    job_ids = [f"job-{number:03}" for number in range(200 if thorough else 40)]
    webhooks = all_webhooks(kind, job_ids)
    cases = stories(kind, webhooks)
    provider = Provider()
    provider.known = {job_id: prediction(job_id, "completed") for job_id in job_ids}
    succeeded = {"predictions.0.state": "succeeded"}
    with infrastructure.isolated() as endpoints, jobs_of(endpoints) as jobs:
        async with (
            service_context_on(endpoints, "gateway") as chassis,
            gateway_on(chassis, endpoints, replicate_webhook_signing_key=KEY) as client,
            provider.client() as replicate,
        ):

            async def send(story: Story) -> set[int]:
                codes = await post_each_thrice(client, story.webhooks)
                if not story.id_is_stored:  # the answer to the create call, long overtaken
                    started = PredictionReport(id=story.job_id, status=PredictionStatus.STARTING)
                    await chassis.jobs.apply(story.job_id, PredictionReported(0, 1, started))
                return codes

            async def wait_for_successes(count: int) -> None:
                arrived = partial(wait_until, lambda: jobs.count_documents(succeeded) == count, PATIENCE_SECONDS)
                assert await asyncio.to_thread(arrived), f"seed {seed}"

            async def relay() -> None:
                """As the reconciler does: in such a flood some publishing outlasts its time-out."""
                while True:
                    await chassis.jobs.outbox.relay(RELAY_AFTER, limit=100)
                    await asyncio.sleep(RELAY_AFTER.total_seconds())

            await side_by_side(
                [
                    freeze(
                        chassis.store,
                        chassis.clock,
                        story.job_id,
                        STATES.index("running" if story.id_is_stored else "submitting"),
                        Limits(),
                    )
                    for story in cases
                ]
            )
            before = documents(endpoints)
            forged = [webhook for webhook in webhooks if webhook.kind not in ("good", "dropped")]
            assert Counter(webhook.kind for webhook in forged).total() == len(webhooks) * 3 // 20
            for codes in await side_by_side([post_each_thrice(client, [webhook]) for webhook in forged]):
                assert codes == {401}
            assert documents(endpoints) == before, "a forged webhook changed a job"

            async with predictor_on(chassis, replicate), beside(relay()):
                answered = await side_by_side([send(story) for story in cases])
                assert set().union(*answered) == {204}
                ended = sum(any(one.event == "completed" for one in story.webhooks) for story in cases)
                assert ended < len(cases)
                await wait_for_successes(ended)
                rescuer = Rescuer(chassis.jobs, chassis.store, replicate, chassis.clock)
                assert not provider.asked
                await rescuer.rescue_stuck(timedelta(0))
                await wait_for_successes(len(cases))
        assert provider.asked.total() == len(cases) - ended
        queue = topology.POSTPROCESS_PREDICTION_SUCCEEDED.name
        for document in documents(endpoints):
            (slot,) = document["predictions"]
            steps = Counter(entry["event"] for entry in document["timeline"])
            assert slot["outputs"] == [TRUTH.format(document["_id"])], f"seed {seed}"
            assert (slot["attempt"], slot["prediction_ids"]) == (1, [document["_id"]])
            assert (steps["prediction.started"], steps["prediction.succeeded"]) == (1, 1)

        async def all_counted() -> bool:  # a broker counts a confirmed message a moment later
            return (await message_counts(endpoints, queue))[queue] >= len(cases)

        assert await asyncio.to_thread(wait_until, lambda: asyncio.run(all_counted()), PATIENCE_SECONDS)
