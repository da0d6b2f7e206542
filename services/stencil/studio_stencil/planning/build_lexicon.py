"""Writes the lexicon: what words mean, in each language, as tables that are read at run time.

    python -m studio_stencil.planning.build_lexicon

Names of things come from the Unicode CLDR names that the `emoji` package carries, their inflected forms from the
dictionaries of `simplemma`, and all other words from words/*.toml. Both packages are needed here and in tests only.
"""

import hashlib
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import emoji

from studio_stencil.planning.inflection import Inflection
from studio_stencil.planning.tokens import key_of, split

WORDS = Path(__file__).with_name("words")
LEXICON = Path(__file__).with_name("lexicon")
FINGERPRINT = LEXICON / "made-from.sha256"
LISTS = ("function", "neutral", "undrawn", "negators", "late_negators", "not_negators", "only", "contrast", "either",
         "also", "several", "determiners", "same_plural", "small", "medium", "large")  # fmt: skip
TABLES = ("tones", "colours", "settings", "patterns", "letters", "pictures")
NOUNS = frozenset({"pictures", "settings", "patterns"})
ADJECTIVES = frozenset({"colours", "tones"})
INFLECTED = NOUNS | ADJECTIVES | {"letters", "neutral", "undrawn", "small", "large"}
NAMED_LANGUAGES = frozenset({"en", "de", "fr", "es", "it", "pt"})
"""Those of ours that the data has names in."""

NOT_THINGS = re.compile(
    r"\b(?:face|faces|button|arrow|sign|mark|o'clock|thirty|keycap|medal|flag:|square|circle|diamond|hand|hands|finger|"
    r"fingers|fist|thumbs|person|people|man|men|woman|women|boy|girl|baby|child|adult|couple|family|kiss|heart with|"
    r"hair|beard|skin|input|banknote|chart|silhouette|symbol|Japanese|trigram|yen|dollar|currency|squared|no|"
    r"non-potable|mailbox|envelope|folder|clock|hourglass|genie|speaker|book|books|monkey|biceps|foot|ear|nose|eyes|"
    r"eye|mouth|lips|tongue|tooth|bone|lungs|leg|brain|Aries|Taurus|Gemini|Cancer|Leo|Virgo|Libra|Scorpio|"
    r"Sagittarius|Capricorn|Aquarius|Pisces|Ophiuchus|exclamation|question|asterisk|star of David|Om|suit|"
    r"playing cards|dominoes|control|claim|customs|restroom|closet|prohibited|shibuya|elevator)\b",
    re.IGNORECASE,
)
THINGS_ALL_THE_SAME = frozenset("🐵🐒🐱🐶🌝🌞👻🤖🧞⏳📚🦴🐚👣🐾") | {
    "🕰️",
    "❤️",
    "🐻‍❄️",
    "🐦‍⬛",
    "🐦‍🔥",
    "🍋‍🟩",
    "🏴‍☠️",
    "🍄‍🟫",
    "🐕‍🦺",
}
ROLES = frozenset("🧜🧚🧝🧙🦸🧛🧟👸🤴🎅🧌🥷") | {"🧑‍🚀", "🧜‍♀️"}
STAMPS = frozenset("💮🉐㊙㊗🈴")
WRAPPERS = {
    "en": (r"^(.+) face$",),
    "de": (r"^(.+?)(?:n|en|s)?gesicht$", r"^(.+)kopf$"),
    "fr": (r"^(?:visage|tête|face) d[e'] ?(.+)$",),
    "es": (r"^cara de (.+)$", r"^cabeza de (.+)$"),
    "it": (r"^(?:muso|faccina|testa|faccia) d[i'] ?(.+)$",),
    "pt": (r"^(?:rosto|cara) de (.+)$",),
}
CHIEF_WORD_LAST = frozenset({"en", "de", "nl"})
COMPLEMENT = re.compile(r" (?:with|and|of|mit|und|von|im|in|auf|à|avec|et|au|con|y|a|com|e|che|qui|que|no|em) .*")
VARIANT_ALIAS = re.compile(r"\d|right|left|down|up|front|side|red_car|blue_car")
NEWEST = 17
"""The version of Unicode's emoji that open sets of drawings have caught up with."""


