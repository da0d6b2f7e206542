"""What saves reads and writes: each guard of a short cut is taken away, and a seed must show it."""

import pytest

from studio_domain import lifecycle
from studio_domain.lifecycle import Transition
from studio_simulation.mutations import Mutation, Mutations, Search, assert_caught

Patch = pytest.MonkeyPatch
MUTATIONS = Mutations()
caught_by = MUTATIONS.caught_by


@caught_by("completed_has_pictures allowed_transitions")
def a_changed_field_is_not_written(patch: Patch) -> None:
    changed = vars(Transition)["changed_fields"].fget
    without = property(lambda self: changed(self) - ({"concepts"} if self.before is not None else set()))
    patch.setattr(Transition, "changed_fields", without)


@caught_by("survives_storage")
def moments_are_kept_finer_than_the_database_keeps_them(patch: Patch) -> None:
    patch.setattr(lifecycle, "to_stored_precision", lambda moment: moment)


@pytest.mark.parametrize(("mutation", "invariants", "search"), MUTATIONS.cases, ids=MUTATIONS.ids)
def test_the_simulation_catches(mutation: Mutation, invariants: str, search: Search) -> None:
    assert_caught(mutation, invariants, search)
