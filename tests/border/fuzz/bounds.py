"""What every fuzz target shares: how many inputs, and the time and memory that one input may take."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

INPUTS = int(os.environ.get("FUZZ_INPUTS", "300"))
"""Inputs of each target. `make fuzz` gives each its share of a million."""
SECONDS = 5.0
MEMORY_BYTES = 128 * 2**20
"""For one input of a few megabytes, on a busy machine."""

TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from((10**400, -(2**63), "x" * 100_000)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
"""JSON of every shape, with lone surrogates, numbers that are none, and large values."""


def fuzz(*inputs: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with as many inputs as asked for."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        bounded = settings(max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck))
        return bounded(given(*inputs)(test))

    return decorate


@contextmanager
def within_bounds() -> Iterator[None]:
    """Fail if the block takes too long, or more memory than an input may."""
    peak, began = _peak_bytes(), time.perf_counter()
    yield
    seconds, grown = time.perf_counter() - began, _peak_bytes() - peak
    assert seconds < SECONDS, f"took {seconds:.1f} s"
    assert grown < MEMORY_BYTES, f"took {grown / 2**20:.0f} MB"


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@st.composite
def bent(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A good document with some of its bytes changed, cut out, repeated or put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 32))
        match draw(st.sampled_from(("change", "cut", "repeat", "insert", "truncate", "nest"))):
            case "change":
                data[start : start + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[start:end]
            case "repeat":
                data[end:end] = data[start:end] * draw(st.sampled_from((1, 3, 1_000, 50_000)))
            case "insert":
                data[start:start] = draw(st.binary(max_size=24))
            case "truncate":
                del data[start:]
            case "nest":
                data[start:start] = draw(st.sampled_from((b"[", b'{"a":', b'"'))) * draw(st.sampled_from((1, 100_000)))
    return bytes(data)
