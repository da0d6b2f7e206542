"""What is fuzzed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True)
class Target:
    """A reader of foreign bytes: how its inputs are made, and what must hold for each."""

    name: str
    weight: int
    """Its share of all inputs, in thousandths: a slow target gets fewer."""
    make: Callable[[Random], Any]
    check: Callable[[Any], object]
    """Raises what a target must not raise: an unclassified exception, or an AssertionError."""
    seconds: float = 5.0
    """Processor time that one input may take."""