@cache
def names(language: str) -> dict[str, str]:
    """The name of every emoji in a language that the data has names in."""
    folder = Path(emoji.__file__).with_name("unicode_codes")
    own = {} if language == "en" else json.loads((folder / f"emoji_{language}.json").read_text(encoding="utf-8"))
    found = {}
    for char, data in emoji.EMOJI_DATA.items():
        name = data["en"] if language == "en" else own.get(char)
        if name and _is_base(char, data):
            found[char] = name.strip(":").replace("_", " ").replace("\u2019", "'")
    return found


def _is_base(char: str, data: Mapping[str, Any]) -> bool:
    """Fully qualified, no skin tone, no flag of a country."""
    toned = any(0x1F3FB <= ord(part) <= 0x1F3FF for part in char)
    return data["status"] == emoji.STATUS["fully_qualified"] and not toned and not 0x1F1E6 <= ord(char[0]) <= 0x1F1FF


@cache
def pictured() -> frozenset[str]:
    """Emoji that picture a thing one can lay on the ground: no faces, hands, people, signs or flags."""
    english = names("en")
    drawn = {char for char in english if emoji.EMOJI_DATA[char]["E"] <= NEWEST}
    things = {char for char in drawn if not NOT_THINGS.search(english[char]) and "\u200d" not in char}
    return frozenset((things | THINGS_ALL_THE_SAME | ROLES) - STAMPS) & english.keys()


class Builder:
    """Collects the rows of one language: (kind, phrase) → value."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.words: dict[str, Any] = tomllib.loads((WORDS / f"{language}.toml").read_text(encoding="utf-8"))
        self.inflection = Inflection(language)
        self.rows: dict[tuple[str, str], str] = {}

    def build(self) -> str:
        """The whole table, as tab-separated lines: kind, phrase, value."""
        self._add_own_words()
        if self.language in NAMED_LANGUAGES:
            self._add_names()
        self._add_forms()
        return "".join(f"{kind}\t{key}\t{value}\n" for (kind, key), value in sorted(self.rows.items()))

    def _add(self, kind: str, phrase: str, value: str = "") -> None:
        """One row, if no earlier one says what that phrase means as that kind."""
        if key := key_of(phrase):
            self.rows.setdefault((kind, key), value)

    def _add_own_words(self) -> None:
        for kind in LISTS:
            for phrase in listed(self.words.get(kind, "")):
                self._add(kind, phrase)
        for number, spellings in enumerate(listed(self.words["numbers"]), 1):
            for word in spellings.split():
                self._add("numbers", word, str(number))
        for kind in TABLES:
            for value, phrases in self.words[kind].items():
                for phrase in listed(phrases):
                    self._add(kind, phrase.rstrip("*"), value + "*" * phrase.endswith("*"))

    def _add_names(self) -> None:
        """The data's names; and shorter words for a picture, where they mean no other."""
        blocked = {key_of(phrase) for phrase in listed(self.words["not_pictures"] + "," + self.words["function"])}
        shorter: dict[str, set[str]] = defaultdict(set)
        for char, name in names(self.language).items():
            if char not in pictured():
                continue
            for variant in variants(name):
                key = key_of(variant)
                if key not in blocked and ("negators", key.split(" ")[0]) not in self.rows:
                    self._add("pictures", variant, char)
            for word in self._shorter(char, name):
                shorter[word].add(char)
        known = {key for _, key in self.rows}
        known |= blocked | {form for key in known if " " not in key for form in self.inflection.plurals(key)}
        for word, chars in shorter.items():
            if len(chars) == 1 and len(word) > 2 and not ({word} | self.inflection.lemmas[word]) & known:
                self._add("pictures", word, *chars)

    def _shorter(self, char: str, name: str) -> Iterator[str]:
        """The chief word of a name, what a wrapper hides ("cat face"), and in English the short codes."""
        for variant in variants(name):
            words = [token.key for token in split(COMPLEMENT.sub("", variant)) if token.is_word]
            if len(words) > 1:
                yield words[-1 if self.language in CHIEF_WORD_LAST else 0]
            for wrapper in WRAPPERS[self.language]:
                if match := re.match(wrapper, variant):
                    yield key_of(match[1])
        if self.language == "en":
            aliases = (alias for alias in emoji.EMOJI_DATA[char].get("alias", ()) if not VARIANT_ALIAS.search(alias))
            yield from (key_of(alias.strip(":").replace("_", " ")) for alias in aliases)

    def _add_forms(self) -> None:
        """Every inflected form of every content word, and the uninflected spelling of every phrase."""
        content = {word for (kind, key) in self.rows if kind in INFLECTED for word in key.split()}
        fixed = {word for (kind, key) in self.rows if kind not in INFLECTED for word in key.split()}
        nouns = {word for (kind, key) in self.rows if kind in NOUNS for word in key.split()}
        lemma_of = {word: self.inflection.lemma(word, nouns) for word in content - fixed}
        lemmas = set(lemma_of.values())
        forms = self.words.get("forms", {}) | lemma_of | self._inflected(lemmas)
        for word in sorted(content | forms.keys()):
            for typed in self.inflection.as_typed(word):
                forms.setdefault(typed, forms.get(word, word))
        forms |= self.words.get("forms", {})
        for form, lemma in forms.items():
            if form != lemma and form not in fixed | lemmas:
                self.rows["form", form] = lemma
        for (kind, key), value in list(self.rows.items()):
            if kind in INFLECTED:
                self._add(kind, " ".join(self.rows.get(("form", word), word) for word in key.split()), value)

    def _inflected(self, lemmas: set[str]) -> dict[str, str]:
        nouns = {key.split()[-1] for (kind, key) in self.rows if kind in NOUNS} & lemmas
        adjectives = {key for (kind, key) in self.rows if kind in ADJECTIVES} & lemmas
        by_rule = {form: noun for noun in sorted(nouns) for form in self.inflection.plurals(noun)}
        by_rule |= {form: word for word in sorted(adjectives) for form in self.inflection.of_adjective(word)}
        return by_rule | self.inflection.of_dictionary(lemmas)


