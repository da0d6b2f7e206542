"""What must hold of every job at every moment. Tests check it after each change, services count what breaks it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from studio_contracts.callbacks import END_CALLBACKS
from studio_contracts.events import Event
from studio_contracts.job import Job
from studio_contracts.slot import SETTLED, Slot

PROVIDER_HOST = "replicate.delivery"


class Invariant(ABC):
    """One promise, checked on a job as it is stored."""

    name: ClassVar[str]

    @abstractmethod
    def violations(self, job: Job) -> Iterator[str]:
        """What breaks the promise, in words; nothing when it holds."""


class FinalIsComplete(Invariant):
    """A final job says when it ended and when it expires; it has an error if and only if it failed."""

    name = "final_is_complete"

    def violations(self, job: Job) -> Iterator[str]:
        if job.is_final and (job.finished_at is None or job.expires_at is None):
            yield "final without the time it ended or expires"
        if not job.is_final and job.finished_at is not None:
            yield "ended, but in no final state"
        if (job.status == "failed") != (job.error is not None):
            yield f"{job.status} with error {job.error and job.error.code}"


class SpendingIsCapped(Invariant):
    """No slot is paid for more often than it has attempts, and no job costs more than its limit."""

    name = "spending_is_capped"

    def violations(self, job: Job) -> Iterator[str]:
        for slot in job.predictions:
            if len(slot.prediction_ids) > job.limits.attempts_per_slot:
                yield f"slot {slot.number} was paid {len(slot.prediction_ids)} times"
            if len(set(slot.prediction_ids)) != len(slot.prediction_ids):
                yield f"slot {slot.number} counts one prediction twice"
        price = job.generation.cents_per_picture if job.generation is not None else 0
        cents = sum(len(slot.prediction_ids) * slot.count * price for slot in job.predictions)
        first = sum(slot.count * price for slot in job.predictions)
        if cents > max(first, job.limits.cents):
            yield f"{cents} cents spent of {job.limits.cents}"


class DraftsCostNothing(Invariant):
    """No model is chosen and nothing is bought for a draft."""

    name = "drafts_cost_nothing"

    def violations(self, job: Job) -> Iterator[str]:
        if job.brief.kind == "draft" and job.generation is not None:
            yield f"a draft is painted by {job.generation.model}"
        for slot in job.predictions:
            if job.brief.kind == "draft" and slot.prediction_ids:
                yield f"slot {slot.number} of a draft was paid for"


class CompletedHasPictures(Invariant):
    """A completed job has every picture its slots delivered, or a warning for it; each once, none of its slots open."""

    name = "completed_has_pictures"

    def violations(self, job: Job) -> Iterator[str]:
        if job.status != "completed":
            return
        if not job.concepts:
            yield "completed without a picture"
        if len({concept.id for concept in job.concepts}) != len(job.concepts):
            yield "a concept appears twice"
        if sum(slot.count for slot in job.predictions) != job.pictures_wanted:
            yield "the slots do not add up to the pictures asked for"
        for slot in job.predictions:
            yield from self._of_slot(job, slot)

    def _of_slot(self, job: Job, slot: Slot) -> Iterator[str]:
        pictures = sum(concept.slot == slot.number for concept in job.concepts)
        warnings = sum(warning.slot == slot.number for warning in job.warnings)
        if slot.state not in SETTLED:
            yield f"completed while slot {slot.number} is {slot.state}"
        if slot.state == "failed" and (pictures or not warnings):
            yield f"slot {slot.number} failed with {pictures} pictures and {warnings} warnings"
        if slot.state == "finished" and pictures < slot.count and not warnings:
            yield f"slot {slot.number} has {pictures} of {slot.count} pictures and no warning"
        if pictures > slot.count:
            yield f"slot {slot.number} has {pictures} of {slot.count} pictures"


class DirectionsExist(Invariant):
    """Every slot belongs to a direction of the plan, and every concept to its slot's."""

    name = "directions_exist"

    def violations(self, job: Job) -> Iterator[str]:
        number = 0 if job.plan is None else len(job.plan.directions)
        for slot in job.predictions:
            if not 0 <= slot.direction < number:
                yield f"slot {slot.number} is of direction {slot.direction} of {number}"
        for concept in job.concepts:
            slot_of = job.slot(concept.slot)
            if slot_of is None or slot_of.direction != concept.direction:
                yield f"concept {concept.id} is of direction {concept.direction}, not its slot's"


