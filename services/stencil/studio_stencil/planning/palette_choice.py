"""Colours for a brief that names no palette: named colours first, then themes, then a balanced set."""

import re
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from studio_contracts.palette import BY_CODE, MAX_CHOSEN, PALETTE
from studio_stencil.drawing.colour import CLOSE, difference

FALLBACK = ("RH20", "RH31", "RH26", "RH41", "RH50", "RH60")
"""Balanced six with strong contrast, cool base first."""

_COMPANIONS = ("RH31", "RH60", "RH41", "RH22", "RH11", "RH02")
"""Tried in turn beside one or two named colours, where the brief gives no theme."""

_ALIASES = {
    "yellow": "RH41", "gold": "RH40", "golden": "RH40", "ochre": "RH40", "amber": "RH40",
    "red": "RH02", "scarlet": "RH02", "crimson": "RH01", "maroon": "RH01", "dark red": "RH01", "brick": "RH01",
    "pink": "RH90", "magenta": "RH90", "violet": "RH21", "lilac": "RH21", "lavender": "RH21", "indigo": "RH21",
    "blue": "RH20", "dark blue": "RH20", "navy": "RH20", "royal blue": "RH20", "cobalt": "RH20", "bright blue": "RH23",
    "sky blue": "RH22", "pale blue": "RH22", "baby blue": "RH22", "aqua": "RH23", "cyan": "RH23",
    "teal": "RH26", "green": "RH10", "lime": "RH11", "lime green": "RH11", "light green": "RH11",
    "emerald": "RH12", "deep green": "RH12", "forest green": "RH12", "tan": "RH30", "sandy": "RH30",
    "white": "RH31", "off-white": "RH31", "ivory": "RH31", "grey": "RH61", "gray": "RH61", "silver": "RH61",
    "light gray": "RH61", "pale gray": "RH65", "dark gray": "RH60", "charcoal": "RH60", "anthracite": "RH60",
    "chocolate": "RH32", "terracotta": "RH01",
}  # fmt: skip
_COLOUR_WORDS = {colour.name.lower(): colour.code for colour in PALETTE} | _ALIASES

_THEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ocean sea seaside underwater aquatic marine water wave reef lagoon", ("RH20", "RH22", "RH26", "RH31", "RH41")),
    ("whale dolphin fish shark mermaid coral aquarium", ("RH20", "RH22", "RH26", "RH50", "RH31")),
    ("river lake stream pond waterfall rain", ("RH23", "RH20", "RH10", "RH31", "RH30")),
    ("forest wood woodland jungle tree leaf leave rainforest", ("RH12", "RH11", "RH32", "RH30", "RH41")),
    ("meadow garden park nature grass field flower spring", ("RH10", "RH11", "RH41", "RH90", "RH31")),
    ("sunset sunrise dusk dawn evening", ("RH50", "RH41", "RH90", "RH21", "RH40")),
    ("beach coast shore sand island shell", ("RH30", "RH23", "RH31", "RH26", "RH50")),
    ("space galaxy planet rocket star moon night astronaut cosmic universe", ("RH21", "RH20", "RH70", "RH41", "RH31")),
    ("desert dune safari savanna savannah canyon dinosaur", ("RH30", "RH40", "RH01", "RH32", "RH12")),
    ("rainbow colourful colorful multicolour multicolor confetti", ("RH22", "RH02", "RH41", "RH11", "RH21", "RH50")),
    ("autumn harvest", ("RH40", "RH01", "RH50", "RH32", "RH12")),
    ("winter ice snow arctic polar frozen", ("RH22", "RH31", "RH20", "RH61", "RH21")),
    ("fire volcano lava flame dragon", ("RH01", "RH50", "RH41", "RH60", "RH40")),
    ("candy sweet fairy princess unicorn butterfly", ("RH90", "RH22", "RH31", "RH41", "RH21")),
    ("city urban modern industrial road traffic", ("RH61", "RH60", "RH41", "RH20", "RH31")),
    ("tropical summer carnival circus party", ("RH26", "RH41", "RH50", "RH90", "RH11")),
    ("earth mountain stone rock earthy natural", ("RH10", "RH32", "RH61", "RH30", "RH12")),
    ("sun sunny sunshine", ("RH22", "RH41", "RH50", "RH31", "RH20")),
    ("sky cloud air", ("RH22", "RH31", "RH20", "RH41", "RH65")),
)  # fmt: skip
_THEME_WORDS = {word: codes for words, codes in _THEMES for word in words.split()}


