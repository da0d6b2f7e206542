"""Two thousand worlds in which everything goes wrong that may: no job is lost, nothing is paid for twice."""

import pytest

from studio_simulation.world import run

SEEDS = 2000
CHUNK = 50


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_promise_holds_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + CHUNK):
        outcome = run(seed)
        assert not outcome.violations, "\n".join(
            [*outcome.trace, *outcome.violations, f"repeat with: python tests/simulation/run.py --seed {seed} --trace"]
        )


@pytest.mark.parametrize("seed", [3, 17])
def test_the_same_seed_gives_the_same_run_to_the_byte(seed: int) -> None:
    assert run(seed).trace == run(seed).trace


def test_runs_differ_and_end_in_every_final_state() -> None:
    outcomes = [run(seed) for seed in range(12)]
    assert len({"\n".join(outcome.trace) for outcome in outcomes}) == len(outcomes)
    assert {status for outcome in outcomes for status in outcome.statuses} == {"completed", "failed", "canceled"}
