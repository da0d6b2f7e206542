"""Reads a brief: what it asks to see, in which colours and tones, what it refuses, and what was not understood."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from studio_contracts.reading import Reading
from studio_stencil.planning.items import Item
from studio_stencil.planning.lexicon import (
    COMPOUNDING,
    SHORTEST_COMPOUND,
    Lexicon,
    Match,
    detect,
    emoji_names,
    emoji_start,
    load,
    qualified,
    unlinked,
)
from studio_stencil.planning.reader import read
from studio_stencil.planning.tokens import BREAKS, Token, split

BORROWED = frozenset({"pictures", "settings", "patterns", "colours"})
SHORTEST_BORROWED = 5
"""Shorter English words in a text of another language are too often words of that language."""
LONGEST_EMOJI = 14
TREES = frozenset("🌳🌲🌴🎄")
"""A tree's fruit names the kind of tree: "Zitronenbaum", "citroenboom"."""
CLITIC = re.compile(r"['\u2019](?:s|d|ll|re|ve|m)$", re.IGNORECASE)
"""English endings that a word is known without: "we'd", "the dragon's"."""


@lru_cache(maxsize=256)
def read_brief(prompt: str) -> Reading:
    """The reading of a brief. Pure: the same text always gives the same reading. Never raises for a text.

    The first call reads the word tables; later ones take well under 5 ms for a brief of a few sentences.
    """
    pieces = list(_split_emoji(prompt))
    tokens = [token for piece in pieces if isinstance(piece, list) for token in piece]
    lexicon = load(detect(tokens))
    return read(lexicon.language, prompt, _items(pieces, lexicon))


def _split_emoji(prompt: str) -> Iterator[list[Token] | Item]:
    """The text's words in runs between its emoji, each emoji as an item of its own."""
    spelled, start = qualified(), 0
    for match in emoji_start().finditer(prompt):
        at = match.start()
        found = next((n for n in range(LONGEST_EMOJI, 0, -1) if prompt[at : at + n] in spelled), 0)
        if at < start or not found:
            continue
        if words := split(prompt[start:at], start):
            yield words
        char = prompt[at : at + found]
        yield Item(char, char, {"pictures": spelled[char]}, at, name=emoji_names()[char])
        start = at + found
    if words := split(prompt[start:], start):
        yield words


def _items(pieces: Sequence[list[Token] | Item], lexicon: Lexicon) -> Iterator[Item]:
    for piece in pieces:
        if isinstance(piece, Item):
            yield piece
        else:
            yield from _phrases(piece, lexicon)


def _phrases(tokens: Sequence[Token], lexicon: Lexicon) -> Iterator[Item]:
    """The longest phrases that mean something, and everything else word by word."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.text in BREAKS:
            yield Item(token.text, token.key, {"break": token.text}, token.start)
        elif match := lexicon.match(tokens, at) or _borrowed(tokens, at, lexicon):
            text = " ".join(part.text for part in tokens[at : at + match.length])
            colour = _colour_within(tokens[at : at + match.length], lexicon) if "pictures" in match.meanings else None
            yield Item(text, match.lemma, match.meanings, token.start, match.plural, colour=colour)
            at += match.length
            continue
        elif token.text.isdecimal():
            yield Item(token.text, token.key, {"numbers": token.text}, token.start)
        elif token.is_word:
            yield from _unknown(token, lexicon)
        at += 1


def _colour_within(tokens: Sequence[Token], lexicon: Lexicon) -> str | None:
    """The colour that the name of a thing says: "red heart"."""
    values = (lexicon.find(token.key).get("colours") for token in tokens if len(tokens) > 1)
    return next((value.rstrip("*") for value in values if value), None)


def _borrowed(tokens: Sequence[Token], at: int, lexicon: Lexicon) -> Match | None:
    """An English word in a text of another language."""
    if lexicon.language == "en" or len(tokens[at].key) < SHORTEST_BORROWED:
        return None
    if lexicon.language in COMPOUNDING and lexicon.split_compound(tokens[at].key):
        return None
    match = load("en").match(tokens, at)
    return match if match and match.meanings.keys() & BORROWED else None


def _unknown(token: Token, lexicon: Lexicon) -> Iterator[Item]:
    """A word that is in no table: the parts of a hyphenated or compound word, or itself."""
    parts = CLITIC.sub("", token.text).split("-")
    if len(parts) == 2 and lexicon.language == "en" and parts[1] == "free":
        yield Item(parts[1], parts[1], {"negators": ""}, token.start)
        yield from _phrases([word._replace(start=token.start) for word in split(parts[0])], lexicon)
        yield Item(",", ",", {"break": ","}, token.start, modifier=True)
        return
    if len(parts) > 1 or parts[0] != token.text:
        words = [word._replace(start=token.start) for part in parts for word in split(part)]
        yield from _phrases(words, lexicon)
        return
    compounds = lexicon.language in COMPOUNDING and len(token.key) >= SHORTEST_COMPOUND
    halves = lexicon.split_compound(token.key) if compounds else None
    if halves is None:
        if compounds and (place := _place_within(token.key, lexicon)):
            yield Item(token.text, token.key, place, token.start, modifier=True)
        yield Item(token.text, token.key, {}, token.start)  # of a compound the place is known, and the thing is not
        return
    modifier, head = halves
    before = next((found for part in unlinked(modifier) if (found := lexicon.find(part))), None)
    if before is None:
        yield Item(token.text[: len(modifier)], modifier, {}, token.start)
    elif _motif(lexicon.find(head)) not in TREES:
        yield Item(token.text, modifier, before, token.start, modifier=True)
    elif _motif(before) in TREES:  # "Palmenbaum": a palm, and no other tree
        yield Item(token.text, modifier, before, token.start)
        return
    elif others := {kind: value for kind, value in before.items() if kind != "pictures"}:
        yield Item(token.text, modifier, others, token.start, modifier=True)  # of a "Zitronenbaum" no lemon
    yield Item(token.text, lexicon.lemma(head), lexicon.find(head), token.start, head in lexicon.lemmas)


def _motif(kinds: Mapping[str, str]) -> str:
    """The emoji that a word means, if it means one."""
    return kinds.get("pictures", "").rstrip("*")


def _place_within(word: str, lexicon: Lexicon) -> dict[str, str] | None:
    """The setting that starts a compound of which nothing else is known ("Waldtiere", "Strandkorb")."""
    for cut in range(len(word) - 4, 3, -1):
        for part in unlinked(word[:cut]):
            if setting := lexicon.find(part).get("settings"):
                return {"settings": setting}
    return None
