"""What the studio understood of a brief: stored in the plan and shown to the client."""

from typing import Literal

from studio_contracts.base import FrozenModel

SubjectKind = Literal["thing", "letters", "digits"]
SizeWord = Literal["small", "medium", "large"]
Tone = Literal["warm", "cool", "pastel", "dark", "bright", "calm"]
PatternWord = Literal[
    "bands",
    "stripes",
    "zigzag",
    "waves",
    "spiral",
    "circles",
    "dots",
    "grid",
    "triangles",
    "hexagons",
    "mosaic",
    "path",
    "track",
    "maze",
    "hopscotch",
    "compass",
    "snakes_and_ladders",
    "islands",
    "bridges",
    "football_pitch",
]


class Subject(FrozenModel):
    """One thing the brief asks to see.

    `word` is the brief's own spelling, `name` the plain English name that image models know. `motif` is the emoji that
    pictures it, or None when nothing does. `count` is None when the brief says several without a number; `colour` is
    a palette code.
    """

    word: str
    name: str
    motif: str | None
    kind: SubjectKind = "thing"
    count: int | None = 1
    size: SizeWord | None = None
    colour: str | None = None


class UnsoldColour(FrozenModel):
    """A colour that the brief names and no granule has: the brief's word, what people mean by it as #rrggbb in sRGB,
    and the code of the granule that is laid for it.
    """

    word: str
    hex: str
    code: str


class Reading(FrozenModel):
    """A brief as the studio understood it. Everything is in the order of the brief.

    `language` is an ISO 639-1 code. `setting` and `patterns` are English identifiers, whatever the brief's language.
    Colours are palette codes. `refused_subjects` are the brief's own words, `refused_motifs` the emoji they stand for.
    `refused_names` are the plain English names of refused subjects. `only_colours` says that the brief wants
    its colours and no others. `not_understood` are words that had no effect. `wanted` is the brief without what it
    refuses, in its own words.
    """

    language: str
    subjects: tuple[Subject, ...] = ()
    setting: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    unsold: tuple[UnsoldColour, ...] = ()
    only_colours: bool = False
    tones: tuple[Tone, ...] = ()
    patterns: tuple[PatternWord, ...] = ()
    refused_colours: tuple[str, ...] = ()
    refused_subjects: tuple[str, ...] = ()
    refused_motifs: tuple[str, ...] = ()
    refused_names: tuple[str, ...] = ()
    refused_patterns: tuple[PatternWord, ...] = ()
    not_understood: tuple[str, ...] = ()
    wanted: str = ""
