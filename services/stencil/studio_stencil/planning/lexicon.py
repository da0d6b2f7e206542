"""What words mean, in each language: the tables of lexicon/*.tsv, read once."""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from studio_stencil.planning.tokens import Token

FOLDER = Path(__file__).with_name("lexicon")
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
"""ISO 639-1 codes; where two suit a brief equally, the first is taken."""
COMPOUNDING = ("de", "nl")
"""Languages that write several nouns as one word."""
SHORTEST_COMPOUND = 7
NOUNS_FIRST = frozenset({"fr", "es", "it", "pt"})
"""Languages that put the chief word of a name, and a thing before its colour and size, first."""
CERTAIN, KNOWN, LETTER = 2.0, 1.0, 0.5
"""How much a word tells of the language: one that holds sentences together, any other, and a single letter."""
CLOSED = frozenset({"function", "numbers", "negators", "determiners", "only"})
VARIATION_SELECTOR = "\ufe0f"


class Match(NamedTuple):
    """A phrase found in a text: its length in tokens, its lemma, what it can mean (kind → value), if as a plural."""

    length: int
    lemma: str
    meanings: dict[str, str]
    plural: bool


class Lexicon:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.meanings: dict[str, dict[str, str]] = {}
        self.lemmas: dict[str, str] = {}
        self.longest: dict[str, int] = {}
        alone: dict[tuple[str, str], dict[str, str]] = {}  # most phrases mean one thing, and many the same
        for line in (FOLDER / f"{language}.tsv").read_text(encoding="utf-8").splitlines():
            kind, phrase, value = line.split("\t")
            if kind == "form":
                self.lemmas[phrase] = sys.intern(value)  # a lemma has many forms
                continue
            known = self.meanings.get(phrase)
            meaning = alone.setdefault((kind, value), {sys.intern(kind): sys.intern(value)})
            self.meanings[phrase] = meaning if known is None else known | meaning
            first, words = phrase.split(" ", 1)[0], phrase.count(" ") + 1
            self.longest[first] = max(self.longest.get(first, 0), words)

    def weight(self, word: str) -> float:
        """How much a word tells that a text is in this language; 0 for an unknown one."""
        meanings = self.find(word)
        if not meanings.keys() & CLOSED:
            return KNOWN if meanings else 0.0
        return CERTAIN if len(word) > 1 else LETTER

    def lemma(self, word: str) -> str:
        """The uninflected word where it is known, else the word itself."""
        return self.lemmas.get(word, word)

    def find(self, word: str) -> dict[str, str]:
        """What a single word can mean; nothing when it is unknown."""
        return self.meanings.get(word) or self.meanings.get(self.lemmas.get(word, ""), {})

    def match(self, tokens: Sequence[Token], at: int) -> Match | None:
        """The longest known phrase that starts there, as written or with its words uninflected."""
        word = tokens[at].key
        reach = max(self.longest.get(word, 0), self.longest.get(self.lemma(word), 0))
        keys = [token.key for token in tokens[at : at + reach]]
        for length in range(len(keys), 0, -1):
            written = " ".join(keys[:length])
            plain = " ".join(map(self.lemma, keys[:length]))
            if found := self.meanings.get(written) or self.meanings.get(plain):
                chief = keys[0 if self.language in NOUNS_FIRST else length - 1]
                return Match(length, plain, found, chief in self.lemmas)
        return None

    def split_compound(self, word: str) -> tuple[str, str] | None:
        """Modifier and head of a compound ("seerosen", "teich"): the longest known head, and any modifier."""
        for cut in range(3, len(word) - 3):
            head = word[cut:]
            if self.find(head) and not self.find(head).keys() & {"function", "negators", "determiners"}:
                return word[:cut], head
        return None

    def is_compound(self, word: str) -> bool:
        """Whether both parts of a word are known ("Schneckenspirale")."""
        halves = self.split_compound(word) if len(word) >= SHORTEST_COMPOUND else None
        return halves is not None and any(map(self.find, unlinked(halves[0])))


def unlinked(modifier: str) -> Iterator[str]:
    """The first part of a compound with and without the letters that link it to the second."""
    yield modifier
    for link in ("s", "n", "en", "es", "er", "e"):
        if modifier.endswith(link) and len(modifier) - len(link) >= 3:
            yield modifier[: -len(link)]


@cache
def load(language: str) -> Lexicon:
    """The lexicon of a language, read at its first use."""
    return Lexicon(language)


@cache
def emoji_names() -> dict[str, str]:
    """Every emoji, with and without its variation selector, and its English name."""
    lines = (FOLDER / "emoji.tsv").read_text(encoding="utf-8").splitlines()
    names = dict(line.split("\t") for line in lines)
    return {char.replace(VARIATION_SELECTOR, ""): name for char, name in names.items()} | names


@cache
def kin(motif: str) -> tuple[str, ...]:
    """An emoji and all whose name ends with its name: fish, and tropical fish."""
    names = emoji_names()
    return (motif, *(char for char, name in names.items() if name.split()[-1:] == [names[motif]]))


@cache
def emoji_start() -> re.Pattern[str]:
    """Matches each character that an emoji can start with; a digit only where it is made one."""
    firsts = {char[0] for char in qualified()}
    plain = "".join(sorted(first for first in firsts if first.isascii()))
    others = "".join(map(re.escape, sorted(firsts - set(plain))))
    return re.compile(f"[{others}]|[{re.escape(plain)}](?=[\ufe0f\u20e3])")


@cache
def qualified() -> dict[str, str]:
    """Emoji as written, with or without a variation selector → the spelling that all tables use."""
    lines = (FOLDER / "emoji.tsv").read_text(encoding="utf-8").splitlines()
    chars = [line.split("\t")[0] for line in lines]
    return {char.replace(VARIATION_SELECTOR, ""): char for char in chars} | {char: char for char in chars}


def detect(tokens: Sequence[Token]) -> str:
    """The language that most of the words belong to."""
    keys = [token.key for token in tokens if token.is_word]
    scores = {language: sum(map(load(language).weight, keys)) for language in LANGUAGES}
    if not any(scores.values()):
        return next((language for language in COMPOUNDING if any(map(load(language).is_compound, keys))), LANGUAGES[0])
    return max(LANGUAGES, key=lambda language: scores[language])
