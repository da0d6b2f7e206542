"""What saves reads and writes: each guard of a short cut is taken away, and a seed must show it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from studio_chassis.persistence import job_service
from studio_chassis.persistence.job_service import Applied, JobService
from studio_chassis.persistence.outbox_publisher import OutboxPublisher
from studio_chassis.persistence.store import Outbox
from studio_chassis.testing.database import SimulatedDatabase
from studio_contracts.events import Payload, StencilReady
from studio_contracts.job import Job
from studio_contracts.slot import Slot
from studio_domain import lifecycle
from studio_domain.domain_events import DomainEvent, SlotsPlanned, WebhookReceived
from studio_domain.lifecycle import Transition, slots
from studio_domain.lifecycle.transition import Change, TransitionContext
from studio_predictor.handlers import Predictor
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught, has

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


@caught_by("allowed_transitions")
def a_loaded_job_is_taken_for_the_stored_one(patch: Patch) -> None:
    """Its version is looked up, and nothing else of what has happened since."""
    commit = JobService._commit

    async def of_this_version(self: JobService, known: Job | str, event: DomainEvent) -> tuple[Transition | None, Job]:
        if isinstance(known, Job):
            stored = await self.load(known.id)
            known = known.model_copy(update={"version": stored.version})
        return await commit(self, known, event)

    patch.setattr(JobService, "_commit", of_this_version)


@caught_by("completed_has_pictures allowed_transitions")
def a_changed_field_is_not_written(patch: Patch) -> None:
    changed = vars(Transition)["changed_fields"].fget
    without = property(lambda self: changed(self) - ({"concepts"} if self.before is not None else set()))
    patch.setattr(Transition, "changed_fields", without)


@caught_by("survives_storage")
def moments_are_kept_finer_than_the_database_keeps_them(patch: Patch) -> None:
    patch.setattr(lifecycle, "to_stored_precision", lambda moment: moment)


LOSSES = has("broker.refused", "crash.after")


@caught_by("every_end_is_published canceled_stops_spending the_end_is_heard", needs=LOSSES)
def a_commit_empties_the_whole_outbox(patch: Patch) -> None:
    write = SimulatedDatabase.write

    def empty(self: SimulatedDatabase, change: Transition, published: Collection[str] = ()) -> None:
        self.outboxes[change.job.id] = []
        write(self, change, published)

    patch.setattr(SimulatedDatabase, "write", empty)


@caught_by("every_end_is_published canceled_stops_spending the_end_is_heard", needs=LOSSES)
def what_could_not_be_published_is_cleared_all_the_same(patch: Patch) -> None:
    publish = OutboxPublisher._publish_outbox

    async def believed(self: OutboxPublisher, outbox: Outbox) -> bool:
        await publish(self, outbox)
        return True

    patch.setattr(OutboxPublisher, "_publish_outbox", believed)


@caught_by("canceled_stops_spending only_the_unseen_is_requested_again nothing_is_paid_for_nothing")
def a_report_that_a_prediction_runs_is_never_kept(patch: Patch) -> None:
    def running(_: Slot, prediction: Mapping[str, object]) -> bool:
        return prediction.get("status") in ("starting", "processing")

    patch.setattr(slots, "_is_known_to_run", running)


@caught_by("spending_is_capped")
def a_delivery_is_taken_for_the_attempt_that_is_under_way(patch: Patch) -> None:
    """It may be of one before that, which was given up."""

    def received(job: Job, event: WebhookReceived, context: TransitionContext) -> Job | Change | None:
        slot = job.slot(event.slot)
        return slots.webhook_received(job, event if slot is None else replace(event, attempt=slot.attempt), context)

    patch.setitem(lifecycle._RULES, WebhookReceived, received)


@caught_by("dead_letters_as_expected canceled_stops_spending nothing_waits_for_its_deadline", needs=has("store.late"))
def a_late_read_decides_that_there_is_nothing_to_do(patch: Patch) -> None:
    patch.setattr(job_service, "is_obsolete", lambda *_: True)


@caught_by("nothing_waits_for_its_deadline")
def planned_slots_make_a_second_delivery_of_their_message_pointless(patch: Patch) -> None:
    """As long as each slot had a message of its own, that was so."""
    begin = Predictor.begin_predictions

    async def once(self: Predictor, job: Job, ready: StencilReady) -> None:
        if not job.predictions:
            await begin(self, job, ready)

    patch.setattr(Predictor, "begin_predictions", once)


@caught_by("paid_once nothing_is_paid_for_nothing")
def whoever_plans_the_slots_second_buys_their_predictions_too(patch: Patch) -> None:
    """The write that plans and claims is taken for won by whoever tried it."""
    apply = JobService.apply

    async def planned(self: JobService, known: Job | str, event: DomainEvent, **how: bool) -> Applied:
        applied = await apply(self, known, event, **how)
        return applied._replace(changed=True) if isinstance(event, SlotsPlanned) else applied

    patch.setattr(JobService, "apply", planned)


@caught_by("nothing_waits_for_its_deadline peace_is_uneventful")
def no_message_is_awaited_for_a_first_attempt(patch: Patch) -> None:
    rules = lifecycle.outstanding_messages.__globals__
    awaits = rules["_slot_awaits"]

    def unless_first(slot: Slot) -> Payload | None:
        message = awaits(slot)
        return None if isinstance(message, StencilReady) else message

    patch.setitem(rules, "_slot_awaits", unless_first)


@caught_by("nothing_waits_for_its_deadline")
def a_second_delivery_goes_on_with_the_first_slot_alone(patch: Patch) -> None:
    """As long as the others had messages of their own, that was enough."""
    begin = Predictor.begin_predictions

    async def first(self: Predictor, job: Job, ready: StencilReady) -> None:
        if not job.predictions:
            await begin(self, job, ready)
        elif job.predictions[0].attempt == 1:
            await self._go_on(job, job.predictions[0])

    patch.setattr(Predictor, "begin_predictions", first)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
