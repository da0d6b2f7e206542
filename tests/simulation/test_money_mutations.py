"""Proof that the simulation watches the money: the budget's mechanisms are broken on purpose, and a seed shows it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from studio_chassis.testing.spending import SimulatedSpendingStore
from studio_chassis.testing.wire import perfect
from studio_contracts.job import Job
from studio_contracts.spending import Budgets, Charge, resets_at
from studio_domain import spending
from studio_domain.ledger import Ledger
from studio_domain.spending import BudgetLeft, Outcome, Refusal
from studio_predictor import handlers
from studio_reconciler import settlement
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught, with_a_tight_budget

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


@caught_by("day_budget_is_kept usage_agrees_with_the_provider")
def nothing_is_reserved(patch: Patch) -> None:
    async def reserve(*_: Any) -> None:
        return None

    patch.setattr(SimulatedSpendingStore, "reserve", reserve)


@caught_by("day_budget_is_kept usage_agrees_with_the_provider")
def looked_first_and_written_later(patch: Patch) -> None:
    """Two predictors see the same money."""

    async def reserve(self: SimulatedSpendingStore, charge: Charge, budgets: Budgets) -> Refusal | None:
        ample = Budgets(day_cents=10**9, key_day_cents=10**9)
        total = await self._wire("store.load", lambda: self._ledger.of(charge.day, None))
        control = await self._wire("store.load", lambda: self._ledger.control)
        left = spending.budgets_left("", control, budgets, total, total)
        refused = spending.refusal(charge.cents, charge.day, control, left)
        await asyncio.sleep(20)
        if refused is None and charge.id not in self._ledger.charges:
            await self._wire("store.reserve", lambda: self._ledger.reserve(charge, ample))
        return refused

    patch.setattr(SimulatedSpendingStore, "reserve", reserve)


@caught_by("usage_agrees_with_the_provider")
def reserved_anew_by_each_delivery(patch: Patch) -> None:
    """A repeated message adds the money of its attempt again."""

    def reserve(self: Ledger, charge: Charge, budgets: Budgets) -> None:
        self._add(charge, 1)
        self.charges[charge.id] = charge

    patch.setattr(Ledger, "reserve", reserve)


@caught_by("day_budget_is_kept usage_agrees_with_the_provider")
def what_was_lost_is_taken_for_free(patch: Patch) -> None:
    """An attempt without a response may have been paid for all the same."""

    def certain(job: Job, charge: Charge) -> Outcome | None:
        found = outcome(job, charge)
        return None if found is None else Outcome(found.delivered)

    outcome = spending.outcome
    patch.setattr(settlement, "outcome", certain)


@caught_by("money_is_settled usage_agrees_with_the_provider")
def the_provider_is_not_asked_about_jobs_that_ended(patch: Patch) -> None:
    async def unknown(*_: Any) -> None:
        return None

    patch.setattr(settlement.Settlement, "_ask_provider", unknown)


@caught_by("usage_agrees_with_the_provider")
def whatever_was_asked_for_counts_as_delivered(patch: Patch) -> None:
    def in_full(job: Job, charge: Charge) -> Outcome | None:
        found = outcome(job, charge)
        return None if found is None else Outcome(charge.pictures, found.certain)

    outcome = spending.outcome
    patch.setattr(settlement, "outcome", in_full)


@caught_by("stopped_spending_stops")
def a_stop_is_not_looked_at(patch: Patch) -> None:
    def refusal_without_stop(cents: int, day: Any, _: Any, left: Any) -> Refusal | None:
        over = next((budget for budget in left if cents > budget.cents), None)
        return None if over is None else Refusal(over, resets_at(day))

    patch.setattr("studio_domain.ledger.purchase_refusal", refusal_without_stop)


@caught_by("day_budget_is_kept", needs=with_a_tight_budget)
def each_key_alone_is_looked_at(patch: Patch) -> None:
    def nobody(*_: Any) -> tuple[BudgetLeft, ...]:
        return ()

    patch.setattr("studio_domain.ledger.budgets_left", nobody)


class _Unlimited(SimulatedSpendingStore):
    """Has room for everything, and keeps nothing of it."""

    def __init__(self) -> None:
        super().__init__(Ledger(), perfect)


@caught_by("usage_agrees_with_the_provider day_budget_is_kept")
def reserved_after_the_claim_by_whoever_is_still_alive(patch: Patch) -> None:
    """The claim comes first: a crash before the reservation leaves a claimed slot that is recovered, and paid, free."""
    create = handlers.Predictor._create_predictions

    async def unreserved(self: handlers.Predictor, job: Job, slots: Any, planned: Any) -> None:
        await create(replace(self, spending=_Unlimited()), job, slots, planned)
        for slot in slots:
            charge = spending.reservation(job, slot, self.now(), planned and planned.generation)
            await self.spending.reserve(charge, self.settings.budgets)

    patch.setattr(handlers.Predictor, "_create_predictions", unreserved)


@caught_by("money_is_settled usage_agrees_with_the_provider")
def a_slot_that_was_never_planned_keeps_its_money(patch: Patch) -> None:
    """It is reserved before the slots are planned; a job that ends in between never claims it."""

    def of_slots(job: Job, charge: Charge) -> Outcome | None:
        return outcome(job, charge) if job.predictions else None

    outcome = spending.outcome
    patch.setattr(settlement, "outcome", of_slots)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_a_mutation_is_caught(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
