"""What a job of six pictures costs the database and the broker, counted where nothing goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from random import Random
from typing import TypeVar

import bson
import pytest

from studio_chassis.persistence.documents import to_document
from studio_chassis.testing.database import SimulatedDatabase
from studio_domain.lifecycle import Transition
from studio_simulation import clients, world
from studio_simulation.faults import CODES, Faults
from studio_simulation.process import Life
from studio_simulation.single_run import run
from studio_simulation.world import World

T = TypeVar("T")
BRIEF = {"prompt": "waves", "palette": list(CODES), "strategy": "bands", "count": 6}
KINDS = {
    "store.load": "reads",
    "store.commit": "updates",
    "store.clear": "updates",
    "broker.publish": "publishes",
}
"""Operations on the job's document and on the broker. Commits that meet another one are counted too."""
MOST = {"reads": 6.5, "updates": 9.7, "publishes": 5, "bytes": 37_000}
"""What a job cost when this was last lowered, and a little more for reads and commits that met others."""
JOBS = 20


async def some_load(world: World, number: int) -> None:
    """Instead of a world's clients: one that wants six pictures each time, one after the other within two seconds."""

    async def post(place: int) -> None:
        await asyncio.sleep(place * 2 / JOBS)
        await clients.post(world, BRIEF, {})

    if number == 0 and world.public:  # else the reconciler asks the provider now and then, for as long as it takes
        await asyncio.gather(*map(post, range(JOBS)))


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What the services of a world ask of their servers, and the bytes of the documents that they write."""
    counted: Counter[str] = Counter()
    wire, write = Life.wire, SimulatedDatabase.write

    async def count(self: Life, operation: str, effect: Callable[[], T]) -> T:
        if not self.name.startswith("reconciler"):  # what it does is counted in rounds, not in jobs
            counted[KINDS.get(operation, operation)] += 1
        return await wire(self, operation, effect)

    def weigh(self: SimulatedDatabase, change: Transition, published: Collection[str] = ()) -> None:
        events = {str(place): event.model_dump() for place, event in enumerate(change.events)}
        counted["bytes"] += len(bson.encode(to_document(change.job, change.changed_fields) | {"outbox": events}))
        write(self, change, published)

    monkeypatch.setattr(Life, "wire", count)
    monkeypatch.setattr(SimulatedDatabase, "write", weigh)
    monkeypatch.setattr(world, "client", some_load)
    monkeypatch.setattr(world, "start_webhook", lambda _: False)  # by default none is asked for
    return counted


def test_a_job_costs_no_more_than_it_did(spent: Counter[str]) -> None:
    quiet = (seed for seed in range(1000) if Faults.draw(Random(seed)).peaceful)
    outcome = next(outcome for outcome in map(run, quiet) if outcome.statuses)
    assert (outcome.violations, outcome.statuses) == ([], Counter(completed=JOBS))
    found = {kind: spent[kind] / JOBS for kind in MOST}
    print(found)
    assert {kind: number for kind, number in found.items() if number > MOST[kind]} == {}, found
