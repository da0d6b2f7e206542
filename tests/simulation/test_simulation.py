"""A thousand worlds in which everything goes wrong that may: no job is lost, nothing is paid for twice."""

from collections import Counter
from collections.abc import Callable

import pytest

from studio_simulation.world import run

SEEDS = 1000
"""`make soak` runs as many as are asked for."""
CHUNK = 250
RARE = (
    "given up, never created",
    "given up, paid and unseen",
    "replays",
    "replays of the replayed",
    "replayed jobs completed",
)
"""What must have happened among so many worlds, or they prove nothing about it. By the second alone is paid twice."""


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_promise_holds_whatever_goes_wrong(first: int, record_property: Callable[[str, object], None]) -> None:
    counts: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        outcome = run(seed)
        counts += outcome.counts
        assert not outcome.violations, "\n".join(
            [*outcome.trace, *outcome.violations, f"repeat with: python tests/simulation/run.py --seed {seed} --trace"]
        )
    record_property("simulated", dict(counts))
    assert [what for what in RARE if not counts[what]] == [], "the simulation left this out"


@pytest.mark.parametrize("seed", [3, 17])
def test_the_same_seed_gives_the_same_run_to_the_byte(seed: int) -> None:
    assert run(seed).trace == run(seed).trace


def test_runs_differ_and_end_in_every_final_state() -> None:
    outcomes = [run(seed) for seed in range(24)]
    assert len({"\n".join(outcome.trace) for outcome in outcomes}) == len(outcomes)
    assert {status for outcome in outcomes for status in outcome.statuses} == {"completed", "failed", "canceled"}
