"""What others say and do is open: each way to rely on it is tried, and a seed must show the harm."""

import asyncio
from typing import Any

import pytest

from studio_chassis.messaging.consumer import Consumer
from studio_chassis.messaging.dispositions import Reject
from studio_chassis.replicate import client, responses
from studio_chassis.replicate.errors import InvalidRequest, NotTheProvider, ProviderError, error_for
from studio_contracts.events import PredictionUpdated
from studio_contracts.job import Job
from studio_domain.prediction import PredictionReport, UnreadablePrediction, read_prediction
from studio_predictor import handlers
from studio_predictor.handlers import Predictor
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


def _only_known(body: object) -> PredictionReport:
    report = read_prediction(body)
    if not report.has_known_status:
        raise UnreadablePrediction(f"unknown prediction status {report.status}")
    return report


@caught_by("only_the_unseen_is_requested_again nothing_is_paid_for_nothing")
def an_unknown_status_in_an_answer_or_list_is_no_prediction(patch: Patch) -> None:
    patch.setattr(responses, "read_prediction", _only_known)


@caught_by("reports_are_never_set_aside")
def a_report_with_an_unknown_status_is_dead_lettered(patch: Patch) -> None:
    read = Predictor.read_update

    async def strict(self: Predictor, job: Job, update: PredictionUpdated) -> None:
        try:
            _only_known(update.prediction)
        except UnreadablePrediction as error:
            raise Reject(str(error)) from error
        await read(self, job, update)

    patch.setattr(Predictor, "read_update", strict)


@caught_by("reports_are_never_set_aside")
def a_webhook_of_an_unknown_kind_is_dead_lettered(patch: Patch) -> None:
    def strict(body: object) -> PredictionReport:
        try:
            return read_prediction(body)
        except UnreadablePrediction as error:
            raise Reject(str(error)) from error

    patch.setattr(handlers, "read_report", strict)


@caught_by("ended_by_the_provider_alone")
def an_unknown_status_ends_the_prediction(patch: Patch) -> None:
    unfinished = ("starting", "processing")
    patch.setattr(PredictionReport, "is_final", property(lambda self: self.status not in unfinished))


@caught_by("refused_by_the_provider_alone")
def whatever_answers_4xx_is_the_provider(patch: Patch) -> None:
    def trusting(response: Any, now: Any) -> ProviderError:
        error = error_for(response, now)
        return InvalidRequest(response.status, "", "") if isinstance(error, NotTheProvider) else error

    patch.setattr(client, "error_for", trusting)


@caught_by("queues_are_empty every_job_ends")
def a_consumer_that_gets_nothing_is_left_alone(patch: Patch) -> None:
    async def trusting(self: Consumer) -> None:
        await asyncio.Event().wait()

    patch.setattr(Consumer, "watch", trusting)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
