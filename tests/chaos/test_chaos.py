"""The whole pipeline while everything is killed and cut, again and again."""

import asyncio
import time
from typing import Any

import pytest

from studio_chaos.ledger_check import check_ledger, unfinished_jobs, wait_for_rest
from studio_chaos.load_generator import LoadGenerator
from studio_chaos.nemesis import Nemesis
from studio_support.secret_search import leaks

PACE_SECONDS = 1.2
REST_SECONDS = 240
QUICK_FAILPOINTS = 2
"""Of each service, by the seed: another run has others. `make chaos` has all of them."""
UNTIDY_WEBHOOKS = [
    {"kind": "lost", "rate": 0.2},
    {"kind": "duplicate", "rate": 0.2},
    {"kind": "reordered", "rate": 0.2},
    {"kind": "late", "rate": 0.1, "seconds": 1.0},
]
FAILING_PREDICTIONS = [
    {"outcome": "failed", "prompt_contains": f"pond with {number} fish", "times": 1} for number in range(2, 2000, 4)
]
"""The first prediction of each fourth job. The predictor publishes events for further attempts alone."""


def test_nothing_is_lost_and_nothing_paid_twice_while_everything_is_killed(
    open_stack: Any, jobs_wanted: int, seed: int, thorough: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_stack() as (fleet, proxy):
        fleet.set_faults({"seed": seed, "webhooks": UNTIDY_WEBHOOKS, "prediction": FAILING_PREDICTIONS})
        load = LoadGenerator(fleet.stack.gateway_url, jobs_wanted, PACE_SECONDS, seed)
        pace = {"rounds": 3} if thorough else {"rounds": 1, "failpoints": QUICK_FAILPOINTS}
        nemesis = Nemesis(fleet, proxy, load, seed, **pace)
        load.start()
        try:
            nemesis.strike()
        except Exception as error:
            error.add_note("\n".join([f"seed {seed}", *nemesis.diary, unfinished_jobs(fleet.stack, load.accepted)]))
            raise
        finally:
            load.finish()
        calm = time.monotonic()
        at_rest = wait_for_rest(fleet.stack, REST_SECONDS)
        seconds = time.monotonic() - calm
        result = asyncio.run(check_ledger(fleet.stack, load.accepted))
        report = f"chaos, seed {seed}: {result}; {seconds:.0f} s to quiescence"
        with capsys.disabled():
            print("", *(nemesis.diary if thorough else ()), report, sep="\n")
        why = "\n".join([report, *nemesis.diary, unfinished_jobs(fleet.stack, load.accepted)])
        assert at_rest, why
        assert result.violations == [], why
        assert (result.lost, result.paid_twice, result.paid_again, result.missing, result.dead) == (0, 0, 0, 0, 0), why
        assert result.cents_off == 0, why
        assert leaks(fleet.stack) == [], "secrets stand in what the run wrote"
        assert len(load.accepted) >= jobs_wanted
