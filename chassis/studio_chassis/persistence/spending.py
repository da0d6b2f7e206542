"""What a store must do for money: reserve it, settle it, and say what was spent."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date, datetime
from typing import Protocol

from studio_chassis.persistence.id_range import EVERY_ID, IdRange
from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl
from studio_domain.spending import Outcome, Refusal


class SpendingStore(Protocol):
    """Charges, and their sums by day and key. Each method raises Unavailable when the database does not answer."""

    async def reserve(self, charge: Charge, budgets: Budgets) -> Refusal | None:
        """Hold the charge's money in the budgets of its day, in one step with looking whether they have room.

        An attempt whose money is held on that day already is left as it is, and refused only while spending is stopped.
        One that was settled, or held on another day, is held anew.
        """

    async def settle(self, outcomes: Mapping[str, Outcome]) -> frozenset[str]:
        """Replace what is held by what was delivered, by the ids of charges, in one step. Those that were held."""

    def held_charges(self, before: datetime, ids: IdRange = EVERY_ID) -> AsyncIterator[Charge]:
        """Every charge of these jobs that was reserved before that moment and is still held, oldest first."""

    async def spending(
        self, first: date, last: date, keys: Collection[str | None] | None = None
    ) -> tuple[Spending, ...]:
        """What was spent from day `first` to `last`, by everybody (a key of None) and by each key, or by those `keys`.

        Oldest first; days without spending are left out.
        """

    async def spending_control(self) -> SpendingControl:
        """What the operators decided last."""

    async def stop_spending(self, reason: str) -> None:
        """Refuse every reservation from now on."""

    async def resume_spending(self) -> None:
        """Take reservations again."""

    async def pause_predictor(self, reason: str) -> None:
        """Refuse every reservation from now on, while jobs are accepted."""

    async def resume_predictor(self) -> None:
        """Take reservations again, unless spending is stopped."""

    async def limit_spending(self, key_id: str | None, cents: int | None) -> None:
        """Set the limit of a day for a key, for everybody where it is None; None takes a limit back."""
