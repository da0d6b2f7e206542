"""A text as words: the one way that both the lexicon and the reader split and fold."""

import re
import unicodedata
from typing import NamedTuple

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+|[^\w\s]|_")
ELISION = re.compile(
    r"^(?:l|d|j|m|t|s|c|n|(?:jus|lors|puis|quel)?qu|un|all|dall|dell|nell|sull|sott)['\u2019](?=\w)", re.IGNORECASE
)
BREAKS = frozenset(',.;:!?()[]{}|/·•–—"“”„«»…')
"""Marks that end a phrase."""


class Token(NamedTuple):
    """A word, number or mark: as it stands in the text, folded for look-up, and where it starts in the brief."""

    text: str
    key: str
    start: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word; a number or a mark is none."""
        return self.text[0].isalpha()


def fold(word: str) -> str:
    """Case folded ("ß" is "ss"), composed, with a plain apostrophe."""
    return unicodedata.normalize("NFC", word.casefold()).replace("\u2019", "'")


def without_accents(word: str) -> str:
    """The word as it is typed on a keyboard without accents."""
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def split(text: str, offset: int = 0) -> list[Token]:
    """Words, numbers and marks in order. Elided articles ("l'océan") become words of their own.

    `offset` is where the text starts in the brief.
    """
    tokens: list[Token] = []
    for match in WORD.finditer(text):
        word, start = match.group(), match.start() + offset
        while elided := ELISION.match(word):
            tokens.append(Token(elided.group(), fold(elided.group()[:-1]), start))
            word, start = word[elided.end() :], start + elided.end()
        tokens.append(Token(word, fold(word), start))
    return tokens


def key_of(phrase: str) -> str:
    """The look-up key of a phrase: its folded words with single spaces."""
    return " ".join(token.key for token in split(phrase) if token.text not in BREAKS)
