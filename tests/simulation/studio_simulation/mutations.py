"""Breaking mechanisms on purpose: a mutation must be noticed by an invariant in some world."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import pytest

from studio_simulation.disorder import Disorder
from studio_simulation.faults import LETHAL, Faults
from studio_simulation.settings import AMPLE_BUDGET, day_cents
from studio_simulation.single_run import run

SEEDS = 2000
Mutation = Callable[[pytest.MonkeyPatch], None]
Needs = Callable[[int, Faults, Disorder], object]


@dataclass(frozen=True)
class Search:
    """The worlds in which a mutation may be noticed, by their seeds."""

    first: int
    needs: Needs | None

    def __iter__(self) -> Iterator[int]:
        for seed in range(self.first, self.first + SEEDS):
            faults = Faults.draw(Random(seed))
            disorder = Disorder.draw(Random(f"disorder {seed}"), peaceful=faults.peaceful)
            if self.needs is None or self.needs(seed, faults, disorder):
                yield seed


def has(*faults: str) -> Needs:
    """Worlds in which one of these faults may occur."""
    return lambda _, mixture, __: any(mixture.rates.get(fault, 0) > 0 for fault in faults)


def with_a_lethal_brief(_: int, __: Faults, disorder: Disorder) -> bool:
    """Worlds in which a brief ends the process that reads it."""
    return disorder.brief == LETHAL


def with_deletions(_: int, __: Faults, disorder: Disorder) -> bool:
    """Worlds in which queues are deleted."""
    return bool(disorder.deletions)


def with_an_overflow(_: int, __: Faults, disorder: Disorder) -> bool:
    """Worlds in which a brief leads to an error of arithmetic."""
    return disorder.brief == "overflowing"


def with_hostile_messages(_: int, __: Faults, disorder: Disorder) -> bool:
    """Worlds in which messages come whose headers make a reader fail."""
    return bool(disorder.hostile_messages)


def with_unreadable_documents(_: int, __: Faults, disorder: Disorder) -> bool:
    """Worlds in which documents of a later release lie in the database."""
    return disorder.unreadable


def with_a_tight_budget(seed: int, faults: Faults, _: Disorder) -> bool:
    """Worlds in which a day's budget does not pay for all jobs."""
    return day_cents(seed, peaceful=faults.peaceful) < AMPLE_BUDGET


class Mutations:
    """The mutations of one test module, each with the invariants of which one must notice it."""

    def __init__(self) -> None:
        self.cases: list[tuple[Mutation, str, Search]] = []

    def caught_by(
        self, invariants: str, *, first: int = 0, needs: Needs | None = None
    ) -> Callable[[Mutation], Mutation]:
        """Register a mutation; one of these invariants, separated by spaces, must be violated.

        To save time, what shows rarely is looked for from the seed `first` on, and where there is what it needs.
        """

        def register(mutation: Mutation) -> Mutation:
            self.cases.append((mutation, invariants, Search(first, needs)))
            return mutation

        return register

    @property
    def ids(self) -> list[str]:
        """The names of the mutations."""
        return [mutation.__name__ for mutation, _, _ in self.cases]


def assert_caught(mutation: Mutation, invariants: str, search: Search, patch: pytest.MonkeyPatch) -> None:
    """Apply the mutation and fail unless a world violates one of the invariants."""
    mutation(patch)
    for seed in search:
        names = {violation.partition(":")[0] for violation in run(seed).violations}
        if names & set(invariants.split()):
            print(f"{mutation.__name__}: seed {seed}, {', '.join(sorted(names))}")
            return
    pytest.fail(f"{mutation.__name__} was not caught within {SEEDS} seeds")
