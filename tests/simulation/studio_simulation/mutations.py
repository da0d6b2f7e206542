"""Breaking mechanisms on purpose: a mutation must be noticed by an invariant in some world.

`known_seeds.json` says in which world each mutation was noticed last, so that a test looks there first. A change of the
code makes other worlds of the same seeds, and then the search through all of them takes minutes and pytest shows a
warning: `python tests/simulation/find_seeds.py` writes the file anew.
"""

import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

import pytest

from studio_simulation.disorder import Disorder
from studio_simulation.faults import LETHAL, Faults
from studio_simulation.settings import AMPLE_BUDGET, day_cents
from studio_simulation.single_run import run

SEEDS = 2000
KNOWN_SEEDS = Path(__file__).parents[1] / "known_seeds.json"
Mutation = Callable[[pytest.MonkeyPatch], None]
Needs = Callable[[int, Faults, Disorder], object]


@dataclass(frozen=True)
class Search:
    """The worlds in which a mutation may be noticed, by their seeds: first the one where it was noticed last."""

    name: str
    needs: Needs | None

    def __iter__(self) -> Iterator[int]:
        known = self.known
        return chain([] if known is None else [known], self.all_seeds())

    @property
    def known(self) -> int | None:
        """The world in which it was noticed last."""
        seeds: dict[str, int] = json.loads(KNOWN_SEEDS.read_text())
        return seeds.get(self.name)

    def all_seeds(self) -> Iterator[int]:
        """Every world that has what the mutation needs to be noticed."""
        for seed in range(SEEDS):
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

    def caught_by(self, invariants: str, *, needs: Needs | None = None) -> Callable[[Mutation], Mutation]:
        """Register a mutation; one of these invariants, separated by spaces, must be violated.

        To save time, what shows rarely is looked for only where there is what it needs.
        """

        def register(mutation: Mutation) -> Mutation:
            self.cases.append((mutation, invariants, Search(mutation.__name__, needs)))
            return mutation

        return register

    @property
    def ids(self) -> list[str]:
        """The names of the mutations."""
        return [mutation.__name__ for mutation, _, _ in self.cases]


def seed_that_catches(mutation: Mutation, invariants: str, seeds: Iterable[int]) -> int | None:
    """Apply the mutation; return the first seed whose world violates one of the invariants, None when there is none."""
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        for seed in seeds:
            names = {violation.partition(":")[0] for violation in run(seed).violations}
            if names & set(invariants.split()):
                return seed
    return None


def assert_caught(mutation: Mutation, invariants: str, search: Search) -> None:
    """Fail unless a world violates one of the invariants; warn when it had to be searched for."""
    seed = seed_that_catches(mutation, invariants, search)
    if seed is None:
        pytest.fail(f"{mutation.__name__} was not caught within {SEEDS} seeds")
    if seed != search.known:
        warnings.warn(f"known_seeds.json is out of date: {mutation.__name__} is noticed in world {seed}", stacklevel=1)
