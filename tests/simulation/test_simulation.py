"""Three hundred worlds with every fault that can occur: no job is lost, nothing is paid for twice."""

from collections import Counter
from collections.abc import Callable

import pytest

from studio_simulation.single_run import run

SEEDS = 300
"""`make soak SEEDS=…` runs more."""
CHUNK = 150
RARE = (
    "abandoned attempts without a prediction",
    "abandoned attempts with a paid, invisible prediction",
    "replays",
    "repeated replays",
    "replayed jobs completed",
)
"""Rare cases. Each must occur in every chunk of worlds, or they prove nothing about it. Only the second pays twice."""


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_promise_holds_whatever_goes_wrong(first: int, record_property: Callable[[str, object], None]) -> None:
    counts: Counter[str] = Counter()
    traces, statuses = set[str](), set[str]()
    for seed in range(first, first + CHUNK):
        outcome = run(seed)
        counts += outcome.counts
        traces.add("\n".join(outcome.trace))
        statuses.update(outcome.statuses)
        assert not outcome.violations, "\n".join(
            [*outcome.trace, *outcome.violations, f"repeat with: python tests/simulation/run.py --seed {seed} --trace"]
        )
    record_property("simulated", dict(counts))
    assert [what for what in RARE if not counts[what]] == [], "the simulation left this out"
    assert (len(traces), statuses) == (CHUNK, {"completed", "failed", "canceled"}), "two worlds are alike, or too calm"


@pytest.mark.parametrize("seed", [3, 17])
def test_the_same_seed_gives_the_same_run_to_the_byte(seed: int) -> None:
    assert run(seed).trace == run(seed).trace
