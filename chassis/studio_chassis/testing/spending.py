"""The spending store in memory."""

from collections.abc import AsyncIterator, Callable, Collection
from datetime import date, datetime
from typing import Any

from studio_chassis.testing.wire import Wire
from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl
from studio_domain.spending import Outcome, Refusal, amounts, budgets_left, purchase_refusal, settled


class SimulatedSpending:
    """Charges and sums, as all clients of the database share them. Each method is one step."""

    def __init__(self) -> None:
        self.charges: dict[str, Charge] = {}
        self.sums: dict[tuple[date, str | None], Spending] = {}
        self.control = SpendingControl()

    def of(self, day: date, key_id: str | None) -> Spending:
        """What was spent on a day by everybody (None), or with a key."""
        return self.sums.get((day, key_id), Spending(day=day, key_id=key_id))

    def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        """Hold the charge, if the budgets have room."""
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


class SimulatedSpendingStore:
    """One client of it; a part of the job store, which gives it the connection."""

    def __init__(self, spending: SimulatedSpending, wire: Wire) -> None:
        self._spending = spending
        self._wire = wire

    async def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        """Hold the charge's money, or say why not."""
        return await self._wire("store.reserve", lambda: self._spending.reserve(charge, budgets))

    async def settle(self, charge_id: str, outcome: Outcome) -> bool:
        """Replace what is held by what was delivered."""
        return await self._wire("store.settle", lambda: self._spending.settle(charge_id, outcome))

    async def held_charges(self, before: datetime) -> AsyncIterator[Charge]:
        """Charges that are held since before that moment."""

        def find() -> list[Charge]:
            held = (one for one in self._spending.charges.values() if one.state == "held" and one.reserved_at < before)
            return sorted(held, key=lambda one: (one.reserved_at, one.id))

        for charge in await self._wire("store.find", find):
            yield charge

    async def spending(
        self, first: date, last: date, keys: Collection[str | None] | None = None
    ) -> tuple[Spending, ...]:
        """The sums of those days."""

        def find() -> tuple[Spending, ...]:
            found = [
                one
                for one in self._spending.sums.values()
                if first <= one.day <= last and (keys is None or one.key_id in keys)
            ]
            return tuple(sorted(found, key=lambda one: (one.day, one.key_id or "", one.key_id is not None)))

        return await self._wire("store.find", find)

    async def spending_control(self) -> SpendingControl:
        """What the operators decided."""
        return await self._wire("store.control", lambda: self._spending.control)

    async def stop_spending(self, reason: str) -> None:
        """Refuse every reservation."""
        await self._decide(lambda control: {"stopped": True, "reason": reason})

    async def resume_spending(self) -> None:
        """Take reservations again."""
        await self._decide(lambda control: {"stopped": False, "reason": ""})

    async def pause_predictor(self, reason: str) -> None:
        """Refuse every reservation and accept jobs."""
        await self._decide(lambda control: {"predictor_paused": True, "pause_reason": reason})

    async def resume_predictor(self) -> None:
        """Take reservations again."""
        await self._decide(lambda control: {"predictor_paused": False, "pause_reason": ""})

    async def limit_spending(self, key_id: str | None, cents: int | None) -> None:
        """Set or take back a limit."""

        def limited(control: SpendingControl) -> dict[str, Any]:
            if key_id is None:
                return {"day_cents": cents}
            others = {key: value for key, value in control.key_day_cents.items() if key != key_id}
            return {"key_day_cents": others if cents is None else others | {key_id: cents}}

        await self._decide(limited)

    async def _decide(self, change: Callable[[SpendingControl], dict[str, Any]]) -> None:
        def replace() -> None:
            control = self._spending.control
            self._spending.control = control.model_copy(update=change(control))

        await self._wire("store.commit", replace)
