"""Run the simulation: `run.py --seed 17 --trace` shows one run, `run.py --seeds 100000` looks for one that fails."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from studio_simulation.single_run import Outcome, run


def main() -> int:
    """Exit status 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="one run")
    parser.add_argument("--trace", action="store_true", help="print what happened in it")
    parser.add_argument("--seeds", type=int, default=2000, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _show(run(arguments.seed), trace=arguments.trace)
    failed, statuses, counts = 0, Counter[str](), Counter[str]()
    with ProcessPoolExecutor(arguments.workers) as pool:
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        for outcome in pool.map(partial(run), seeds, chunksize=20):
            statuses.update(outcome.statuses)
            counts.update(outcome.counts)
            if outcome.violations:
                failed += 1
                _show(outcome, trace=arguments.trace)
    print(f"{arguments.seeds} seeds, {failed} failed; jobs: {dict(statuses)}; {dict(counts)}")
    return 1 if failed else 0


def _show(outcome: Outcome, *, trace: bool) -> int:
    if trace:
        print("\n".join(outcome.trace))
    for violation in outcome.violations:
        print(f"seed {outcome.seed}: {violation}")
    if not trace and outcome.violations:
        print(f"  repeat with: python tests/simulation/run.py --seed {outcome.seed} --trace")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
