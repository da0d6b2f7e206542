"""What is left of the budgets, shown before a job is asked for and when one is refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from studio_contracts.access import ANONYMOUS_KEY_ID, Scope
from studio_contracts.spending import Charge, day_of
from studio_domain.spending import Outcome
from studio_support.gateway_in_memory import START, GatewayInMemory, OpenGateway

KEYS: tuple[tuple[str, tuple[Scope, ...]], ...] = (
    ("ada", ("jobs:create", "jobs:read")),
    ("bob", ("jobs:create", "jobs:read")),
    ("ops", ("jobs:read", "ops")),
)
BRIEF = {"prompt": "ocean", "count": 4}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def charge(gateway: GatewayInMemory, slot: int, *, key_id: str = "", pictures: int = 4) -> Charge:
    return Charge(
        job_id="j", slot=slot, attempt=1, day=day_of(gateway.now), key_id=key_id, pictures=pictures,
        cents_per_picture=3, reserved_at=gateway.now,
    )  # fmt: skip


async def spend(gateway: GatewayInMemory, number: int, *, key_id: str = "") -> None:
    """Hold that many attempts of four pictures, 12 cents each."""
    for slot in range(number):
        assert await gateway.store.reserve(charge(gateway, slot, key_id=key_id), gateway.settings.budgets) is None


async def test_a_job_beyond_the_day_s_budget_is_402_with_the_figures(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(day_cents=30)
    await spend(gateway, 2)
    async with gateway.client() as client:
        refused = await client.post("/v1/jobs", json=BRIEF)
        assert (await client.post("/v1/jobs", json=BRIEF | {"count": 2})).status_code == 202
    assert (refused.status_code, refused.headers["content-type"]) == (402, "application/problem+json")
    problem = refused.json()
    assert problem["type"] == "urn:tpv-studio:problem:over-budget"
    resets = "2026-03-02T00:00:00Z"
    assert problem["budget"] == {"name": "day", "limit_cents": 30, "left_cents": 6, "resets_at": resets}
    assert "would cost 12 cents" in problem["detail"]
    assert int(refused.headers["retry-after"]) == pytest.approx(12 * 3600, abs=60)


async def test_a_job_that_costs_more_than_one_may_is_refused_before_it_is_drawn(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(job_cents=10)
    async with gateway.client() as client:
        refused = await client.post("/v1/jobs", json=BRIEF)
    assert refused.status_code == 402
    assert refused.json()["budget"] == {"name": "job", "limit_cents": 10, "left_cents": 10}
    assert "retry-after" not in refused.headers


async def test_a_draft_needs_no_budget(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(day_cents=0)
    await gateway.store.stop_spending("")
    async with gateway.client() as client:
        assert (await client.post("/v1/jobs", json={"prompt": "ocean", "kind": "draft"})).status_code == 202


async def test_the_first_answer_to_an_idempotency_key_stands_when_the_money_is_gone(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(day_cents=12)
    async with gateway.client() as client:
        first = await client.post("/v1/jobs", json=BRIEF, headers={"idempotency-key": "k"})
        await spend(gateway, 1)
        again = await client.post("/v1/jobs", json=BRIEF, headers={"idempotency-key": "k"})
        other = await client.post("/v1/jobs", json=BRIEF, headers={"idempotency-key": "l"})
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 402)
    assert first.json() == again.json()


async def test_while_spending_is_stopped_jobs_are_503_with_the_reason(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with()
    await gateway.store.stop_spending("a key leaked")
    async with gateway.client() as client:
        refused = await client.post("/v1/jobs", json=BRIEF)
        usage = (await client.get("/v1/usage")).json()
        await gateway.store.resume_spending()
        assert (await client.post("/v1/jobs", json=BRIEF)).status_code == 202
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert refused.json()["detail"] == "Spending was stopped by an operator: a key leaked. Drafts can be made."
    assert (usage["stopped"], usage["reason"], usage["left_cents"]) == (True, "a key leaked", 0)


async def test_the_budget_is_full_again_the_next_day_of_utc(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(day_cents=12)
    await spend(gateway, 1)
    async with gateway.client() as client:
        assert (await client.post("/v1/jobs", json=BRIEF)).status_code == 402
        gateway.now = START + timedelta(hours=12)
        assert (await client.post("/v1/jobs", json=BRIEF)).status_code == 202


async def test_the_usage_by_day_and_key_and_what_may_be_spent(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(day_cents=50, job_cents=40)
    await spend(gateway, 2)
    await gateway.store.settle({"j/0/1": Outcome(3)})
    await gateway.store.settle({"j/1/1": Outcome(0, certain=False)})
    async with gateway.client() as client:
        usage: dict[str, Any] = (await client.get("/v1/usage")).json()
    assert (usage["left_cents"], usage["budget"], usage["stopped"]) == (29, "day", False)
    figures = {"day": "2026-03-01", "spent_cents": 9, "held_cents": 0, "uncertain_cents": 12, "pictures": 3}
    assert usage["days"] == [figures | {"key_id": ""}, figures | {"key_id": None}]


async def test_a_key_has_a_budget_of_its_own_and_sees_its_own_usage_alone(gateway_with: OpenGateway) -> None:
    gateway = await gateway_with(access="keys", key_day_cents=20, day_cents=1000)
    ada, bob, operator = [await gateway.key(owner, *scopes) for owner, scopes in KEYS]
    keys = {key.owner: key.id for key in await gateway.store.keys()}
    await spend(gateway, 1, key_id=keys["ada"])
    async with gateway.client() as client:

        async def usage(token: str) -> dict[str, Any]:
            found: dict[str, Any] = (await client.get("/v1/usage", headers=bearer(token))).json()
            return found

        refused = await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))
        assert refused.json()["budget"]["name"] == "key"
        accepted = await client.post("/v1/jobs", json=BRIEF, headers=bearer(bob))
        assert gateway.database.jobs[accepted.json()["id"]].key_id == keys["bob"]
        assert ((await usage(ada))["left_cents"], (await usage(bob))["left_cents"]) == (8, 20)
        assert [[one["key_id"] for one in (await usage(token))["days"]] for token in (ada, bob)] == [[keys["ada"]], []]
        assert {one["key_id"] for one in (await usage(operator))["days"]} == {keys["ada"], None}
        await gateway.store.limit_spending(keys["ada"], 24)
        assert (await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))).status_code == 202


async def test_the_job_s_limit_is_named_where_the_day_has_more_left(client: httpx.AsyncClient) -> None:
    usage = (await client.get("/v1/usage?days=1")).json()
    assert (usage["left_cents"], usage["budget"], usage["days"]) == (200, "job", [])
    assert (await client.get("/v1/usage?days=0")).status_code == 422


async def test_strangers_share_a_budget_of_their_own_and_see_nothing_of_what_others_spent(
    gateway_with: OpenGateway,
) -> None:
    gateway = await gateway_with(access="anonymous", key_day_cents=1000, creates_per_minute=100)
    ada = await gateway.key("ada")
    await gateway.store.limit_spending(ANONYMOUS_KEY_ID, 30)
    await spend(gateway, 2, key_id=ANONYMOUS_KEY_ID)
    async with gateway.client() as client:
        refused = await client.post("/v1/jobs", json=BRIEF)
        accepted = await client.post("/v1/jobs", json=BRIEF | {"count": 2})
        assert (await client.post("/v1/jobs", json=BRIEF, headers=bearer(ada))).status_code == 202
        usage = (await client.get("/v1/usage")).json()
    assert (refused.status_code, accepted.status_code) == (402, 202)
    budget = refused.json()["budget"]
    assert (budget["name"], budget["limit_cents"], budget["left_cents"]) == ("key", 30, 6)
    assert gateway.database.jobs[accepted.json()["id"]].key_id == ANONYMOUS_KEY_ID, "the claim reserves there, too"
    assert (usage["left_cents"], usage["days"]) == (6, [])
