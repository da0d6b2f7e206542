"""The rules of money: whether an expense fits the budgets, and what an attempt has cost."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from studio_contracts.job import Job
from studio_contracts.slot import GenerationRequest, Slot
from studio_contracts.spending import BudgetName, Budgets, Charge, Spending, SpendingControl, day_of, resets_at
from studio_domain.prediction import PredictionReport


class BudgetLeft(NamedTuple):
    """A budget: its limit, and how much of it is left."""

    name: BudgetName
    limit_cents: int
    cents: int


class Refusal(NamedTuple):
    """Why an expense is refused: the budget that has no room for it, and when that is full again.

    `paused`: the predictor is, by an operator; the budget is then `stopped`, for none has room.
    """

    budget: BudgetLeft
    resets_at: datetime
    reason: str = ""
    paused: bool = False

    @property
    def text(self) -> str:
        """The refusal in words."""
        name, limit, left = self.budget
        if name == "stopped":
            what = "The predictor was paused" if self.paused else "Spending was stopped"
            return f"{what} by an operator{self.reason and ': '}{self.reason.rstrip('.')}."
        if name == "job":
            return f"One job may cost {limit} cents."
        whose = "this key" if name == "key" else "the studio"
        resets = f"{self.resets_at:%Y-%m-%d %H:%M} UTC"
        return f"{left} of {limit} cents are left of what {whose} may spend in a day. It resets at {resets}."


class Outcome(NamedTuple):
    """How many pictures an attempt delivered; `certain` unless it may have been paid for without a trace."""

    delivered: int
    certain: bool = True


def reservation(job: Job, slot: Slot, now: datetime, planned: GenerationRequest | None = None) -> Charge:
    """The charge of a slot's current attempt, to be reserved now. The job has its model, or `planned` names it."""
    generation = planned or job.generation
    assert generation is not None
    return Charge(
        job_id=job.id,
        slot=slot.number,
        attempt=slot.attempt,
        day=day_of(now),
        key_id=job.key_id,
        pictures=slot.count,
        cents_per_picture=generation.cents_per_picture,
        reserved_at=now,
    )


def budgets_left(
    key_id: str, control: SpendingControl, budgets: Budgets, spent: Spending, by_key: Spending
) -> tuple[BudgetLeft, ...]:
    """What is left of the day's budgets. `spent` is the sum of all keys, `by_key` that of the one."""
    found: list[BudgetLeft] = []
    sums: tuple[tuple[BudgetName, str | None, Spending], ...] = (("key", key_id, by_key), ("day", None, spent))
    for name, key, sum_ in sums:
        limit = control.budget_of(key, budgets)
        if limit is not None:
            found.append(BudgetLeft(name, limit, max(0, limit - sum_.committed_cents)))
    return tuple(found)


def refusal(cents: int, day: date, control: SpendingControl, left: Iterable[BudgetLeft]) -> Refusal | None:
    """Why this amount, at least 1 cent, may not be spent on that day; None when it may."""
    if control.stopped:
        return Refusal(BudgetLeft("stopped", 0, 0), resets_at(day), control.reason)
    over = next((budget for budget in left if cents > budget.cents), None)
    return None if over is None else Refusal(over, resets_at(day))


def purchase_refusal(cents: int, day: date, control: SpendingControl, left: Iterable[BudgetLeft]) -> Refusal | None:
    """The same for a prediction that is bought now: a pause of the predictor refuses it, and keeps no job out."""
    if control.predictor_paused and not control.stopped:
        return Refusal(BudgetLeft("stopped", 0, 0), resets_at(day), control.pause_reason, paused=True)
    return refusal(cents, day, control, left)


def outcome(job: Job, charge: Charge) -> Outcome | None:
    """What the job knows of the attempt, None while it is open or where only the provider knows.

    Whatever is known here stays so: a job that may be replayed can still ask for what it waited for. An attempt that
    was given up for lost leaves no prediction; where one of several is missing, none of them is certain. A job that
    ended before its slots were planned claimed none of them.
    """
    slot = job.slot(charge.slot)
    ended = job.is_final and not (job.error and job.error.replayable)
    if slot is None:
        return Outcome(0) if ended and not job.predictions else None
    if charge.attempt > slot.attempt:
        return None
    if charge.attempt < slot.attempt:
        known = len(slot.prediction_ids) - (slot.provider_id is not None)
        return Outcome(0, certain=known >= slot.attempt - 1)
    match slot.state:
        case "succeeded" | "finished":
            return Outcome(slot.received)
        case "failed":
            why = {warning.code for warning in job.warnings if warning.slot == slot.number}
            certain = slot.provider_id is not None and "no_output" not in why  # which may have been purged
            return Outcome(slot.count if "output_too_large" in why else 0, certain)
        case "waiting" if ended:  # never claimed
            return Outcome(0)
        case _:
            return None


def delivered_by(report: PredictionReport) -> Outcome | None:
    """What the provider says that a prediction delivered, None while it runs. A success without output was purged."""
    if not report.is_final:
        return None
    if report.status == "succeeded" and not report.outputs:
        return Outcome(0, certain=False)
    return Outcome(len(report.outputs) if report.status == "succeeded" else 0)


def amounts(charge: Charge) -> dict[str, int]:
    """What the charge adds to the spending of its day, by the names of the sums."""
    paid = charge.delivered if charge.state == "settled" else 0
    return {
        "held_cents": charge.cents if charge.state == "held" else 0,
        "uncertain_cents": charge.cents if charge.state == "uncertain" else 0,
        "spent_cents": paid * charge.cents_per_picture,
        "pictures": paid,
    }


def settled(charge: Charge, result: Outcome) -> Charge:
    """The charge with its outcome. More pictures than were asked for are not paid."""
    if not result.certain:
        return charge.model_copy(update={"state": "uncertain", "delivered": 0})
    return charge.model_copy(update={"state": "settled", "delivered": min(result.delivered, charge.pictures)})
