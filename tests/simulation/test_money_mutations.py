"""Proof that the simulation watches the money: the budget's mechanisms are broken on purpose, and a seed shows it."""

from typing import Any

import pytest

from studio_chassis.testing.spending import SimulatedSpending, SimulatedSpendingStore
from studio_contracts.job import Job
from studio_contracts.spending import Budgets, Charge
from studio_domain import spending
from studio_domain.spending import Outcome
from studio_reconciler import settlement
from studio_simulation.mutations import Mutation, Mutations, assert_caught

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


@caught_by("day_budget_is_kept usage_agrees_with_the_provider")
def nothing_is_reserved(patch: Patch) -> None:
    async def reserve(*_: Any) -> None:
        return None

    patch.setattr(SimulatedSpendingStore, "reserve", reserve)


@caught_by("usage_agrees_with_the_provider")
def reserved_anew_by_each_delivery(patch: Patch) -> None:
    """A repeated message adds the money of its attempt again."""

    def reserve(self: SimulatedSpending, charge: Charge, budgets: Budgets) -> None:
        self._add(charge, 1)
        self.charges[charge.id] = charge

    patch.setattr(SimulatedSpending, "reserve", reserve)


@caught_by("day_budget_is_kept usage_agrees_with_the_provider")
def what_was_lost_is_taken_for_free(patch: Patch) -> None:
    """An attempt without a response may have been paid for all the same."""

    def certain(job: Job, charge: Charge) -> Outcome | None:
        found = outcome(job, charge)
        return None if found is None else Outcome(found.delivered)

    outcome = spending.outcome
    patch.setattr(settlement, "outcome", certain)


@pytest.mark.parametrize(("mutation", "invariants", "first"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_a_mutation_is_caught(mutation: Mutation, invariants: str, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_caught(mutation, invariants, first, monkeypatch)