def listed(phrases: str) -> list[str]:
    """The phrases of a comma-separated list."""
    return [phrase.strip() for phrase in phrases.split(",") if phrase.strip()]


def variants(name: str) -> Iterator[str]:
    """Readings of a name with brackets or a slash: "Elf(e)", "Bauer/Bäuerin", "fermier (tous genres)"."""
    yield from (part.strip() for part in re.sub(r"\s*\([^)]*\)", "", name).split("/"))
    if re.search(r"\w\(\w+\)$", name):
        yield re.sub(r"[()]", "", name)


def emoji_table() -> str:
    """Every emoji and its English name: a brief may hold emoji themselves, and image models read English."""
    own = tomllib.loads((WORDS / "en.toml").read_text(encoding="utf-8"))["names"]
    return "".join(f"{char}\t{own.get(char, name).lower()}\n" for char, name in sorted(names("en").items()))


def files() -> Iterator[tuple[Path, str]]:
    """Each file of the lexicon and what it is to hold."""
    for words in sorted(WORDS.glob("*.toml")):
        yield LEXICON / f"{words.stem}.tsv", Builder(words.stem).build()
    yield LEXICON / "emoji.tsv", emoji_table()


def fingerprint() -> str:
    """A hash of what the lexicon is made from and of what was made: compared, because building it takes 20 s."""
    here = Path(__file__)
    made_by = (here, here.with_name("inflection.py"), here.with_name("tokens.py"))
    found = hashlib.sha256(f"emoji {version('emoji')}, simplemma {version('simplemma')}".encode())
    for path in (*made_by, *sorted(WORDS.glob("*.toml")), *sorted(LEXICON.glob("*.tsv"))):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def main() -> None:
    """Write all files, and their fingerprint."""
    LEXICON.mkdir(exist_ok=True)
    for path, text in files():
        path.write_text(text, encoding="utf-8")
    FINGERPRINT.write_text(fingerprint() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
