"""The spending store in memory."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_chassis.testing.wire import Wire
from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl
from studio_domain.ledger import Ledger
from studio_domain.spending import Outcome, Refusal


class SimulatedSpendingStore:
    """One client of it; a part of the job store, which gives it the connection."""

    def __init__(self, ledger: Ledger, wire: Wire) -> None:
        self._ledger = ledger
        self._wire = wire

    async def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        """Hold the charge's money, or say why not."""
        return await self._wire("store.reserve", lambda: self._ledger.reserve(charge, budgets))

    async def settle(self, outcomes: Mapping[str, Outcome]) -> frozenset[str]:
        """Replace what is held by what was delivered."""

        def settle() -> frozenset[str]:
            return frozenset(name for name, outcome in outcomes.items() if self._ledger.settle(name, outcome))

        return await self._wire("store.settle", settle)

    async def held_charges(self, before: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Charge]:
        """Charges that are held since before that moment."""

        def find() -> list[Charge]:
            charges = (one for one in self._ledger.charges.values() if one.job_id in ids)
            held = (one for one in charges if one.state == "held" and one.reserved_at < before)
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
                for one in self._ledger.sums.values()
                if first <= one.day <= last and (keys is None or one.key_id in keys)
            ]
            return tuple(sorted(found, key=lambda one: (one.day, one.key_id or "", one.key_id is not None)))

        return await self._wire("store.find", find)

    async def spending_control(self) -> SpendingControl:
        """What the operators decided."""
        return await self._wire("store.control", lambda: self._ledger.control)

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
            control = self._ledger.control
            self._ledger.control = control.model_copy(update=change(control))

        await self._wire("store.commit", replace)