class RankedInOrder(Invariant):
    """The concepts of a completed job are ranked 1, 2, 3 … by falling score, among all and in each direction."""

    name = "ranked_in_order"

    def violations(self, job: Job) -> Iterator[str]:
        if job.status != "completed":
            return
        if [concept.rank for concept in job.concepts] != list(range(1, len(job.concepts) + 1)):
            yield f"ranks are {[concept.rank for concept in job.concepts]}"
        for direction in {concept.direction for concept in job.concepts}:
            ranks = [concept.rank_in_direction for concept in job.concepts if concept.direction == direction]
            if ranks != list(range(1, len(ranks) + 1)):
                yield f"ranks in direction {direction} are {ranks}"
        scores = [concept.quality.score for concept in job.concepts]
        if scores != sorted(scores, reverse=True):
            yield "a worse concept is ranked before a better one"


class ForgetsTheProvider(Invariant):
    """No final job holds a URL of the provider, whose files die within the hour; one to be replayed may need it."""

    name = "forgets_the_provider"

    def violations(self, job: Job) -> Iterator[str]:
        if not job.is_final or (job.error is not None and job.error.replayable):
            return
        if any(slot.outputs for slot in job.predictions) or PROVIDER_HOST in job.model_dump_json():
            yield "a final job points to the provider's files"


class OnlyFinalJobsAreDeleted(Invariant):
    """A deleted job has ended. Every favourite is a concept of its job, and named once."""

    name = "only_final_jobs_are_deleted"

    def violations(self, job: Job) -> Iterator[str]:
        if job.deleted_at is not None and not job.is_final:
            yield f"deleted while {job.status}"
        concepts = {concept.id for concept in job.concepts}
        if len(set(job.favourites)) != len(job.favourites) or not concepts.issuperset(job.favourites):
            yield f"favourites are {job.favourites}"


class EndIsCalled(Invariant):
    """A final job whose client asked to be called has that call: the last one about an end is about this one."""

    name = "end_is_called"

    def violations(self, job: Job) -> Iterator[str]:
        if job.callback is None or not job.is_final:
            return
        ends = [call.type for call in job.callback.calls if call.type in END_CALLBACKS]
        if ends[-1:] != [f"job.{job.status}"]:
            yield f"{job.status}, and the calls of its end are {ends}"


class SurvivesStorage(Invariant):
    """A job is what its document will be read as: rules copy models without validating them."""

    name = "survives_storage"

    def violations(self, job: Job) -> Iterator[str]:
        try:
            if Job.model_validate(job.model_dump()) != job:
                yield "its document would be read as another job"
        except ValueError as error:
            yield f"its document could not be read: {error}"


INVARIANTS: tuple[Invariant, ...] = (
    FinalIsComplete(),
    SpendingIsCapped(),
    DraftsCostNothing(),
    CompletedHasPictures(),
    DirectionsExist(),
    RankedInOrder(),
    ForgetsTheProvider(),
    OnlyFinalJobsAreDeleted(),
    EndIsCalled(),
)
"""What services count too."""


def job_violations(job: Job) -> list[str]:
    """Every broken promise as `name: what`."""
    # a job that was read survived storage already, so services do not spend time on the last one
    invariants = (*INVARIANTS, SurvivesStorage())
    return [f"{invariant.name}: {what}" for invariant in invariants for what in invariant.violations(job)]


def at_rest_violations(job: Job, outbox: tuple[Event, ...]) -> list[str]:
    """What must hold of a job once nothing is under way any more."""
    found = [] if job.is_final else [f"every_job_ends: still {job.status} in stage {job.stage}"]
    calls = () if job.callback is None else job.callback.calls
    found += [f"every_call_is_made: {call.type} is still open" for call in calls if call.state == "open"]
    return found + [f"outbox_is_empty: {event.id}" for event in outbox]
