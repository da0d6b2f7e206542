"""A bounded share of the inputs: `make fuzz` makes a million. And the driver finds what is planted."""

import time
from pathlib import Path
from random import Random

import pytest

from studio_fuzz import driver
from studio_fuzz.bounds import TooSlowError
from studio_fuzz.driver import Batch, batches, made, run
from studio_fuzz.target import Target
from studio_fuzz.targets import TARGETS

INPUTS = 20_000
"""Of all targets together."""
SEED = 11


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore")
def test_no_input_breaks_what_reads_it(name: str) -> None:
    share = max(200, INPUTS * TARGETS[name].weight // 1000)
    failures = run(Batch(name, SEED, 0, share))
    assert not failures, "\n".join(f"{failure.command}\n{failure.trace}" for failure in failures)


@pytest.mark.parametrize("name", TARGETS)
def test_the_same_seed_and_number_make_the_same_input(name: str) -> None:
    first, again = (repr([made(TARGETS[name], SEED, number) for number in range(20)]) for _ in range(2))
    assert first == again


def test_a_million_inputs_are_shared_among_all_targets() -> None:
    work = list(batches(1_000_000, 1, tuple(TARGETS), 40))
    assert sum(batch.last - batch.first for batch in work) == 1_000_000
    assert {batch.target for batch in work} == set(TARGETS)
    assert sum(target.weight for target in TARGETS.values()) == 1000


def _planted(data: bytes) -> None:
    match data[0] % 16:
        case 0:
            raise KeyError("planted")
        case 1:
            while True:
                time.process_time()


def test_an_error_and_an_endless_loop_are_found_and_written_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def make(random: Random) -> bytes:
        return random.randbytes(4)

    monkeypatch.setitem(TARGETS, "planted", Target("planted", 1, make, _planted, seconds=0.02))
    failures = run(Batch("planted", 1, 0, 1000))
    assert len(failures) == driver.MOST_FAILURES
    traces = " ".join(failure.trace for seed in range(4) for failure in run(Batch("planted", seed, 0, 100)))
    assert "planted" in traces
    assert TooSlowError.__name__ in traces
    file = failures[0].write(tmp_path)
    assert file.read_bytes() == made(TARGETS["planted"], 1, failures[0].number)
    assert failures[0].command in file.with_suffix(".txt").read_text()
