"""Fuzz what reads foreign bytes: `fuzz.py --inputs 1000000`, or one input by --target, --seed and --number."""

import argparse
import logging
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from studio_fuzz.bounds import limit_memory
from studio_fuzz.driver import Batch, Failure, batches, made, run
from studio_fuzz.targets import TARGETS

PIECES = 40
FAILURES = Path("out/fuzz")


def main() -> int:
    """Exit status 1 when an input broke something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other inputs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--target", choices=sorted(TARGETS), help="this one alone")
    parser.add_argument("--number", type=int, help="one input of a target")
    arguments = parser.parse_args()
    if arguments.number is not None:
        return _one(arguments.target or parser.error("--number needs --target"), arguments.seed, arguments.number)
    targets = (arguments.target,) if arguments.target else tuple(TARGETS)
    return _all(list(batches(arguments.inputs, arguments.seed, targets, PIECES)), arguments.workers)


def _prepare() -> None:
    limit_memory()
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _one(target: str, seed: int, number: int) -> int:
    print(repr(made(TARGETS[target], seed, number))[:4000])
    failures = run(Batch(target, seed, number, number + 1))
    print(failures[0].trace if failures else "holds")
    return len(failures)


def _all(work: list[Batch], workers: int) -> int:
    began, done, failures = time.monotonic(), Counter[str](), list[Failure]()
    wanted = sum(batch.last - batch.first for batch in work)
    work.sort(key=lambda batch: batch.first / batch.last)  # a piece of each target in turn
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_prepare) as pool:
        running = {pool.submit(run, batch): batch for batch in work}
        for number, finished in enumerate(as_completed(running), 1):
            batch = running[finished]
            try:
                found = finished.result()
            except BrokenProcessPool:
                print(f"A process died, perhaps in {batch}: run that with --workers 1 --target {batch.target}.")
                return 1
            done[batch.target] += batch.last - batch.first
            failures += found
            for failure in found:
                print(f"FAILED: {failure.write(FAILURES)}\n  repeat with: {failure.command}", flush=True)
            if number % len(TARGETS) == 0 or number == len(work):
                seconds = time.monotonic() - began
                print(f"{done.total()} of {wanted} inputs, {done.total() / seconds:.0f} a second", flush=True)
    print(f"{dict(done)}; {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
