"""Searches that failed before: which colours of a motif cannot be laid on its silhouette, at which sizes.

They stand in failed_inlays.tsv, written by `python -m studio_stencil.motifs.record_inlays`. Most colours of most
motifs are among them, and a search that fails tries all that there is to try. What is not recorded is searched for.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from studio_stencil.motifs.recorded import RULES, fingerprint
from studio_stencil.motifs.sizes import made_sizes_m

FILE = Path(__file__).with_name("failed_inlays.tsv")


@cache
def failed_inlays(emoji: str, size_m: float) -> frozenset[int]:
    """The sets of a motif's fills, as bits in the order of its parts, of which nothing can be laid on its first outline
    at this size. With a minus, those that cover most of it, of which too little can be laid on another colour.
    """
    line = lines().get(emoji)
    sizes = made_sizes_m(emoji) if line else []
    if line is None or size_m not in sizes:
        return frozenset()
    return frozenset(fills for fills, at in parsed(line).items() if at >> sizes.index(size_m) & 1)


def parsed(line: str) -> dict[int, int]:
    """What a line says, without the motif at its beginning: for sets of fills the sizes, as bits in their order."""
    pairs = (one.split(":") for one in line.split())
    return {int(fills, 16): int(sizes, 16) for fills, sizes in pairs}


def written(found: Mapping[int, int]) -> str:
    """The line of a motif."""
    return " ".join(f"{fills:x}:{sizes:x}" for fills, sizes in sorted(found.items()))


@cache
def lines() -> Mapping[str, str]:
    """The recorded lines by motif; none where they were made by other rules than today's."""
    if not FILE.is_file():
        return {}
    head, *rows = FILE.read_text(encoding="utf-8").splitlines()
    return {emoji: line for emoji, _, line in (row.partition("\t") for row in rows)} if head == heading() else {}


def heading() -> str:
    """The first line: a hash of what decides what is found."""
    return fingerprint([*RULES, "inlays"])
