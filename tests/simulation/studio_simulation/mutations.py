"""Breaking mechanisms on purpose: a mutation must be noticed by an invariant in some world."""

from collections.abc import Callable

import pytest

from studio_simulation.world import run

SEEDS = 2000
Mutation = Callable[[pytest.MonkeyPatch], None]


class Mutations:
    """The mutations of one test module, each with the invariants of which one must notice it."""

    def __init__(self) -> None:
        self.cases: list[tuple[Mutation, str, int]] = []

    def caught_by(self, invariants: str, *, first: int = 0) -> Callable[[Mutation], Mutation]:
        """Register a mutation; one of these invariants, separated by spaces, must be violated.

        What shows rarely is looked for from the seed `first` on, to save time.
        """

        def register(mutation: Mutation) -> Mutation:
            self.cases.append((mutation, invariants, first))
            return mutation

        return register

    @property
    def ids(self) -> list[str]:
        """The names of the mutations."""
        return [mutation.__name__ for mutation, _, _ in self.cases]


def assert_caught(mutation: Mutation, invariants: str, first: int, patch: pytest.MonkeyPatch) -> None:
    """Apply the mutation and fail unless a world violates one of the invariants."""
    mutation(patch)
    for seed in range(first, first + SEEDS):
        names = {violation.partition(":")[0] for violation in run(seed).violations}
        if names & set(invariants.split()):
            print(f"{mutation.__name__}: seed {seed}, {', '.join(sorted(names))}")
            return
    pytest.fail(f"{mutation.__name__} was not caught within {SEEDS} seeds")
