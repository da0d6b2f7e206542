"""What protects the calls to clients, broken on purpose: a seed must show each."""

from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest

from studio_contracts.callbacks import CallbackType
from studio_contracts.job import Job
from studio_reconciler.callbacks import CallbackSender
from studio_reconciler.rescue import Rescuer
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


@caught_by("end_is_called the_end_is_heard")
def the_call_is_forgotten_when_a_job_ends(patch: Patch) -> None:
    module = import_module("studio_domain.lifecycle.transition")  # the package's own name of it is the function
    due = module.callback_due

    def forgetful(before: Job | None, job: Job) -> CallbackType | None:
        return None if job.is_final else due(before, job)

    patch.setattr(module, "callback_due", forgetful)


@caught_by("the_end_is_heard every_call_is_heard")
def a_refused_call_counts_as_delivered(patch: Patch) -> None:
    post = CallbackSender._post

    async def careless(self: CallbackSender, *arguments: Any) -> None:
        with suppress(Exception):
            await post(self, *arguments)

    patch.setattr(CallbackSender, "_post", careless)


@caught_by("every_call_is_made")
def calls_whose_messages_are_lost_are_not_requested_again(patch: Patch) -> None:
    async def nothing(self: Rescuer) -> None:
        """Look after nothing."""

    patch.setattr(Rescuer, "request_overdue_calls", nothing)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_a_broken_mechanism_is_noticed(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
