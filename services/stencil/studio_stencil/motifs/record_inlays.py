"""Writes failed_inlays.tsv: searches for what can be laid of the colours of motifs, at every size they are made at.

    python -m studio_stencil.motifs.record_inlays [--processes 2]

The sets of fills that are looked at are those that palettes of the studio give one colour. It goes on where it was
interrupted, in the order in which outlines are recorded; what is not there yet is searched for when a motif is drawn.
"""

from collections import Counter
from functools import cache

from studio_contracts.reading import Reading
from studio_stencil.motifs import failed_inlays
from studio_stencil.motifs.colours import motif_colours
from studio_stencil.motifs.failed_inlays import written
from studio_stencil.motifs.inlays import MOSTLY, Inlay, inlaid, is_most_of_it, known_faults, region
from studio_stencil.motifs.library import find_motif
from studio_stencil.motifs.outlines import outline
from studio_stencil.motifs.palette import GROUNDS, with_motif_colours
from studio_stencil.motifs.record import record
from studio_stencil.motifs.sizes import made_sizes_m
from studio_stencil.planning.palette_choice import choose_palette
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.roles import in_role_order

MOST_SETS = 12
"""Sets of fills of one motif that are looked at, those that most palettes give."""
NEARLY = 0.95
"""Of the area from which on a colour may lie beneath the largest: areas of regions differ a little from those drawn."""


def found_for(emoji: str) -> dict[int, int]:
    """For each set of fills the sizes, as bits, at which nothing of it can be laid; see `failed_inlays`."""
    found = dict.fromkeys(_sets_of_fills(emoji), 0)
    for number, size_m in enumerate(made_sizes_m(emoji) if found else ()):
        laid = {fills: inlay_of(emoji, size_m, fills) for fills in {abs(fills) for fills in found}}
        for fills in found:
            inlay = laid[abs(fills)]
            if inlay is None or (fills < 0 and not is_most_of_it(inlay.shape, region(emoji, size_m, -fills))):
                found[fills] |= 1 << number
    return found


def inlay_of(emoji: str, size_m: float, fills: int) -> Inlay | None:
    """What is laid of a set of fills, alone on the silhouette."""
    whole = outline(emoji, size_m)
    return inlaid(region(emoji, size_m, fills), whole, whole, known_faults(whole), ())


@cache
def _readings() -> tuple[Reading, ...]:
    """Readings of briefs about one thing in every setting."""
    return tuple(read_brief(f"a cow {place}") for place in ("", *(f"in the {ground}" for ground in sorted(GROUNDS))))


def _sets_of_fills(emoji: str) -> list[int]:
    """Sets of a motif's fills that are one colour, as bits in the order of its parts; with a minus, those of its body
    that could lie on another colour.
    """
    motif = find_motif(emoji)
    assert motif is not None
    found: Counter[int] = Counter()
    for reading in _readings():
        about = reading.model_copy(update={"subjects": (reading.subjects[0].model_copy(update={"motif": emoji}),)})
        codes = with_motif_colours(in_role_order(choose_palette(about)[0]), about)
        for below in codes:
            colours = motif_colours(emoji, [code for code in codes[1:] if code != below], below)
            areas, fills = Counter[str](), Counter[str]()
            for number, (fill, code) in enumerate(colours.items()):
                fills[code] |= 1 << number
                areas[code] += sum(part.area.area for part in motif.parts if part.fill == fill)
            body, *others = sorted(areas, key=lambda code: -areas[code])
            found.update(fills[code] for code in others)
            if others and areas[others[0]] > NEARLY * MOSTLY * areas[body]:
                found[-fills[body]] += 1
    return [fills for fills, _ in found.most_common(MOST_SETS)]


def line_for(emoji: str) -> str:
    """What is found for a motif, as the table keeps it."""
    return written(found_for(emoji))


if __name__ == "__main__":
    record(failed_inlays.FILE, failed_inlays.heading(), failed_inlays.lines(), line_for)
