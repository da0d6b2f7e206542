"""Writes recorded.tsv: searches for every motif that a brief can name, at every size at which it is made.

    python -m studio_stencil.motifs.record [--processes 2]

It takes about 40 minutes of a core. It goes on where it was interrupted; what is not there yet is searched for when a
motif is drawn. Motifs that have a size by meaning come first, for briefs often name them; then those of most words.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

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


def _rows(known: dict[str, str], processes: int) -> Iterator[tuple[str, str]]:
    """The lines of the motifs that are not known yet, as they are found."""
    with ProcessPoolExecutor(processes) as pool:
        waiting = {pool.submit(found_for, emoji): emoji for emoji in nameable() if emoji not in known}
        for done in as_completed(waiting):
            yield waiting[done], done.result().line()


def main() -> None:
    """Write what is missing, line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    known = dict(recorded.lines())
    for emoji, line in _rows(known, parser.parse_args().processes):
        known[emoji] = line
        rows = "".join(f"{motif}\t{found}\n" for motif, found in sorted(known.items()))
        recorded.FILE.write_text(f"{recorded.fingerprint()}\n{rows}", encoding="utf-8")


if __name__ == "__main__":
    main()
