"""Commits, messages and dead letters: each mechanism that loses none is broken on purpose, and a seed must show it."""

from collections.abc import Collection
from typing import Any

import pytest

from studio_chassis.errors import JobNotFound, Unavailable
from studio_chassis.messaging import dispositions, processing
from studio_chassis.messaging.cloudevents import from_message
from studio_chassis.messaging.processing import MessageProcessor
from studio_chassis.persistence import job_service
from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.outbox_publisher import OutboxPublisher
from studio_chassis.testing import store
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.store import SimulatedJobStore
from studio_cli import replay
from studio_cli.dead_letters import DeadLetter
from studio_contracts.events import Event
from studio_contracts.job import Job
from studio_domain.domain_events import (
    Reopened,
)
from studio_domain.lifecycle import Transition, transition
from studio_reconciler.undelivered import UndeliveredMessages
from studio_simulation.disorder import HOSTILE_TIME
from studio_simulation.mutations import (
    Mutation,
    Mutations,
    Search,
    assert_caught,
    has,
    with_a_lethal_brief,
    with_an_overflow,
    with_deletions,
    with_hostile_messages,
    with_unreadable_documents,
)

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@caught_by("allowed_transitions")
def no_compare_and_set(patch: Patch) -> None:
    async def commit(self: SimulatedJobStore, change: Transition, published: Collection[str] = ()) -> bool:
        await self._wire("store.commit", lambda: self._database.write(change, published))
        return True

    patch.setattr(SimulatedJobStore, "commit", commit)


@caught_by("peace_is_uneventful canceled_stops_spending")
def published_before_the_commit_and_not_kept(patch: Patch) -> None:
    async def commit(self: JobService, known: Job | str, event: Any) -> tuple[Transition | None, Job]:
        for _ in range(50):
            job = await self._store.load(known if isinstance(known, str) else known.id)
            change = transition(job, event, now=self._clock(), by=self._service)
            if change is None:
                return None, job
            for event in change.events:
                await self.outbox._publish(event)
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


@caught_by("outbox_is_empty every_job_ends")
def no_outbox_relay(patch: Patch) -> None:
    async def relay(*_: Any) -> int:
        return 0

    patch.setattr(OutboxPublisher, "relay", relay)


@caught_by("nothing_waits_for_its_deadline queues_are_empty")
def retried_for_ever(patch: Patch) -> None:
    patch.setattr("studio_contracts.topology.MAX_ATTEMPTS", 10**6)


@caught_by("dead_letters_as_expected", needs=has("crash.before", "crash.after"))
def the_job_fails_before_its_dead_letter_is_kept(patch: Patch) -> None:
    bury = MessageProcessor._dead_letter

    async def fail_first(self: MessageProcessor, message: Any, event: Any, reason: str) -> None:
        if event is not None:
            await self._dead_lettered(event, self._queue)
        await bury(self, message, event, reason)

    patch.setattr(MessageProcessor, "_dead_letter", fail_first)


@caught_by("dead_letters_as_expected canceled_stops_spending nothing_waits_for_its_deadline", needs=has("store.late"))
def late_reads_are_taken_for_the_newest(patch: Patch) -> None:
    async def as_it_was(self: SimulatedJobStore, job_id: str) -> Job:
        database = self._database
        job = await self._wire("store.load", lambda: database._before.get(job_id) or database.jobs.get(job_id))
        if job is None:
            raise JobNotFound(job_id)
        return database.read(job)

    patch.setattr(SimulatedJobStore, "load_linearizable", as_it_was)


@caught_by("dead_letters_as_expected")
def a_dead_letter_is_taken_away_before_its_job_is_reopened(patch: Patch) -> None:
    async def ack_first(dead_letter: DeadLetter, jobs: JobService, _: Any) -> replay.ReplayOutcome:
        if dead_letter.event is None:
            return replay.ReplayOutcome.UNREADABLE
        await dead_letter.message.ack()
        await jobs.apply(dead_letter.event.subject, Reopened(dead_letter.event))
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


@caught_by("nothing_waits_for_its_deadline every_job_ends ends_by_its_deadline", needs=with_unreadable_documents)
def one_unreadable_document_stops_the_round(patch: Patch) -> None:
    patch.setattr(store, "skip_unreadable", lambda read, stored: read(stored))


@caught_by("outbox_is_empty every_job_ends nothing_waits_for_its_deadline", needs=with_unreadable_documents)
def one_unreadable_outbox_stops_the_relay(patch: Patch) -> None:
    unpublished = SimulatedJobStore.unpublished

    async def strict(self: SimulatedJobStore, *arguments: Any) -> Any:
        for job_id in self._database.unreadable:
            self._database.read(self._database.jobs[job_id])
        return await unpublished(self, *arguments)

    patch.setattr(SimulatedJobStore, "unpublished", strict)


@caught_by(
    "nothing_waits_for_its_deadline queues_are_empty dead_letters_as_expected every_job_ends", needs=with_deletions
)
def a_returned_message_does_not_declare_the_topology(patch: Patch) -> None:
    patch.setattr(SimulatedBroker, "declare_again", lambda _: None)


@caught_by("delivery_limits_are_reported", needs=with_a_lethal_brief)
def nobody_hears_of_a_delivery_limit(patch: Patch) -> None:
    patch.setattr(UndeliveredMessages, "report", _nothing)


@caught_by("undeliverable_jobs_fail", needs=with_a_lethal_brief)
def a_delivery_limit_does_not_fail_its_job(patch: Patch) -> None:
    patch.setattr(JobService, "undeliverable", _nothing)


@caught_by("arithmetic_is_never_retried", needs=with_an_overflow)
def errors_of_arithmetic_are_retried(patch: Patch) -> None:
    patch.setattr(dispositions, "_NOT_RETRIED", ())


@caught_by("queues_are_empty no_lost_error", needs=with_hostile_messages)
def what_its_headers_make_a_reader_raise_leaves_a_message_in_flight(patch: Patch) -> None:
    def fragile(headers: Any, body: bytes) -> Event:
        if headers.get("ce-time") == HOSTILE_TIME:
            raise OverflowError("date value out of range")
        return from_message(headers, body)

    patch.setattr(processing, "from_message", fragile)


@caught_by("queues_are_empty no_lost_error dead_letters_as_expected")
def a_rejected_message_is_neither_acknowledged_nor_kept(patch: Patch) -> None:
    patch.setattr(MessageProcessor, "_dead_letter", _nothing)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
