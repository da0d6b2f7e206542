"""Money: what was bought, and whether an attempt was repeated although its prediction could have been seen.

The provider takes no idempotency key. So there is one way to pay twice for a slot: a prediction whose answer was lost,
that no webhook reported, and that the provider's list did not show to any search until the grace time was over. It is
allowed and counted. To request an attempt again although its prediction could be seen is a violation.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import TYPE_CHECKING

from studio_contracts.job import Job
from studio_contracts.slot import Slot
from studio_predictor.handlers import CLOCK_MARGIN
from studio_simulation.faults import FAULTY_SECONDS, GRACE_SECONDS

if TYPE_CHECKING:
    from studio_simulation.predictions import Prediction
    from studio_simulation.world import World

CANCEL_SECONDS = 240.0
"""No prediction of a cancelled or failed job runs for longer after the end of the job and of the faults."""
SEARCH_SECONDS = 60.0
"""A search and what follows from it take no longer."""
UNDER_WAY_SECONDS = 2.0
"""Between a claim and its request's arrival."""


class Ledger:
    """The provider's account of one run, compared with what the jobs record."""

    def __init__(self, world: "World", report: Callable[[str, str], None]) -> None:
        self._world = world
        self._report = report
        self._ended: dict[str, float] = {}
        self._unseen: set[str] = set()
        self.counts: Counter[str] = Counter(
            {"abandoned attempts without a prediction": 0, "abandoned attempts with a paid, invisible prediction": 0}
        )

    def observe(self, before: Job, after: Job) -> None:
        """A change was committed."""
        if after.is_final and not before.is_final:
            self._ended[after.id] = self._world.loop.time()
        for old, new in zip(before.predictions, after.predictions, strict=False):
            if _was_abandoned(old, new):
                self._abandoned(after, old)
            if new.state != old.state:
                self._settled(after, new)

    def _settled(self, job: Job, slot: Slot) -> None:
        """Only the provider ends a prediction. It refuses none here, because every input is valid."""
        prediction = self._world.provider.predictions.get(slot.provider_id or "")
        if slot.state in ("succeeded", "failed") and prediction is not None and prediction.ended is None:
            self._report(job.id, f"ended_by_the_provider_alone: {prediction.id} runs, its slot is {slot.state}")
        if slot.state == "failed" and any(warning.code == "prediction_refused" for warning in job.warnings):
            self._report(job.id, f"refused_by_the_provider_alone: slot {slot.number} was not refused by the provider")

    def _abandoned(self, job: Job, slot: Slot) -> None:
        """The claim of this attempt was abandoned as lost."""
        since = self._world.loop.time() - SEARCH_SECONDS
        searches = [search for search in self._last_searches(slot) if search > since]
        if not searches:
            self._report(
                job.id, f"looked_for_before_requested_again: slot {slot.number} attempt {slot.attempt} was not"
            )
        bought = self._bought(job.id, slot.number, slot.attempt)
        self.counts[
            "abandoned attempts with a paid, invisible prediction"
            if bought
            else "abandoned attempts without a prediction"
        ] += 1
        for prediction in bought:
            if prediction.reported or not _missed_by(searches, prediction):
                self._report(job.id, f"only_the_unseen_is_requested_again: {prediction.id} could be seen")
            self._unseen.add(prediction.id)
            self._world.say("provider", f"{prediction.id} is paid for and was abandoned: no search could show it")

    def _last_searches(self, slot: Slot) -> list[float]:
        """When the list was searched for this claim once the grace time was over."""
        from studio_simulation.world import BEGINNING

        assert slot.claimed_at is not None
        # no other claim looks back to the same moment
        looks_back = (slot.claimed_at - CLOCK_MARGIN).astimezone(UTC).isoformat().replace("+00:00", "Z")
        over = (slot.claimed_at - BEGINNING).total_seconds() + GRACE_SECONDS - self._world.skew_seconds
        return [search for search in self._world.provider.searches.get(looks_back, ()) if search >= over]

    def _bought(self, *address: object) -> "list[Prediction]":
        return [p for p in self._world.provider.predictions.values() if self._world.address_of(p) == address]

    def _of_planned_slots(self) -> "Iterator[tuple[Prediction, tuple[str, int, int]]]":
        """What was bought, with its address; what was bought though no slot was planned is reported."""
        for prediction in self._world.provider.predictions.values():
            job_id, *_ = address = self._world.address_of(prediction)
            if self._world.jobs[job_id].predictions:
                yield prediction, address
            else:
                self._report(job_id, f"nothing_is_paid_for_nothing: {prediction.id} was bought and no slot planned")

    def at_the_end(self) -> None:
        """One paid prediction per slot and attempt, none that is not recorded, none that runs for an ended job."""
        jobs = self._world.jobs
        attempts: Counter[tuple[str, int, int]] = Counter()
        slots: Counter[tuple[str, int]] = Counter()
        cents: Counter[str] = Counter()
        for prediction, (job_id, slot_number, attempt) in self._of_planned_slots():
            job = jobs[job_id]
            assert job.generation is not None
            attempts[job_id, slot_number, attempt] += 1
            slots[job_id, slot_number] += prediction.id not in self._unseen
            cents[job_id] += job.predictions[slot_number].count * job.generation.cents_per_picture
            assert job.plan is not None
            if prediction.stencil != job.plan.directions[job.predictions[slot_number].direction].stencil.sha256:
                self._report(job_id, f"painted_over_its_direction: slot {slot_number} was sent another stencil")
            if prediction.id not in self._unseen:
                self._known(job, job.predictions[slot_number], attempt, prediction)
        for (job_id, slot_number, attempt), number in attempts.items():
            if number > 1:
                self._report(job_id, f"paid_once: slot {slot_number} attempt {attempt} was paid {number} times")
        for (job_id, slot_number), number in slots.items():
            if number > jobs[job_id].limits.attempts_per_slot:
                self._report(job_id, f"paid_within_attempts: slot {slot_number} was paid {number} times")
        for job_id, spent in cents.items():
            if spent > jobs[job_id].limits.cents:
                self._report(job_id, f"paid_within_limits: {spent} cents of {jobs[job_id].limits.cents}")

    def _known(self, job: Job, slot: Slot, attempt: int, prediction: "Prediction") -> None:
        """A prediction that was bought and could be seen is used or cancelled."""
        cancelled = job.is_final and job.status != "completed"
        if prediction.id not in slot.prediction_ids and not cancelled:
            self._report(job.id, f"nothing_is_paid_for_nothing: {prediction.id} was never adopted")
        if prediction.outcome in ("model", "aborted", "by_hand") and slot.attempt > attempt:
            self._report(job.id, f"only_infrastructure_is_retried: {prediction.id} was {prediction.outcome}")
        if cancelled and self._world.faults.wipe_at is None and not (job.error is not None and job.error.replayable):
            self._cancelled(job, slot, prediction)

    def _cancelled(self, job: Job, slot: Slot, prediction: "Prediction") -> None:
        """A cancelled or failed job stops spending on every prediction that it can see."""
        ended = self._ended[job.id]
        if prediction.created > ended + UNDER_WAY_SECONDS:
            self._report(job.id, f"canceled_stops_spending: {prediction.id} was bought afterwards")
        if slot.state == "submitting" and _missed_by(self._last_searches(slot), prediction):
            self.counts["cancelled jobs with an invisible prediction"] += 1
            return
        by = max(ended, FAULTY_SECONDS) + CANCEL_SECONDS
        if prediction.ended is None or (prediction.outcome == "stuck" and prediction.ended > by):
            self._report(job.id, f"canceled_stops_spending: {prediction.id} ran on")


def _was_abandoned(old: Slot, new: Slot) -> bool:
    """Whether this change abandoned a claim because no prediction was found. A refusal does not count."""
    if old.state != "submitting" or old.prediction_ids != new.prediction_ids:
        return False
    return new.attempt > old.attempt or (new.state == "failed" and "answer was lost" in (new.error or ""))


def _missed_by(searches: list[float], prediction: "Prediction") -> bool:
    """Whether one of these searches came before the list showed the prediction."""
    return any(search < prediction.listed for search in searches)
