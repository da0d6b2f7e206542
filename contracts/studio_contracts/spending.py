"""Money in US cents: what an attempt may cost, what it did cost, and how much may be spent in a day.

A day is one of UTC. An attempt belongs to the day in which its money was reserved.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from pydantic import Field

from studio_contracts.base import FrozenModel, UtcDatetime

BudgetName = Literal["job", "key", "day", "stopped"]
"""What may refuse an expense: a job's, a key's or the whole studio's budget; or an operator stopped all spending."""
ChargeState = Literal["held", "settled", "uncertain"]


def day_of(moment: datetime) -> date:
    """The day to which an expense of that moment belongs."""
    return moment.astimezone(UTC).date()


def resets_at(day: date) -> datetime:
    """When the budgets of that day are full again."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


class Charge(FrozenModel):
    """The money of one attempt of a slot: reserved in full, then settled by the pictures that were delivered.

    `uncertain`: its response was lost and no prediction was found, so it may have been paid for without a trace. It
    counts against the budgets as if it had been delivered, and not as spent.
    """

    job_id: str
    slot: int
    attempt: int
    day: date
    key_id: str
    pictures: int
    cents_per_picture: int
    state: ChargeState = "held"
    delivered: int = 0
    reserved_at: UtcDatetime

    @property
    def id(self) -> str:
        """Identifies the attempt."""
        return f"{self.job_id}/{self.slot}/{self.attempt}"

    @property
    def cents(self) -> int:
        """What is reserved: the most that the attempt can cost."""
        return self.pictures * self.cents_per_picture


class Spending(FrozenModel):
    """What was spent on one day with one key (`key_id` is null: by everybody). `pictures` were delivered."""

    day: date
    key_id: str | None
    held_cents: int = 0
    spent_cents: int = 0
    uncertain_cents: int = 0
    pictures: int = 0

    @property
    def committed_cents(self) -> int:
        """What counts against a budget."""
        return self.held_cents + self.spent_cents + self.uncertain_cents


class Budgets(FrozenModel):
    """The most that may be spent in a day by everybody, and with one key."""

    day_cents: int = Field(ge=0)
    key_day_cents: int = Field(ge=0)


class SpendingControl(FrozenModel):
    """What an operator decided: whether to spend at all, and limits in place of those in the settings.

    While the predictor is paused nothing is bought, as when spending is stopped, but jobs are accepted and wait.
    """

    stopped: bool = False
    reason: str = ""
    predictor_paused: bool = False
    pause_reason: str = ""
    day_cents: int | None = Field(None, ge=0)
    key_day_cents: dict[str, int] = Field(default_factory=dict)

    def budget_of(self, key_id: str | None, budgets: Budgets) -> int | None:
        """The limit of a key, of everybody for None, in cents a day; None where there is none.

        Where no keys are used, the key is "", and only the day's budget counts.
        """
        if key_id is None:
            return budgets.day_cents if self.day_cents is None else self.day_cents
        return self.key_day_cents.get(key_id, budgets.key_day_cents) if key_id else None
