"""Proof that the simulation can fail: each promise's mechanism is broken on purpose, and a seed must show it."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from studio_chassis.errors import Unavailable
from studio_chassis.messaging import dispositions, processing
from studio_chassis.messaging.cloudevents import from_message
from studio_chassis.messaging.processing import MessageProcessor
from studio_chassis.persistence import job_service
from studio_chassis.persistence.job_service import Applied, JobService
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import OutcomeUnknown
from studio_chassis.testing import store
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.store import SimulatedDatabase, SimulatedJobStore
from studio_cli import replay
from studio_cli.dead_letters import DeadLetter
from studio_contracts.brief import Source
from studio_contracts.events import Event, PredictionRequested, PredictionUpdated
from studio_contracts.job import GenerationRequest, Job, Slot
from studio_domain import lifecycle
from studio_domain.domain_events import (
    PicturesMade,
    PredictionReported,
    Reopened,
    SlotClaimed,
    StencilDrawn,
    WebhookReceived,
)
from studio_domain.lifecycle import Transition, ending, slots, transition
from studio_gateway.api import webhooks
from studio_postprocess.handlers import Postprocess
from studio_predictor import handlers
from studio_predictor.handlers import Predictor
from studio_reconciler import rescue
from studio_reconciler.rescue import Rescuer
from studio_reconciler.undelivered import UndeliveredMessages
from studio_simulation.disorder import HOSTILE_TIME
from studio_simulation.mutations import Mutation, Mutations, assert_caught
from studio_stencil.handlers import StencilMaker

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@caught_by("allowed_transitions")
def no_compare_and_set(patch: Patch) -> None:
    async def commit(self: SimulatedJobStore, change: Transition) -> bool:
        await self._wire("store.commit", lambda: self._database.write(change))
        return True

    patch.setattr(SimulatedJobStore, "commit", commit)


@caught_by("peace_is_uneventful canceled_stops_spending")
def published_before_the_commit_and_not_kept(patch: Patch) -> None:
    async def commit(self: JobService, job_id: str, event: Any) -> tuple[Transition | None, Job]:
        for _ in range(50):
            job = await self._store.load(job_id)
            change = transition(job, event, now=self._clock(), by=self._service)
            if change is None:
                return None, job
            for event in change.events:
                await self._publish(event)
            if await self._store.commit(change._replace(events=())):
                return change._replace(events=()), change.job
        raise Unavailable("conflicts")

    patch.setattr(JobService, "_commit", commit)


@caught_by("dead_letters_as_expected canceled_stops_spending nothing_waits_for_its_deadline")
def acknowledged_before_the_work(patch: Patch) -> None:
    handle = MessageProcessor.process

    async def ack_first(self: MessageProcessor, message: Any) -> None:
        await message.ack()
        message.ack = _nothing
        message.reject = _nothing
        await handle(self, message)

    patch.setattr(MessageProcessor, "process", ack_first)


@caught_by("paid_once nothing_is_paid_for_nothing")
def no_adoption_but_another_request(patch: Patch) -> None:
    async def again(self: Predictor, job: Job, slot: Any) -> None:
        assert job.generation is not None
        inputs = await self._input(job, job.generation, slot)
        report = await self.provider.create(
            job.generation.version, inputs, webhook=self._webhook(job, slot), cancel_after=job.deadline_at - self.now()
        )
        await self._record(job, slot, report)

    patch.setattr(Predictor, "_recover_lost", again)


@caught_by("looked_for_before_asked_again")
def given_up_without_a_search(patch: Patch) -> None:
    patch.setattr(Predictor, "_search", _nothing)


@caught_by("looked_for_before_asked_again")
def given_up_before_the_grace_time_is_over(patch: Patch) -> None:
    search = Predictor._search

    async def hasty(self: Predictor, job: Job, slot: Any) -> Any:
        settings = self.settings.model_copy(update={"adoption_grace": timedelta(seconds=20)})
        return await search(replace(self, settings=settings), job, slot)

    patch.setattr(Predictor, "_search", hasty)


@caught_by("only_the_unseen_is_asked_again")
def only_the_first_page_of_the_list_is_read(patch: Patch) -> None:
    recent = ReplicateClient.recent

    async def first_page(self: ReplicateClient, created_after: Any) -> Any:
        async for page in recent(self, created_after):
            yield page
            return

    patch.setattr(ReplicateClient, "recent", first_page)


@caught_by("only_the_unseen_is_asked_again")
def an_unfinished_list_counts_as_read(patch: Patch) -> None:
    recent = ReplicateClient.recent

    async def satisfied(self: ReplicateClient, created_after: Any) -> Any:
        with contextlib.suppress(OutcomeUnknown):
            async for page in recent(self, created_after):
                yield page

    patch.setattr(ReplicateClient, "recent", satisfied)


@caught_by("paid_within_limits")
def lost_attempts_cost_nothing(patch: Patch) -> None:
    def known(job: Job) -> int:
        return sum(max(1, len(slot.prediction_ids)) * slots._cents(job, slot) for slot in job.predictions)

    patch.setattr(slots, "_cents_committed", known)


@caught_by("outbox_is_empty every_job_ends")
def no_outbox_relay(patch: Patch) -> None:
    async def relay(*_: Any) -> int:
        return 0

    patch.setattr(JobService, "relay", relay)


@caught_by("paid_once")
def no_claim_before_the_request(patch: Patch) -> None:
    apply = JobService.apply

    async def unclaimed(self: JobService, job_id: str, event: Any, **how: Any) -> Applied:
        if isinstance(event, SlotClaimed):
            return Applied(await self.load(job_id), changed=True)
        return await apply(self, job_id, event, **how)

    patch.setattr(JobService, "apply", unclaimed)


@caught_by("paid_once")
def claim_released_when_the_answer_was_lost(patch: Patch) -> None:
    class Never(Exception):
        """Not raised by anybody."""

    patch.setattr(handlers, "OutcomeUnknown", Never)


@caught_by("nothing_waits_for_its_deadline ends_by_its_deadline every_job_ends")
def nothing_is_rescued(patch: Patch) -> None:
    patch.setattr(Rescuer, "rescue_stuck", _nothing)


@caught_by("nothing_waits_for_its_deadline every_job_ends")
def pending_jobs_are_not_rescued(patch: Patch) -> None:
    each = SimulatedJobStore._each
    patch.setattr(
        SimulatedJobStore, "_each", lambda self, wanted: each(self, lambda job: job.status != "pending" and wanted(job))
    )


@caught_by("rescued_in_moderation")
def stuck_is_measured_from_the_creation(patch: Patch) -> None:
    def unfinished(self: SimulatedJobStore, before: Any) -> Any:
        return self._each(lambda job: not job.is_final and job.created_at < before)

    def since_creation(job: Job, stuck_after: timedelta) -> timedelta:
        return lifecycle_backoff(job, stuck_after) - (job.updated_at - job.created_at)

    lifecycle_backoff = lifecycle.rescue_backoff
    patch.setattr(SimulatedJobStore, "unfinished", unfinished)
    patch.setattr(lifecycle.stages, "rescue_backoff", since_creation)
    patch.setattr(rescue, "rescue_backoff", since_creation)


@caught_by("ends_by_its_deadline every_job_ends")
def no_deadline(patch: Patch) -> None:
    patch.setattr(Rescuer, "end_overdue", _nothing)


@caught_by("peace_is_uneventful")
def webhooks_answered_and_not_recorded(patch: Patch) -> None:
    apply = JobService.apply

    async def forgetful(self: JobService, job_id: str, event: Any, **how: Any) -> Applied:
        if isinstance(event, WebhookReceived):
            return Applied(await self.load(job_id), changed=False)
        return await apply(self, job_id, event, **how)

    patch.setattr(JobService, "apply", forgetful)


@caught_by("nothing_waits_for_its_deadline ends_by_its_deadline every_job_ends")
def the_mark_of_a_duplicate_is_written_first(patch: Patch) -> None:
    read = Predictor.read_update
    database = SimulatedDatabase.__init__

    def fresh(self: SimulatedDatabase) -> None:
        database(self)
        seen.clear()

    async def once(self: Predictor, job: Job, update: PredictionUpdated) -> None:
        message = f"{job.id} {update.key}"
        if message not in seen:
            seen.add(message)
            await read(self, job, update)

    seen: set[str] = set()
    patch.setattr(SimulatedDatabase, "__init__", fresh)
    patch.setattr(Predictor, "read_update", once)


@caught_by("forgery_changes_nothing")
def webhooks_are_believed_without_the_token(patch: Patch) -> None:
    patch.setattr(webhooks, "check_token", lambda *_: None)


@caught_by("forgery_changes_nothing")
def webhooks_are_believed_without_the_signature(patch: Patch) -> None:
    patch.setattr(webhooks, "check_signature", lambda *_: None)


@caught_by("allowed_transitions")
def a_late_report_leads_out_of_a_final_state(patch: Patch) -> None:
    def lax(job: Job, event: Any, **where: Any) -> Transition | None:
        if job.is_final and isinstance(event, PredictionReported):
            job = job.model_copy(update={"status": "running", "error": None, "finished_at": None})
        return transition(job, event, **where)

    patch.setattr(job_service, "transition", lax)


@caught_by("nothing_waits_for_its_deadline queues_are_empty")
def retried_for_ever(patch: Patch) -> None:
    patch.setattr("studio_contracts.topology.MAX_ATTEMPTS", 10**6)


@caught_by("dead_letters_as_expected")
def the_job_fails_before_its_dead_letter_is_kept(patch: Patch) -> None:
    bury = MessageProcessor._dead_letter

    async def fail_first(self: MessageProcessor, message: Any, event: Any, reason: str) -> None:
        if event is not None:
            await self._dead_lettered(event, self._queue)
        await bury(self, message, event, reason)

    patch.setattr(MessageProcessor, "_dead_letter", fail_first)


@caught_by("completed_has_pictures")
def completed_before_all_slots_are_settled(patch: Patch) -> None:
    settle = ending.settle

    def hasty(job: Job, step: Any) -> Job:
        if job.concepts:
            return ending._end(job.model_copy(update={"concepts": ending.ranked(job.concepts)}), "completed", step)
        return settle(job, step)

    patch.setattr(slots, "settle", hasty)


@caught_by("pictures_are_stored")
def pictures_stored_after_the_commit(patch: Patch) -> None:
    store_pictures = Postprocess._store
    running: set[asyncio.Task[Any]] = set()

    class Later:
        def __init__(self, objects: Any) -> None:
            self.objects = objects

        async def put(self, key: str, data: bytes) -> None:
            async def put() -> None:
                await asyncio.sleep(1)
                await self.objects.put(key, data)

            task = asyncio.create_task(put())
            running.add(task)
            task.add_done_callback(running.discard)

    async def store_later(self: Postprocess, *arguments: Any) -> Any:
        return await store_pictures(replace(self, objects=Later(self.objects)), *arguments)  # type: ignore[arg-type]

    patch.setattr(Postprocess, "_store", store_later)


@caught_by("paid_within_attempts spending_is_capped")
def attempts_without_a_cap(patch: Patch) -> None:
    again = slots._try_again

    def uncapped(job: Job, slot: Any, error: str, step: Any) -> Job:
        limits = job.limits
        wide = job.model_copy(update={"limits": limits.model_copy(update={"attempts_per_slot": 99, "cents": 10**6})})
        return again(wide, slot, error, step).model_copy(update={"limits": limits})

    patch.setattr(slots, "_try_again", uncapped)


@caught_by("only_infrastructure_is_retried")
def failures_of_the_model_are_retried(patch: Patch) -> None:
    patch.setattr(slots, "is_infrastructure_failure", lambda _: True)


@caught_by("canceled_stops_spending")
def canceled_jobs_go_on_spending(patch: Patch) -> None:
    patch.setattr(Predictor, "cancel_predictions", _nothing)


@caught_by("canceled_stops_spending")
def the_provider_is_not_told_of_a_cancellation(patch: Patch) -> None:
    patch.setattr(Predictor, "_cancel", _nothing)


@caught_by("canceled_stops_spending")
def slots_are_claimed_after_a_cancellation(patch: Patch) -> None:
    apply = JobService.apply

    async def request_prediction(self: Predictor, job: Job, request: PredictionRequested) -> None:
        slot = job.slot(request.slot)
        if slot is not None and (slot.attempt, slot.state) == (request.attempt, "waiting"):
            await self._create_prediction(job, slot)

    async def claimed(self: JobService, job_id: str, event: Any, **how: Any) -> Applied:
        applied = await apply(self, job_id, event, **how)
        return applied._replace(changed=True) if isinstance(event, SlotClaimed) else applied

    patch.setattr(Predictor, "request_prediction", request_prediction)
    patch.setattr(JobService, "apply", claimed)


@caught_by("dead_letters_as_expected canceled_stops_spending", first=700)
def late_reads_are_taken_for_the_newest(patch: Patch) -> None:
    patch.setattr(SimulatedJobStore, "load_linearizable", SimulatedJobStore.load)


@caught_by("dead_letters_as_expected")
def a_letter_is_taken_away_before_its_job_is_reopened(patch: Patch) -> None:
    async def ack_first(letter: DeadLetter, jobs: JobService, _: Any) -> replay.ReplayOutcome:
        if letter.event is None:
            return replay.ReplayOutcome.UNREADABLE
        await letter.message.ack()
        await jobs.apply(letter.event.subject, Reopened(letter.event))
        return replay.ReplayOutcome.REPLAYED

    patch.setattr(replay, "_replay", ack_first)


@caught_by("replayed_twice_changes_nothing")
def every_replay_sends_its_event_on(patch: Patch) -> None:
    def again(job: Job, event: Any, **where: Any) -> Transition | None:
        change = transition(job, event, **where)
        if change is None and isinstance(event, Reopened):
            same = job.model_copy(update={"version": job.version + 1, "updated_at": where["now"]})
            return Transition(same, (event.event,) if event.event is not None else ())
        return change

    patch.setattr(job_service, "transition", again)


@caught_by("rescued_in_moderation")
def rescued_at_an_even_pace(patch: Patch) -> None:
    patch.setattr(lifecycle.stages, "rescue_backoff", lambda _, stuck_after: stuck_after)
    patch.setattr(rescue, "rescue_backoff", lambda _, stuck_after: stuck_after)


@caught_by("ranked_in_order")
def pictures_ranked_as_they_came(patch: Patch) -> None:
    def unsorted(concepts: Any) -> Any:
        return tuple(concept.model_copy(update={"rank": rank}) for rank, concept in enumerate(concepts, start=1))

    patch.setattr(ending, "ranked", unsorted)


@caught_by("ranked_in_order")
def ranked_among_all_alone(patch: Patch) -> None:
    ranked = ending.ranked
    patch.setattr(
        ending,
        "ranked",
        lambda concepts: tuple(one.model_copy(update={"rank_in_direction": one.rank}) for one in ranked(concepts)),
    )


@caught_by("painted_over_its_direction")
def every_slot_painted_over_the_first_stencil(patch: Patch) -> None:
    sent = Predictor._input

    async def over_the_first(self: Predictor, job: Job, generation: GenerationRequest, slot: Slot) -> Any:
        return await sent(self, job, generation, slot.model_copy(update={"direction": 0}))

    patch.setattr(Predictor, "_input", over_the_first)


@caught_by("painted_as_shown")
def all_directions_of_a_draft_painted(patch: Patch) -> None:
    copy = StencilMaker._copy

    async def copy_all(self: StencilMaker, job: Job, source: Source, started: float) -> None:
        await copy(self, job, source.model_copy(update={"directions": ()}), started)

    patch.setattr(StencilMaker, "_copy", copy_all)


@caught_by("drafts_cost_nothing completed_has_pictures")
def drafts_painted_like_any_other(patch: Patch) -> None:
    def drawn(job: Job, done: StencilDrawn, context: Any) -> Job | None:
        return None if job.plan is not None else job.model_copy(update={"plan": done.plan})

    patch.setitem(lifecycle._RULES, StencilDrawn, drawn)


@caught_by("directions_exist")
def concepts_of_the_first_direction(patch: Patch) -> None:
    made = slots.pictures_made

    def first_direction(job: Job, news: PicturesMade, context: Any) -> Job | None:
        concepts = tuple(one.model_copy(update={"direction": 0}) for one in news.concepts)
        return made(job, replace(news, concepts=concepts), context)

    patch.setitem(lifecycle._RULES, PicturesMade, first_direction)


@caught_by("nothing_waits_for_its_deadline every_job_ends ends_by_its_deadline")
def one_unreadable_document_stops_the_round(patch: Patch) -> None:
    patch.setattr(store, "skip_unreadable", lambda read, stored: read(stored))


@caught_by("outbox_is_empty every_job_ends nothing_waits_for_its_deadline")
def one_unreadable_outbox_stops_the_relay(patch: Patch) -> None:
    unpublished = SimulatedJobStore.unpublished

    async def strict(self: SimulatedJobStore, *arguments: Any) -> Any:
        for job_id in self._database.unreadable:
            self._database.read(self._database.jobs[job_id])
        return await unpublished(self, *arguments)

    patch.setattr(SimulatedJobStore, "unpublished", strict)


@caught_by("nothing_waits_for_its_deadline queues_are_empty dead_letters_as_expected every_job_ends")
def a_returned_message_does_not_declare_the_topology(patch: Patch) -> None:
    patch.setattr(SimulatedBroker, "declare_again", lambda _: None)


@caught_by("delivery_limits_are_reported", first=26)
def nobody_hears_of_a_delivery_limit(patch: Patch) -> None:
    patch.setattr(UndeliveredMessages, "report", _nothing)


@caught_by("nothing_waits_for_its_deadline", first=26)
def a_delivery_limit_does_not_fail_its_job(patch: Patch) -> None:
    patch.setattr(JobService, "undeliverable", _nothing)


@caught_by("arithmetic_is_never_retried")
def errors_of_arithmetic_are_retried(patch: Patch) -> None:
    patch.setattr(dispositions, "_NOT_RETRIED", ())


@caught_by("queues_are_empty no_lost_error")
def what_its_headers_make_a_reader_raise_leaves_a_message_in_flight(patch: Patch) -> None:
    def fragile(headers: Any, body: bytes) -> Event:
        if headers.get("ce-time") == HOSTILE_TIME:
            raise OverflowError("date value out of range")
        return from_message(headers, body)

    patch.setattr(processing, "from_message", fragile)


@caught_by("queues_are_empty no_lost_error dead_letters_as_expected")
def a_rejected_message_is_neither_acknowledged_nor_kept(patch: Patch) -> None:
    patch.setattr(MessageProcessor, "_dead_letter", _nothing)


@pytest.mark.parametrize(("mutation", "invariants", "first"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, first: int, monkeypatch: Patch) -> None:
    assert_caught(mutation, invariants, first, monkeypatch)
