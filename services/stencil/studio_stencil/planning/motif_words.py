"""Which silhouettes a brief asks for, and how many of each."""

import re
from typing import NamedTuple


class Motif(NamedTuple):
    """A kind of silhouette and how many; None for several, as many as suit the surface."""

    kind: str
    number: int | None
    word: str


_SINGULAR = {
    "fish": "fish", "whale": "whale", "orca": "whale", "wave": "wave", "star": "star", "starfish": "star",
    "leaf": "leaf", "flower": "flower", "daisy": "flower", "blossom": "flower", "shell": "shell",
    "seashell": "shell", "sea shell": "shell", "scallop": "shell", "clam": "shell", "sun": "sun", "moon": "moon",
    "crescent": "moon", "turtle": "turtle", "tortoise": "turtle", "rocket": "rocket", "spaceship": "rocket",
    "space ship": "rocket", "butterfly": "butterfly", "footprint": "footprint", "footstep": "footprint",
    "foot print": "footprint", "stepping stone": "stepping stone", "stepping-stone": "stepping stone",
    "pebble": "stepping stone",
}  # fmt: skip
_IRREGULAR = {"fish": "fishes", "leaf": "leaves", "starfish": "starfishes"}


def _plural(word: str) -> str:
    return _IRREGULAR.get(word) or (word[:-1] + "ies" if word.endswith(("ly", "sy")) else word + "s")


_PLURAL = {_plural(word): kind for word, kind in _SINGULAR.items()}
_KIND = _SINGULAR | _PLURAL
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "pair": 2, "couple": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12,
}  # fmt: skip
_SEVERAL = "several|some|many|few|lots|school|swarm|shoal|field"
_JOINERS = (
    "the|with|and|in|on|over|under|of|for|to|from|by|at|like|as|full|is|are|" + _SEVERAL + "|" + "|".join(_NUMBERS)
)
_NOUN = "|".join(sorted(map(re.escape, _KIND), key=len, reverse=True))
_FIND = re.compile(
    rf"(?:\b(?P<several>{_SEVERAL})\b(?:\s+of)?\s+"
    rf"|\b(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)})\b(?:\s+of)?\s+(?:(?!(?:{_JOINERS})\b)[a-z-]+,?\s+){{0,2}}?)?"
    rf"\b(?P<noun>{_NOUN})\b"
)

_THEMES = (
    ("fish", "ocean sea water river lake pond aquatic aquarium marine reef underwater"),
    ("leaf", "forest wood woodland tree jungle park nature autumn"),
    ("star", "space night galaxy sky planet universe"),
    ("shell", "beach sand coast shore island"),
    ("flower", "garden meadow spring summer"),
)


def find_motifs(prompt: str) -> tuple[Motif, ...]:
    """Motifs a brief names, in its order, each kind once.

    A number or "a pair of" counts; a plural, "fish" or "some" without a number is several; another singular is one.
    """
    found: dict[str, Motif] = {}
    for match in _FIND.finditer(re.sub(r"\s+", " ", prompt.lower())):
        noun, word = match["noun"], match["number"]
        number: int | None = None
        if word is not None:
            number = (int(word) or None) if word.isdigit() else _NUMBERS[word]
        elif not match["several"] and noun not in _PLURAL and noun != "fish":
            number = 1
        found.setdefault(_KIND[noun], Motif(_KIND[noun], number, noun))
    return tuple(found.values())


def default_motifs(prompt: str) -> tuple[Motif, ...]:
    """Several of what suits the theme of a brief that names no motif."""
    for kind, words in _THEMES:
        if match := re.search(rf"\b(?:{'|'.join(words.split())})s?\b", prompt.lower()):
            return (Motif(kind, None, match.group()),)
    return (Motif("stepping stone", None, ""),)
