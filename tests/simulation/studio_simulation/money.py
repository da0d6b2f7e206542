"""The day's budget: never exceeded by what the provider may charge, and the usage agrees with what it did charge."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from studio_contracts.models import MODELS
from studio_contracts.spending import Charge, Spending
from studio_domain.spending import amounts
from studio_simulation.faults import FAULTY_SECONDS

if TYPE_CHECKING:
    from studio_simulation.predictions import Prediction
    from studio_simulation.world import World

RESERVED_SECONDS = 30.0
"""Between a reservation and the arrival of its request at the provider, at most."""
PRICE = MODELS["sdxl"].cents_per_picture


class Money:
    """The provider's side of the bill."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def created(self) -> None:
        """A prediction was created: the provider may charge all that run in full, and what the others delivered."""
        cents = sum(_may_cost(prediction) for prediction in self._world.provider.predictions.values())
        if cents > self._world.day_cents:
            self._report(f"day_budget_is_kept: {cents} cents of {self._world.day_cents}")
        stopped = self._world.stopped_at
        if stopped is not None and self._world.loop.time() > stopped + RESERVED_SECONDS:
            self._report("stopped_spending_stops: a prediction was created")

    def at_the_end(self) -> None:
        """Every purchase has a charge, each charge has its outcome, and the sums are those of the charges."""
        spending = self._world.database.spending
        delivered: Counter[str] = Counter()
        for prediction in self._world.provider.predictions.values():
            job_id, slot, attempt = self._world.address_of(prediction)
            charge_id = f"{job_id}/{slot}/{attempt}"
            delivered[charge_id] += _delivered(prediction.output)
            if charge_id not in spending.charges:
                self._report(f"usage_agrees_with_the_provider: {prediction.id} was bought without a reservation")
        for charge in spending.charges.values():
            self._settled(charge, delivered[charge.id])
        expected: Counter[tuple[Any, ...]] = Counter()
        for charge in spending.charges.values():
            for name, amount in amounts(charge).items():
                expected[charge.day, None, name] += amount
                expected[charge.day, charge.key_id, name] += amount
        for (day, key_id), sums in spending.sums.items():
            for name in Spending.model_fields.keys() - {"day", "key_id"}:
                if getattr(sums, name) != expected[day, key_id, name]:
                    self._report(f"usage_agrees_with_the_provider: {name} is {getattr(sums, name)}")

    def _settled(self, charge: Charge, delivered: int) -> None:
        if charge.state == "settled" and charge.delivered != delivered:
            self._report(
                f"usage_agrees_with_the_provider: {charge.id} is settled for {charge.delivered}, not {delivered}"
            )
        job = self._world.jobs.get(charge.job_id)
        if charge.state != "held" or job is None:
            return
        slot = job.slot(charge.slot)  # None where the job ended before its slots were planned
        state = "none" if slot is None else slot.state
        waits_for_replay = job.error is not None and job.error.replayable
        unseen = state == "submitting"
        prediction = self._world.provider.predictions.get((slot and slot.provider_id) or "")
        runs = state == "running" and prediction is not None and prediction.ended is None
        if not (waits_for_replay or unseen or runs) and self._world.loop.time() > FAULTY_SECONDS:
            self._report(f"money_is_settled: {charge.id} is held for a slot that is {state}")

    def _report(self, what: str) -> None:
        if what not in self._world.checks.violations:
            self._world.checks.violations.append(what)
            self._world.say("VIOLATION", what)


def _may_cost(prediction: "Prediction") -> int:
    if prediction.ended is None:
        return int(prediction.inputs["num_outputs"]) * PRICE
    return _delivered(prediction.output) * PRICE


def _delivered(output: Any) -> int:
    return len(output) if isinstance(output, list) else int(output is not None)
