"""Money in the store, simulated and real: never more than the budgets, also with concurrent reservations."""

import asyncio
from datetime import UTC, datetime, timedelta

from studio_chassis.persistence.id_range import id_part
from studio_chassis.persistence.mongo import open_mongo_store
from studio_chassis.persistence.store import JobStore
from studio_contracts.spending import Budgets, Charge, Spending, day_of
from studio_domain.spending import Outcome
from studio_local.infrastructure import Endpoints

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = day_of(NOW)
BUDGETS = Budgets(day_cents=100, key_day_cents=40)


def charge(job_id: str, key_id: str = "k1", *, at: datetime = NOW) -> Charge:
    """Twelve cents."""
    return Charge(
        job_id=job_id, slot=0, attempt=1, day=day_of(at), key_id=key_id, pictures=4, cents_per_picture=3, reserved_at=at
    )


async def total(store: JobStore, key_id: str | None = None) -> Spending:
    (found,) = await store.spending(DAY, DAY, [key_id])
    return found


async def test_money_is_held_once_and_settled_once(store: JobStore) -> None:
    for _ in range(3):
        assert await store.reserve(charge("a"), BUDGETS) is None
    assert await total(store) == Spending(day=DAY, key_id=None, held_cents=12)
    assert await total(store, "k1") == Spending(day=DAY, key_id="k1", held_cents=12)
    assert [one async for one in store.held_charges(NOW + timedelta(seconds=1))] == [charge("a")]
    assert [one async for one in store.held_charges(NOW)] == []
    both = {"a/0/1": Outcome(3), "nobody/0/1": Outcome(3)}
    assert [await store.settle(both) for _ in range(2)] == [{"a/0/1"}, set()]
    assert await total(store) == Spending(day=DAY, key_id=None, spent_cents=9, pictures=3)
    assert [one async for one in store.held_charges(NOW + timedelta(seconds=1))] == []


async def test_held_charges_are_divided_by_the_ids_of_their_jobs(store: JobStore) -> None:
    for job_id in ("0a", "f0"):
        assert await store.reserve(charge(job_id), BUDGETS) is None
    later = NOW + timedelta(seconds=1)
    halves = [[one.job_id async for one in store.held_charges(later, id_part(half, 2))] for half in range(2)]
    assert halves == [["0a"], ["f0"]]


async def test_a_budget_is_refused_and_leaves_nothing_behind(store: JobStore) -> None:
    assert [await store.reserve(charge(name), BUDGETS) for name in "abc"] == [None] * 3
    refused = await store.reserve(charge("d"), BUDGETS)
    assert refused is not None
    assert refused.budget == ("key", 40, 4)
    assert await store.reserve(charge("e", "k2"), BUDGETS) is None
    assert (await total(store)).held_cents == 48
    assert await store.settle({"a/0/1": Outcome(0)})
    assert await store.reserve(charge("d"), BUDGETS) is None


async def test_an_attempt_that_goes_on_the_next_day_is_held_in_that_day_s_budget(store: JobStore) -> None:
    tomorrow = NOW + timedelta(days=1)
    assert await store.reserve(charge("a"), BUDGETS) is None
    assert await store.reserve(charge("a", at=tomorrow), BUDGETS) is None
    sums = await store.spending(DAY, day_of(tomorrow), [None])
    assert [(one.day, one.held_cents) for one in sums] == [(DAY, 0), (day_of(tomorrow), 12)]


async def test_a_settled_attempt_that_is_opened_again_is_held_anew(store: JobStore) -> None:
    assert await store.reserve(charge("a"), BUDGETS) is None
    await store.settle({"a/0/1": Outcome(0, certain=False)})
    assert (await total(store)).uncertain_cents == 12
    assert await store.reserve(charge("a"), BUDGETS) is None
    assert await total(store) == Spending(day=DAY, key_id=None, held_cents=12)