class PaletteChoice(NamedTuple):
    """Codes, most important first, and the words of the brief that led to them."""

    codes: tuple[str, ...]
    reason: str


class _Hit(NamedTuple):
    word: str
    codes: tuple[str, ...]


def _finder(words: Sequence[str]) -> re.Pattern[str]:
    """Longest words first, so that "dark green" is not read as "green"; the plural counts too."""
    by_length = sorted(words, key=len, reverse=True)
    return re.compile(r"\b(" + "|".join(map(re.escape, by_length)) + r")(?:s|es)?\b")


_FIND_COLOUR = _finder([*_COLOUR_WORDS])
_FIND_THEME = _finder([*_THEME_WORDS])


def _hits(prompt: str) -> tuple[list[_Hit], list[_Hit]]:
    """Named colours and theme words in the order of the brief. A colour's words do not count as a theme too."""
    text = re.sub(r"\s+", " ", prompt.lower())
    named = [_Hit(word, (_COLOUR_WORDS[word],)) for word in dict.fromkeys(_FIND_COLOUR.findall(text))]
    rest = _FIND_COLOUR.sub(" ", text)
    themes = [_Hit(word, _THEME_WORDS[word]) for word in dict.fromkeys(_FIND_THEME.findall(rest))]
    return named, themes


def _ranked(themes: Sequence[_Hit]) -> list[tuple[str, str]]:
    """(word, code) of several themes in turns, so that each contributes its most telling colours."""
    columns = zip_longest(*([(hit.word, code) for code in hit.codes] for hit in themes))
    return [pair for pair in chain.from_iterable(columns) if pair is not None]


def _explain(picked: Sequence[tuple[str, str]]) -> str:
    """One clause a word: 'ocean' → Standard Blue, Azure."""
    by_word: dict[str, list[str]] = {}
    for word, code in picked:
        by_word.setdefault(word, []).append(BY_CODE[code].name)
    return "; ".join(f"{word} → {', '.join(names)}" for word, names in by_word.items())


def choose_palette(prompt: str) -> PaletteChoice:
    """At most six colours for a brief without a palette; the same brief always gets the same colours.

    Colours the brief names come first, in its order. Its themes fill up with colours that can be told from those.
    One or two named colours without a theme get companions; without any word known here the balanced set is taken.
    """
    named, themes = _hits(prompt)
    if not named and not themes:
        names = ", ".join(BY_CODE[code].name for code in FALLBACK)
        return PaletteChoice(FALLBACK, f"no colour or theme in the brief → balanced set: {names}")
    first_word = {hit.codes[0]: f"'{hit.word}'" for hit in reversed(named)}
    asked = dict.fromkeys(hit.codes[0] for hit in named)
    picked = [(first_word[code], code) for code in asked][:MAX_CHOSEN]
    more, limit = [(f"'{word}'", code) for word, code in _ranked(themes)], MAX_CHOSEN
    if not themes and len(picked) < 3:
        more, limit = [("for contrast", code) for code in _COMPANIONS], 4
    for word, code in more:
        if len(picked) < limit and all(difference(code, other) >= CLOSE for _, other in picked):
            picked.append((word, code))
    return PaletteChoice(tuple(code for _, code in picked), _explain(picked))


def order_by_brief(codes: Sequence[str], prompt: str) -> PaletteChoice:
    """A client's own colours, duplicates removed, with the base the brief asks for.

    Panels list colours in the order of display or of clicking, which says little about the base. So the first of
    them that the brief names leads, or else the first that carries one of its themes (is among a theme's first two);
    without either the client's order stands.
    """
    chosen = tuple(dict.fromkeys(codes))
    named, themes = _hits(prompt)
    carrying = [hit._replace(codes=hit.codes[:2]) for hit in themes]
    for word, code in [(hit.word, hit.codes[0]) for hit in named] + _ranked(carrying):
        if code in chosen:
            rest = tuple(other for other in chosen if other != code)
            return PaletteChoice((code, *rest), f"chosen by the client; '{word}' → {BY_CODE[code].name} as base")
    return PaletteChoice(chosen, "chosen by the client, in the client's order")
