"""Writes recorded.tsv: searches for every motif that a brief can name, at every size at which it is made.

    python -m studio_stencil.motifs.record [--processes 2]

It takes about 40 minutes of a core. It goes on where it was interrupted; what is not there yet is searched for when a
motif is drawn. Motifs that have a size by meaning come first, for briefs often name them; then those of most words.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from studio_stencil.drawing.compose import LETTERS
from studio_stencil.motifs import recorded
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.outlines import searched
from studio_stencil.motifs.recorded import Recorded, size_key
from studio_stencil.motifs.sizes import made_sizes_m, meant_size, searched_smallest_m
from studio_stencil.planning.lexicon import FOLDER


def nameable() -> list[str]:
    """Every motif that a brief can name: those with a size by meaning first, then by number of names."""
    names: Counter[str] = Counter()
    for table in sorted(FOLDER.glob("??.tsv")):
        for line in table.read_text(encoding="utf-8").splitlines():
            kind, _, value = line.split("\t")
            if kind == "pictures":
                names.update(emoji.rstrip("*") for emoji in value.split())
    letters = (letter for some in LETTERS.values() for letter in some)
    often = sorted(dict(names.most_common()), key=lambda emoji: meant_size(emoji) == 1.0)
    return [emoji for emoji in (*often, *letters) if find_motif(emoji) is not None]


def found_for(emoji: str) -> Recorded:
    """What is found for a motif; this may take a few seconds."""
    tries = {size_key(size): searched(emoji, size) for size in made_sizes_m(emoji)}
    return Recorded(searched_smallest_m(emoji), tries)


def line_for(emoji: str) -> str:
    """What is found for a motif, as the table keeps it."""
    return found_for(emoji).line()


def record(file: Path, heading: str, known: Mapping[str, str], line_for: Callable[[str], str]) -> None:
    """Write a table of motifs anew with each line that is found; `known` are the lines that it has."""
    parser = argparse.ArgumentParser(description="Write what is missing, line by line.")
    parser.add_argument("--processes", type=int, default=1)
    lines = dict(known)
    with ProcessPoolExecutor(parser.parse_args().processes) as pool:
        waiting = {pool.submit(line_for, emoji): emoji for emoji in nameable() if emoji not in known}
        for done in as_completed(waiting):
            lines[waiting[done]] = done.result()
            rows = "".join(f"{motif}\t{line}\n" for motif, line in sorted(lines.items()))
            file.write_text(f"{heading}\n{rows}", encoding="utf-8")


if __name__ == "__main__":
    record(recorded.FILE, recorded.fingerprint(), recorded.lines(), line_for)
