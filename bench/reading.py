"""How well briefs are read: the share of named things that are found, of refused ones that come back, and the time.

    python bench/reading.py

Every animal, plant, food, vehicle and building that Unicode's data names in four languages stands once in a sentence
that asks for it and once in one that refuses it. Ends with status 1 when a target is
missed.
"""

import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

from studio_stencil.planning.build_lexicon import names, pictured, variants
from studio_stencil.planning.reading import read_brief

from measuring import exit_if_missed

ASKED = {
    "en": "a {} in a meadow", "de": "ein {} auf der Wiese", "fr": "un {} dans la prairie", "es": "un {} en el prado",
}  # fmt: skip
REFUSED = {
    "en": "a meadow without {}", "de": "eine Wiese ohne {}", "fr": "une prairie sans {}", "es": "un prado sin {}",
}  # fmt: skip
BLOCKS = (
    (0x1F300, 0x1F320), (0x1F32D, 0x1F37F), (0x1F3D4, 0x1F3F0), (0x1F400, 0x1F43F), (0x1F680, 0x1F6A4),
    (0x1F6F0, 0x1F6FC), (0x1F950, 0x1F96F), (0x1F980, 0x1F9AE), (0x1F9C0, 0x1F9CB), (0x1FAB0, 0x1FABD),
    (0x1FAD0, 0x1FADB),
)  # fmt: skip
"""Blocks of animals, plants, food, weather, vehicles and buildings."""
LEAST_FOUND, MOST_MILLISECONDS = 0.95, 5.0
"""Targets for each language: the share of named things that are drawn, and the time to read a brief. None is drawn that
was refused."""


class Share(NamedTuple):
    """Names of one language: how many were found, how many were drawn although refused, median milliseconds to read."""

    language: str
    named: int
    found: float
    refused_drawn: int
    milliseconds: float
    missed: tuple[str, ...]


def _named(language: str) -> Iterator[tuple[str, str]]:
    for char, name in names(language).items():
        if char in pictured() and len(char) == 1 and any(low <= ord(char) <= high for low, high in BLOCKS):
            yield char, next(variants(name))


def measure(language: str) -> Share:
    """The figures of one language."""
    read_brief("a fish")  # loads the tables
    found, drawn, taken, missed = [], 0, [], []
    for char, name in _named(language):
        started = time.perf_counter()
        reading = read_brief(ASKED[language].format(name))
        taken.append(time.perf_counter() - started)
        here = any(subject.motif is not None for subject in reading.subjects) and not reading.not_understood
        found.append(here)
        missed += [] if here else [f"{char} {name}"]
        drawn += bool(read_brief(REFUSED[language].format(name)).subjects)
    return Share(language, len(found), statistics.mean(found), drawn, 1000 * statistics.median(taken), tuple(missed))


def missed_by(share: Share) -> list[str]:
    """The targets that a language misses, in words."""
    checks = {
        f"{share.language}: {LEAST_FOUND:.0%} of named things found": share.found >= LEAST_FOUND,
        f"{share.language}: no refused thing drawn": share.refused_drawn == 0,
        f"{share.language}: a brief read in {MOST_MILLISECONDS:g} ms": share.milliseconds <= MOST_MILLISECONDS,
    }
    return [target for target, met in checks.items() if not met]


def main() -> None:
    """Print one line a language. Raises SystemExit when a target is missed."""
    missed: list[str] = []
    print("| Language | things named | found | refused and drawn | ms a brief |\n|---|---|---|---|---|")
    for language in ASKED:
        share = measure(language)
        figures = f"{share.named} | {share.found:.3f} | {share.refused_drawn} | {share.milliseconds:.2f}"
        print(f"| {share.language} | {figures} |")
        print("  missed:", "; ".join(share.missed))
        missed += missed_by(share)
    exit_if_missed(missed)


if __name__ == "__main__":
    main()
