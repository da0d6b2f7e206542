"""What the reader found in a brief, and how the findings make a reading."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from studio_contracts.reading import PatternWord, Reading, Subject, Tone, UnsoldColour
from studio_stencil.planning.lexicon import kin

Kind = Literal["subject", "setting", "colour", "tone", "pattern", "unknown"]


@dataclass
class Finding:
    """One thing the brief says, in the clause of that number. A subject's value is its motif."""

    kind: Kind
    value: str
    word: str
    clause: int
    refused: bool
    only: bool
    subject: Subject | None = None
    shades: tuple[str, ...] = ()
    """Of a colour: all that are refused with it."""
    meant: str | None = None
    """Of a colour: the sRGB colour, #rrggbb, that its word means, where no granule has it."""
    explicit: bool = False
    """Whether a subject came with a number, size or colour of its own."""


def sum_up(language: str, findings: list[Finding], unknown: list[str], wanted: str) -> Reading:
    """The reading that findings in the order of the brief make. What is refused anywhere is wanted nowhere."""
    refused = [finding for finding in findings if finding.refused]
    asked = [finding for finding in findings if not finding.refused]
    no_colours = _unique(code for finding in refused if finding.kind == "colour" for code in finding.shades)
    no_motifs = _unique(motif for finding in refused if _motif(finding) for motif in kin(_motif(finding)))
    no_things = [finding for finding in refused if finding.kind in ("subject", "setting", "unknown")]
    no_names = [finding.subject.name if finding.subject else finding.value for finding in no_things]
    return Reading(
        language=language,
        subjects=_merge([finding for finding in asked if finding.value not in no_motifs]),
        setting=_values(asked, "setting"),
        colours=tuple(code for code in _values(asked, "colour") if code not in no_colours),
        unsold=_unsold([finding for finding in asked if finding.value not in no_colours]),
        only_colours=any(finding.only for finding in asked if finding.kind == "colour"),
        tones=cast(tuple[Tone, ...], _values(asked, "tone")),
        patterns=cast(tuple[PatternWord, ...], _values(asked, "pattern")),
        refused_colours=no_colours,
        refused_subjects=_unique(finding.word for finding in no_things),
        refused_motifs=no_motifs,
        refused_names=_unique(no_names),
        refused_patterns=cast(tuple[PatternWord, ...], _values(refused, "pattern")),
        not_understood=_unique(unknown),
        wanted=wanted,
    )


def _values(findings: Iterable[Finding], kind: Kind) -> tuple[str, ...]:
    return _unique(finding.value for finding in findings if finding.kind == kind)


def _unsold(findings: Iterable[Finding]) -> tuple[UnsoldColour, ...]:
    found = (UnsoldColour(word=one.word, hex=one.meant, code=one.value) for one in findings if one.meant)
    return tuple({colour.hex: colour for colour in reversed(list(found))}.values())[::-1]


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _motif(finding: Finding) -> str:
    return (finding.subject.motif if finding.subject else None) or ""


def _merge(findings: list[Finding]) -> tuple[Subject, ...]:
    """Subjects in order; a thing mentioned again without a number, size or colour of its own counts once."""
    kept: list[Subject] = []
    for finding in findings:
        subject = finding.subject
        if subject is None:
            continue
        kin = (subject.motif, subject.kind)
        same = next((at for at, other in enumerate(kept) if (other.motif, other.kind) == kin), None)
        if same is None or finding.explicit:
            kept.append(subject)
        elif subject.count is None and kept[same].count == 1:
            kept[same] = kept[same].model_copy(update={"count": None})
    return tuple(kept)
