"""Kind: the provider says something we do not know. What it names exists, is waited for, and is never bought again."""

import gzip
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from studio_chassis.messaging.dispositions import Pause, Retry
from studio_chassis.persistence.job_service import JobService
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.testing.database import SimulatedDatabase
from studio_chassis.testing.objects import SimulatedObjectStore
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.brief import Brief
from studio_contracts.events import Event, PredictionUpdated, StencilReady
from studio_contracts.job import Job, Limits
from studio_contracts.slot import GenerationRequest, Slot
from studio_contracts.spending import Budgets
from studio_domain.domain_events import SlotPlan, SlotsPlanned, StencilDrawn, WebhookReceived
from studio_domain.prediction import MAX_OUTPUT_CHARS, slim_prediction
from studio_predictor.handlers import Predictor
from studio_predictor.slots import slot_seed
from studio_reconciler.rescue import Rescuer
from studio_support.job_shapes import PLAN

GRACE = timedelta(seconds=60)
BEGINNING = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
UNKNOWN = ["queued", "booting", "SUCCEEDED", "", None, 7, ["starting"], {"phase": "warm"}]
INPUT = {"prompt": "a pond", "negative_prompt": "", "prompt_strength": 0.7}


class Scenario:
    """One job of one slot, the predictor and the reconciler, and a provider of which each test says what it answers."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self.published: list[Event] = []
        self.posts = 0
        self.created: Any = httpx.Response(201, json={"id": "p1", "status": "starting"})
        self.listed: list[Any] = []
        self.read: Any = httpx.Response(404, json={"detail": "unknown"})
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        provider = ReplicateClient(http, "https://api.replicate.com", SecretStr("r8_x"), lambda: self.now)
        store = SimulatedJobStore(SimulatedDatabase())
        self.jobs = JobService(store, self._publish, lambda: self.now, "test")
        settings: Any = SimpleNamespace(
            max_backlog=9,
            public_base_url=None,
            start_webhook=False,
            adoption_grace=GRACE,
            budgets=Budgets(day_cents=999, key_day_cents=999),
        )
        objects = SimulatedObjectStore()
        self.objects = objects
        self.predictor = Predictor(
            self.jobs, store, objects, provider, settings, lambda: self.now, self._no_backlog, store.slots_under_way
        )
        self.rescuer = Rescuer(self.jobs, store, provider, lambda: self.now)

    async def open(self) -> "Scenario":
        await self.objects.put(PLAN.directions[0].stencil.key, b"a stencil")
        await self.jobs.accept(Brief(prompt="a pond", count=1), job_id="j", seed=1, traceparent="00-1", limits=Limits())
        await self.jobs.outbox.flush()
        await self.jobs.apply("j", StencilDrawn(PLAN, 0.1))
        generation = GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input=INPUT)
        await self.jobs.apply("j", SlotsPlanned(generation, (SlotPlan(0, 1),)))
        return self

    async def _publish(self, event: Event) -> None:
        self.published.append(event)

    async def _no_backlog(self, _: int) -> int:
        return 0

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.posts += 1
            return cast(httpx.Response, self.created)
        if request.url.path.endswith("/predictions"):
            return httpx.Response(200, json={"results": self.listed, "next": None})
        return cast(httpx.Response, self.read)

    @property
    async def job(self) -> Job:
        return await self.jobs.load("j")

    @property
    async def slot(self) -> Slot:
        return (await self.job).predictions[0]

    async def request(self) -> None:
        """The message of the slot's attempt is delivered."""
        await self.predictor.begin_predictions(await self.job, StencilReady())

    async def report(self, prediction: dict[str, Any]) -> None:
        """The gateway kept a webhook; if there is a message for the predictor, it is delivered."""
        applied = await self.jobs.apply("j", WebhookReceived(0, (await self.slot).attempt, prediction))
        if applied.changed and isinstance(update := self.published[-1].payload, PredictionUpdated):
            await self.predictor.read_update(await self.job, update)


@pytest.fixture
async def scenario() -> Scenario:
    return await Scenario().open()


@pytest.mark.parametrize("status", UNKNOWN)
async def test_a_prediction_created_under_an_unknown_status_is_adopted_and_bought_once(
    scenario: Scenario, status: Any
) -> None:
    scenario.created = httpx.Response(201, json={"id": "p1", "status": status})
    await scenario.request()
    await scenario.request()
    slot = await scenario.slot
    assert (slot.state, slot.provider_id, scenario.posts) == ("running", "p1", 1)


@pytest.mark.parametrize("status", UNKNOWN)
async def test_a_lost_prediction_seen_in_the_list_under_an_unknown_status_is_there(
    scenario: Scenario, status: Any
) -> None:
    scenario.created = httpx.Response(201, text="<html>cut off")
    with pytest.raises(Retry):
        await scenario.request()
    scenario.now += 2 * GRACE
    identity = {"seed": slot_seed(1, 0, 1), "prompt": "a pond", "num_outputs": 1}
    scenario.listed = [{"id": "p1", "status": status, "input": identity}]
    await scenario.request()
    slot = await scenario.slot
    assert (slot.state, slot.provider_id, scenario.posts) == ("running", "p1", 1)


