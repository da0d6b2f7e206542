"""The prompts for the model: the reading of the brief, in English, in a style that can be laid in granule."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from studio_contracts.brief import Brief, Style
from studio_contracts.own_picture import UNNAMED
from studio_contracts.palette import BY_CODE
from studio_contracts.reading import Reading, Subject
from studio_predictor.token_count import ROOM, count_tokens


class StyleWords(NamedTuple):
    """What a style asks for and what it refuses."""

    positive: str
    negative: str


class Prompts(NamedTuple):
    """The two texts sent to the model, and what the brief names and the first has no room for.

    A model without a negative prompt is sent the first alone.
    """

    positive: str
    negative: str
    not_sent: tuple[str, ...] = ()


STYLES: dict[Style, StyleWords] = {
    "professional": StyleWords("clean modern minimal flat vector design", "childish, cluttered, ornate"),
    "playful": StyleWords("playful cartoon paper-craft flat vector design", "dull, corporate, realistic"),
    "geometric": StyleWords("hard-edge Bauhaus geometric flat vector design", "organic, hand-drawn, irregular"),
}

_ASKED = ("big solid colour blocks", "top view", "screen-print", "solid fills", "clean edges", "simple geometry")
_REFUSED = (
    "photograph", "photorealistic", "3d render", "painting", "watercolour", "gradient", "shadow", "lighting",
    "perspective", "texture", "noise", "fine detail", "thin lines", "blur", "watermark",
)  # fmt: skip
_LETTERING = ("text", "letters")
_SETTINGS = {
    "ocean": "underwater ocean", "river": "pond and river", "fairytale": "fairy tale land",
    "tropical": "tropical summer", "space": "outer space", "fire": "fire and lava", "night": "night sky",
}  # fmt: skip
"""Where the model needs more than the setting's own name."""
_NUMBERS = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_UNCOUNTED = ("fish", "sheep", "deer", "leaves", "letters", "numbers")


def compose(reading: Reading, style: Style, colour_names: Sequence[str]) -> Prompts:
    """The prompts for a brief, naming the plan's colours (at most six), each within the tokens that CLIP reads.

    What must not be lost comes first: what the brief names, then the style, then the rest. An English brief that fits
    is sent in its own words; of any other, the things, patterns, places and tones that were understood, in English.
    What the brief refuses stands in the negative prompt alone.
    """
    words = STYLES[style]
    in_its_own_words = reading.language == "en" and reading.wanted
    if in_its_own_words and count_tokens(f"{reading.wanted}, {words.positive}") <= ROOM:
        named, others = [reading.wanted], []
    else:
        named, others = _named(reading), list(reading.not_understood)
    colours = f"colours {', '.join(name.lower() for name in colour_names)}" if colour_names else ""
    sent = _fitted(named, ROOM - count_tokens(f", {words.positive}"))
    positive = _fitted([*sent, words.positive, colours, _ASKED[0], *others, *_ASKED[1:]], ROOM)
    lettering = () if any(subject.kind != "thing" for subject in reading.subjects) else _LETTERING
    negative = _fitted([*_refused(reading), *words.negative.split(", "), *_REFUSED, *lettering], ROOM)
    not_sent = tuple(part for part in (*named, *others) if part not in positive)
    return Prompts(", ".join(positive), ", ".join(negative), not_sent)


def own_words() -> Iterator[str]:
    """Every text of this module that may be sent, for the table of token counts."""
    for words in STYLES.values():
        yield from words
    yield from (*_ASKED, *_REFUSED, *_LETTERING, *_SETTINGS, *_SETTINGS.values(), *_NUMBERS, "colours pattern tones")


def _fitted(parts: Iterable[str], room: int) -> list[str]:
    """The parts that fit, joined by commas, each tried in turn."""
    taken: list[str] = []
    for part in filter(None, parts):
        tokens = count_tokens(part) + bool(taken)  # the comma is one of its own, and parts do not touch
        if tokens <= room:
            taken.append(part)
            room -= tokens
    return taken


def _named(reading: Reading) -> list[str]:
    """What was understood, in English, the subjects first."""
    patterns = [f"{pattern.replace('_', ' ')} pattern" for pattern in reading.patterns]
    settings = [_SETTINGS.get(setting, setting) for setting in reading.setting]
    tones = [f"{tone} tones" for tone in reading.tones]
    return list(dict.fromkeys([*map(_described, reading.subjects), *patterns, *settings, *tones]))


def _described(subject: Subject) -> str:
    """ "three large green frogs"; several of a thing without a number are its plural."""
    several = subject.count is None or subject.count > 1
    number = "" if subject.count is None else _NUMBERS[subject.count] if subject.count < len(_NUMBERS) else "many"
    colour = _called(subject.colour) if subject.colour else ""
    name = _plural(subject.name) if several else subject.name
    return " ".join(filter(None, (number, subject.size, colour, name)))


def _plural(name: str) -> str:
    if name.endswith(_UNCOUNTED):
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in tuple("aeiou"):
        return f"{name[:-1]}ies"
    return f"{name}s"


def _refused(reading: Reading) -> list[str]:
    patterns = (pattern.replace("_", " ") for pattern in reading.refused_patterns)
    return list(dict.fromkeys([*reading.refused_names, *patterns, *map(_called, reading.refused_colours)]))


def _called(code: str) -> str:
    """What a person calls a colour of the palette."""
    return BY_CODE[code].name.lower().removeprefix("standard ").removeprefix("funky ")


def unread(brief: Brief) -> Reading:
    """The reading of a brief in whose plan there is none. A picture that came without words has no words to send."""
    return Reading(language="en", wanted="" if brief.prompt == UNNAMED else brief.prompt)