async def test_many_are_settled_together_in_the_sums_of_their_days_and_keys(store: JobStore) -> None:
    tomorrow = NOW + timedelta(days=1)
    wanted = [charge("a"), charge("b", "k2"), charge("c", at=tomorrow), charge("d"), charge("e")]
    assert await asyncio.gather(*(store.reserve(one, BUDGETS) for one in wanted)) == [None] * 5
    outcomes = {"a/0/1": Outcome(4), "b/0/1": Outcome(0, certain=False), "c/0/1": Outcome(1), "d/0/1": Outcome(9)}
    assert await store.settle(outcomes) == set(outcomes)
    assert await total(store) == Spending(
        day=DAY, key_id=None, held_cents=12, spent_cents=24, uncertain_cents=12, pictures=8
    )
    assert await total(store, "k1") == Spending(day=DAY, key_id="k1", held_cents=12, spent_cents=24, pictures=8)
    (later,) = await store.spending(day_of(tomorrow), day_of(tomorrow), ["k1"])
    assert (later.spent_cents, later.held_cents) == (3, 0)
    assert [one.id async for one in store.held_charges(NOW + timedelta(days=2))] == ["e/0/1"]


async def test_those_reserved_together_are_refused_in_turn(store: JobStore) -> None:
    """Also one that stands there twice, and one of another key that still fits."""
    wanted = [charge("a"), charge("b"), charge("a"), charge("c"), charge("d"), charge("e", "k2")]
    refused = await asyncio.gather(*(store.reserve(one, BUDGETS) for one in wanted))
    assert [one is None for one in refused] == [True, True, True, True, False, True]
    assert (await total(store, "k1")).held_cents == 36
    assert (await total(store)).held_cents == 48


async def test_operators_stop_resume_and_limit_without_undoing_each_other(store: JobStore) -> None:
    held = charge("held", "k9")
    assert await store.reserve(held, BUDGETS) is None
    await asyncio.gather(
        store.stop_spending("a leak"), store.limit_spending(None, 30), store.limit_spending("k1", 20),
        store.limit_spending("k2", 10),
    )  # fmt: skip
    control = await store.spending_control()
    assert (control.stopped, control.reason, control.day_cents) == (True, "a leak", 30)
    assert control.key_day_cents == {"k1": 20, "k2": 10}
    refused = await store.reserve(charge("a"), BUDGETS)
    assert refused is not None
    assert refused.budget.name == "stopped"
    refused = await store.reserve(held, BUDGETS)
    assert refused is not None
    assert refused.budget.name == "stopped"
    await store.pause_predictor("a wrong model")
    await store.resume_spending()
    refused = await store.reserve(held, BUDGETS)
    assert refused is not None
    assert refused.text == "The predictor was paused by an operator: a wrong model."
    await store.resume_predictor()
    assert await store.reserve(held, BUDGETS) is None
    await store.limit_spending("k2", None)
    await store.limit_spending(None, None)
    control = await store.spending_control()
    assert (control.stopped, control.day_cents, control.key_day_cents) == (False, None, {"k1": 20})


async def test_two_concurrent_processes_never_exceed_the_budget(endpoints: Endpoints | None, store: JobStore) -> None:
    """Sixty attempts for which eight are paid, each reserved twice, through two connections at the same time."""
    budgets = Budgets(day_cents=100, key_day_cents=10**6)

    async def reserve_all(own: JobStore) -> list[bool]:
        refusals = await asyncio.gather(*(own.reserve(charge(f"j{number}"), budgets) for number in range(30)))
        return [refused is None for refused in refusals]

    if endpoints is None:
        held = await asyncio.gather(reserve_all(store), reserve_all(store))
    else:
        async with open_mongo_store(endpoints.mongodb_url, endpoints.database, "other") as other:
            held = await asyncio.gather(reserve_all(store), reserve_all(other))
    winners = {number for each in held for number, got in enumerate(each) if got}
    assert len(winners) == 8
    assert await total(store) == Spending(day=DAY, key_id=None, held_cents=96)
