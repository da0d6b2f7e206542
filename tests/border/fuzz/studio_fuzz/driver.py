"""Runs targets. Seed, target and number of an input are all that it is made from."""

import pickle
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from studio_fuzz.bounds import start_clock, time_limits
from studio_fuzz.target import Target
from studio_fuzz.targets import TARGETS

MOST_FAILURES = 3
"""Of one batch: the others are most likely the same."""


@dataclass(frozen=True)
class Batch:
    """Inputs of one target, from one number to before another."""

    target: str
    seed: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.target} {self.first}-{self.last - 1} of seed {self.seed}"


@dataclass(frozen=True)
class Failure:
    """An input for which something does not hold."""

    target: str
    seed: int
    number: int
    trace: str
    pickled: bytes

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"python tests/border/fuzz/fuzz.py --target {self.target} --seed {self.seed} --number {self.number}"

    def write(self, folder: Path) -> Path:
        """Keep the input, as bytes where it is bytes, beside the trace of what went wrong."""
        folder.mkdir(parents=True, exist_ok=True)
        made = pickle.loads(self.pickled)
        file = folder / f"{self.target}-{self.seed}-{self.number}.input"
        file.write_bytes(made if isinstance(made, bytes) else repr(made).encode("utf-8", "backslashreplace"))
        file.with_suffix(".txt").write_text(f"{self.command}\n\n{self.trace}", errors="backslashreplace")
        return file


def made(target: Target, seed: int, number: int) -> Any:
    """The input of that number."""
    return target.make(Random(seed * 1_000_000_007 + number))


def run(batch: Batch) -> list[Failure]:
    """Check each input of a batch."""
    with time_limits():
        return list(_failures(TARGETS[batch.target], batch))


def _failures(target: Target, batch: Batch) -> Iterator[Failure]:
    found = 0
    for number in range(batch.first, batch.last):
        data = made(target, batch.seed, number)
        start_clock(target.seconds)
        try:
            target.check(data)
        except BaseException as error:
            start_clock(0)
            if isinstance(error, KeyboardInterrupt):
                raise
            yield Failure(target.name, batch.seed, number, traceback.format_exc(limit=-12), pickle.dumps(data))
            found += 1
            if found == MOST_FAILURES:
                return


def batches(inputs: int, seed: int, targets: tuple[str, ...], pieces: int) -> Iterator[Batch]:
    """Every target's share of the inputs, in that many pieces each."""
    total = sum(TARGETS[name].weight for name in targets)
    for name in targets:
        share = max(1, inputs * TARGETS[name].weight // total)
        size = -(-share // pieces)
        for first in range(0, share, size):
            yield Batch(name, seed, first, min(share, first + size))
