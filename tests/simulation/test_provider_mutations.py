"""Paid calls and webhooks: each mechanism that keeps them honest is broken on purpose, and a seed must show it."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from studio_chassis.persistence.job_service import Applied, JobService
from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.errors import OutcomeUnknown
from studio_chassis.testing.database import SimulatedDatabase
from studio_contracts.events import PredictionUpdated
from studio_contracts.job import Job
from studio_domain.domain_events import SlotClaimed, SlotsPlanned, WebhookReceived
from studio_domain.lifecycle import slots
from studio_gateway.api import webhooks
from studio_predictor import handlers
from studio_predictor.handlers import Predictor
from studio_predictor.planning import Purchase, purchase
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught, has

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@caught_by("paid_once nothing_is_paid_for_nothing")
def no_adoption_but_another_request(patch: Patch) -> None:
    async def again(self: Predictor, job: Job, slot: Any) -> None:
        assert job.generation is not None
        bought = await purchase(job, job.generation, slot, self.objects, self.now())
        if isinstance(bought, Purchase):
            await self._create_prediction(job, bought)

    patch.setattr(Predictor, "_recover_lost", again)


@caught_by("looked_for_before_requested_again")
def given_up_without_a_search(patch: Patch) -> None:
    patch.setattr(Predictor, "_search", _nothing)


@caught_by("looked_for_before_requested_again")
def given_up_before_the_grace_time_is_over(patch: Patch) -> None:
    search = Predictor._search

    async def hasty(self: Predictor, job: Job, slot: Any) -> Any:
        settings = self.settings.model_copy(update={"adoption_grace": timedelta(seconds=20)})
        return await search(replace(self, settings=settings), job, slot)

    patch.setattr(Predictor, "_search", hasty)


@caught_by("only_the_unseen_is_requested_again")
def only_the_first_page_of_the_list_is_read(patch: Patch) -> None:
    recent = ReplicateClient.recent

    async def first_page(self: ReplicateClient, created_after: Any) -> Any:
        async for page in recent(self, created_after):
            yield page
            return

    patch.setattr(ReplicateClient, "recent", first_page)


@caught_by("only_the_unseen_is_requested_again", needs=has("list.endless"))
def an_unfinished_list_counts_as_read(patch: Patch) -> None:
    recent = ReplicateClient.recent

    async def satisfied(self: ReplicateClient, created_after: Any) -> Any:
        with contextlib.suppress(OutcomeUnknown):
            async for page in recent(self, created_after):
                yield page

    patch.setattr(ReplicateClient, "recent", satisfied)


@caught_by("paid_within_limits", needs=has("http.lost"))
def lost_attempts_cost_nothing(patch: Patch) -> None:
    def known(job: Job) -> int:
        return sum(max(1, len(slot.prediction_ids)) * slots._cents(job, slot) for slot in job.predictions)

    patch.setattr(slots, "_cents_committed", known)


@caught_by("paid_once")
def no_claim_before_the_request(patch: Patch) -> None:
    apply = JobService.apply

    async def unclaimed(self: JobService, known: Job | str, event: Any, **how: Any) -> Applied:
        if isinstance(event, SlotClaimed):
            return Applied(await self.load(known if isinstance(known, str) else known.id), changed=True)
        event = replace(event, claims=frozenset()) if isinstance(event, SlotsPlanned) else event
        return await apply(self, known, event, **how)

    patch.setattr(JobService, "apply", unclaimed)


@caught_by("paid_once")
def claim_released_when_the_answer_was_lost(patch: Patch) -> None:
    class Never(Exception):
        """No code raises it."""

    patch.setattr(handlers, "OutcomeUnknown", Never)


@caught_by("peace_is_uneventful")
def webhooks_answered_and_not_recorded(patch: Patch) -> None:
    apply = JobService.apply

    async def forgetful(self: JobService, known: Job | str, event: Any, **how: Any) -> Applied:
        if isinstance(event, WebhookReceived):
            return Applied(await self.load(known if isinstance(known, str) else known.id), changed=False)
        return await apply(self, known, event, **how)

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


@caught_by("forged_webhook_changes_nothing", needs=has("webhook.forged"))
def webhooks_are_believed_without_the_token(patch: Patch) -> None:
    patch.setattr(webhooks, "check_token", lambda *_: None)


@caught_by("forged_webhook_changes_nothing", needs=has("webhook.forged"))
def webhooks_are_believed_without_the_signature(patch: Patch) -> None:
    patch.setattr(webhooks, "check_signature", lambda *_: None)


@caught_by("paid_within_attempts spending_is_capped", needs=has("prediction.infrastructure"))
def attempts_without_a_cap(patch: Patch) -> None:
    again = slots._try_again

    def uncapped(job: Job, slot: Any, error: str, *rest: Any) -> Job:
        limits = job.limits
        wide = job.model_copy(update={"limits": limits.model_copy(update={"attempts_per_slot": 99, "cents": 10**6})})
        return again(wide, slot, error, *rest).model_copy(update={"limits": limits})

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


@caught_by("canceled_stops_spending nothing_is_paid_for_nothing")
def slots_are_claimed_after_a_cancellation(patch: Patch) -> None:
    apply = JobService.apply

    async def claimed(self: JobService, known: Job | str, event: Any, **how: Any) -> Applied:
        applied = await apply(self, known, event, **how)
        too_late = isinstance(event, SlotClaimed | SlotsPlanned) and applied.job.status == "canceled"
        return applied._replace(changed=True) if too_late else applied

    patch.setattr(JobService, "apply", claimed)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