@pytest.mark.parametrize("status", UNKNOWN)
async def test_a_webhook_of_an_unknown_status_neither_fails_nor_ends_the_slot(scenario: Scenario, status: Any) -> None:
    await scenario.request()
    await scenario.report({"id": "p1", "status": status})
    assert (await scenario.slot).state == "running"
    await scenario.report({"id": "p1", "status": "succeeded", "output": ["https://replicate.delivery/a.png"]})
    assert (await scenario.slot).state == "succeeded"


@pytest.mark.parametrize("body", [{}, {"kind": "prediction.archived", "data": {"id": "p1"}}, {"id": None}, {"id": [1]}])
async def test_a_webhook_of_an_unknown_kind_changes_nothing(scenario: Scenario, body: dict[str, Any]) -> None:
    await scenario.request()
    await scenario.report(body)
    assert (await scenario.slot).state == "running"
    assert not (await scenario.job).is_final


@pytest.mark.parametrize("status", UNKNOWN)
async def test_a_poll_that_finds_an_unknown_status_waits(scenario: Scenario, status: Any) -> None:
    await scenario.request()
    scenario.read = httpx.Response(200, json={"id": "p1", "status": status})
    scenario.now += timedelta(seconds=1)
    await scenario.rescuer.poll_running()
    assert ((await scenario.slot).state, scenario.published[-1].type) == ("running", StencilReady.type)


FOREIGN = [
    httpx.Response(301, headers={"location": "https://api.replicate.com/v1/predictions"}),
    httpx.Response(302, text="<html>sign in</html>", headers={"location": "https://portal.example/login"}),
    httpx.Response(400, text="<html>bad request</html>"),
    httpx.Response(403, text="<html>blocked</html>"),
    httpx.Response(404, text="<html>nothing here</html>"),
    httpx.Response(407, text="proxy authentication required"),
    httpx.Response(413, text="<html>too large</html>"),
    httpx.Response(421, text=""),
    httpx.Response(422, json={"error": "unprocessable"}),
    httpx.Response(451, text="<html>by order of</html>"),
    httpx.Response(499, text="<html>client closed request</html>"),
]


@pytest.mark.parametrize("response", FOREIGN, ids=[str(response.status_code) for response in FOREIGN])
async def test_what_answers_in_the_providers_place_pauses_the_consumer_and_fails_no_job(
    scenario: Scenario, response: httpx.Response
) -> None:
    scenario.created = response
    with pytest.raises(Pause) as pause:
        await scenario.request()
    assert pause.value.cause == "provider"
    assert not (await scenario.job).is_final
    assert (await scenario.slot).attempt == 1


async def test_a_redirect_of_the_api_is_named_as_a_fault_of_the_settings(scenario: Scenario) -> None:
    scenario.created = FOREIGN[0]
    with pytest.raises(Pause, match=r"redirect to https://api\.replicate\.com/v1/predictions.*REPLICATE_API_BASE"):
        await scenario.request()
    assert (await scenario.slot).state == "waiting", "nothing was created, so the claim is released"


async def test_a_refusal_in_the_providers_own_json_fails_the_slot_once(scenario: Scenario) -> None:
    scenario.created = httpx.Response(422, json={"title": "Input validation failed", "detail": "- input.seed: no"})
    await scenario.request()
    assert ((await scenario.slot).state, scenario.posts) == ("failed", 1)


async def test_a_response_too_large_to_read_fails_the_slot_with_that_reason(scenario: Scenario) -> None:
    await scenario.request()
    picture = "data:image/png;base64," + "A" * (4 * 2**20)
    scenario.read = httpx.Response(200, json={"id": "p1", "status": "succeeded", "output": [picture]})
    scenario.now += timedelta(seconds=1)
    await scenario.rescuer.poll_running()
    assert (await scenario.slot).state == "failed"
    assert "larger than 4194304 bytes" in (await scenario.job).warnings[0].text


async def test_pictures_inside_a_webhook_that_are_too_large_to_keep_fail_the_slot_with_that_reason(
    scenario: Scenario,
) -> None:
    await scenario.request()
    body = {"id": "p1", "status": "succeeded", "output": ["data:," + "A" * MAX_OUTPUT_CHARS]}
    await scenario.report(slim_prediction(body))
    assert ((await scenario.slot).state, (await scenario.job).warnings[0].code) == ("failed", "output_too_large")


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "unheard-of"])
async def test_a_compressed_response_is_not_expanded(scenario: Scenario, encoding: str) -> None:
    headers = {"content-encoding": encoding}
    bomb = gzip.compress(bytes(2**20))
    scenario.created = httpx.Response(201, headers=headers, stream=httpx.ByteStream(bomb))
    with pytest.raises(Retry, match="compressed"):
        await scenario.request()
