"""Writes token_counts.txt: common English words and how many tokens of CLIP's vocabulary each takes.

    python services/predictor/build_token_counts.py

Words are those of `simplemma`'s English dictionary that are one token, and all that the studio itself sends.
`instant-clip-tokenizer` carries the vocabulary; it and `simplemma` are needed here and in tests only.
"""

import re
from collections.abc import Iterator
from typing import get_args

from instant_clip_tokenizer import Tokenizer
from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

from studio_contracts.palette import PALETTE
from studio_contracts.reading import PatternWord, Tone
from studio_predictor.prompts import own_words
from studio_predictor.token_count import COUNTS
from studio_stencil.planning.lexicon import emoji_names, load

SHORTEST = 2
"""A single letter is one token without being listed."""


def _common() -> Iterator[str]:
    for form, lemma in DefaultDictionaryFactory().get_dictionary("en").items():
        for word in (form, lemma):
            yield word.decode() if isinstance(word, bytes) else word


def _sent() -> Iterator[str]:
    yield from own_words()
    yield from (colour.name for colour in PALETTE)
    yield from (word.replace("_", " ") for word in (*get_args(PatternWord), *get_args(Tone)))
    yield from emoji_names().values()
    yield from load("en").meanings


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= SHORTEST]


def table() -> str:
    """The file's text: a word a line, with its number of tokens where that is not one."""
    tokenizer = Tokenizer()
    common = {word.lower() for word in _common() if word.isascii() and word.isalpha() and len(word) >= SHORTEST}
    counts = {word: 1 for word in common if len(tokenizer.encode(word)) == 1}
    counts |= {word: len(tokenizer.encode(word)) for text in _sent() for word in _words(text)}
    return "".join(f"{word}\n" if counts[word] == 1 else f"{word} {counts[word]}\n" for word in sorted(counts))


if __name__ == "__main__":
    COUNTS.write_text(table(), encoding="ascii")
