"""The colours of the motifs, in a palette that the studio chooses itself."""

from collections.abc import Sequence

from studio_contracts.palette import MAX_CHOSEN
from studio_contracts.reading import Reading
from studio_stencil.drawing.colour import CLOSE, difference
from studio_stencil.motifs.colours import natural_colours

OWN_COLOURS = 3
"""Places at the end of a palette that motifs may take."""
GROUNDS = frozenset(
    [
        "ocean",
        "river",
        "forest",
        "meadow",
        "farm",
        "beach",
        "space",
        "night",
        "desert",
        "winter",
        "mountains",
        "sky",
        "sunset",
    ]
)
"""Settings whose own colour the ground keeps."""


def with_motif_colours(codes: Sequence[str], reading: Reading) -> tuple[str, ...]:
    """Codes, the base first, with the main colours of the motifs that the reading names among them, six at most.

    The base is that of the setting; without a setting it is the first code that none of the motifs can be taken for.
    Colours that the brief refuses, or all but its own where it wants no others, stay out.
    """
    motifs = [subject for subject in reading.subjects if subject.motif and subject.motif not in reading.refused_motifs]
    mains = [subject.colour or next(iter(natural_colours(subject.motif or "")), "") for subject in motifs]
    mains = [code for code in dict.fromkeys(mains) if code]
    clear = [code for code in codes if all(difference(code, main) >= 2 * CLOSE for main in mains[:2])]
    base = codes[0] if not clear or GROUNDS & set(reading.setting) else clear[0]
    ordered = [base, *(code for code in codes if code != base)]
    if reading.only_colours:
        return tuple(ordered)
    seconds = [code for subject in motifs[:2] for code in natural_colours(subject.motif or "")[1:2]]
    asked = set(reading.colours) | {base}
    wanted = [code for code in dict.fromkeys([*mains, *seconds]) if code not in reading.refused_colours]
    wanted = [code for code in wanted if not any(difference(code, other) < CLOSE for other in ordered)][:OWN_COLOURS]
    kept = len(ordered) + len(wanted) - MAX_CHOSEN
    for code in reversed(ordered[1:]):
        if kept > 0 and code not in asked:
            ordered.remove(code)
            kept -= 1
    return tuple([*ordered, *wanted][:MAX_CHOSEN])
