"""Charges, their sums by day and key, and what operators decided: how each reservation and settlement changes them."""

from collections.abc import Iterable
from datetime import date

from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl
from studio_domain.spending import Outcome, Refusal, amounts, budgets_left, purchase_refusal, settled


class Ledger:
    """The charges and sums that a store holds, or those of them that one of its transactions is about."""

    def __init__(
        self, charges: Iterable[Charge] = (), sums: Iterable[Spending] = (), control: SpendingControl | None = None
    ) -> None:
        self.charges = {charge.id: charge for charge in charges}
        self.sums: dict[tuple[date, str | None], Spending] = {(one.day, one.key_id): one for one in sums}
        self.control = control or SpendingControl()

    def of(self, day: date, key_id: str | None) -> Spending:
        """What was spent on a day by everybody (None), or with a key."""
        return self.sums.get((day, key_id), Spending(day=day, key_id=key_id))

    def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        """Hold the charge, if the budgets have room; see `SpendingStore.reserve`."""
        known = self.charges.get(charge.id)
        if known is not None and known.state == "held" and known.day == charge.day:
            return purchase_refusal(charge.cents, charge.day, self.control, ())
        if known is not None:
            self._add(known, -1)
        day, key_id = charge.day, charge.key_id
        left = budgets_left(key_id, self.control, budgets, self.of(day, None), self.of(day, key_id))
        refused = purchase_refusal(charge.cents, day, self.control, left)
        if refused is None:
            self._add(charge, 1)
            self.charges[charge.id] = charge
        elif known is not None:
            self._add(known, 1)
        return refused

    def settle(self, charge_id: str, outcome: Outcome) -> bool:
        """Settle the charge, if it is held."""
        charge = self.charges.get(charge_id)
        if charge is None or charge.state != "held":
            return False
        after = settled(charge, outcome)
        self._add(charge, -1)
        self._add(after, 1)
        self.charges[charge_id] = after
        return True

    def _add(self, charge: Charge, sign: int) -> None:
        for key_id in (None, charge.key_id):
            sums = self.of(charge.day, key_id)
            more = {name: getattr(sums, name) + sign * amount for name, amount in amounts(charge).items()}
            self.sums[charge.day, key_id] = sums.model_copy(update=more)
