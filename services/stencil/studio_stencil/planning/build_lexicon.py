"""Writes the lexicon: what words mean, in each language, as tables that are read at run time.

    python -m studio_stencil.planning.build_lexicon

Names of things come from the Unicode CLDR names that the `emoji` package carries, their inflected forms from the
dictionaries of `simplemma`, and all other words from words/*.toml. Both packages are needed here and in tests only.
"""

import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import emoji
from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

from studio_stencil.planning.tokens import fold, key_of, split, without_accents

WORDS = Path(__file__).with_name("words")
LEXICON = Path(__file__).with_name("lexicon")
LISTS = ("function", "neutral", "negators", "late_negators", "not_negators", "only", "contrast", "either", "also",
         "several", "determiners", "same_plural", "small", "medium", "large")  # fmt: skip
TABLES = ("tones", "colours", "settings", "patterns", "letters", "pictures")
INFLECTED = ("colours", "settings", "patterns", "letters", "pictures", "tones", "neutral", "small", "large")

NOT_THINGS = re.compile(
    r"\b(?:face|faces|button|arrow|sign|mark|o'clock|thirty|keycap|medal|flag:|square|circle|diamond with|diamond|hand|"
    r"hands|finger|fingers|fist|thumbs|person|people|man|men|woman|women|boy|girl|baby|child|adult|couple|family|kiss|"
    r"heart with|hair|beard|skin|input|banknote|chart|silhouette|symbol|Japanese|trigram|yen|dollar|currency|squared|"
    r"no|non-potable|mailbox|envelope|folder|clock|hourglass|genie|speaker|bell with|book|books|monkey|biceps|foot|"
    r"ear|nose|eyes|eye|mouth|lips|tongue|tooth|bone|lungs|leg|brain|Aries|Taurus|Gemini|Cancer|Leo|Virgo|Libra|"
    r"Scorpio|Sagittarius|Capricorn|Aquarius|Pisces|Ophiuchus|exclamation|question|asterisk|star of David|Om|suit|"
    r"playing cards|dominoes|control|claim|customs|restroom|closet|prohibited|shibuya|elevator|moon symbol)\b",
    re.IGNORECASE,
)
STILL_THINGS = frozenset("🐵 🙈 🙉 🙊 🐒 🐱 🐶 🌝 🌞 👻 🤖 🧞 🕰️ ⏳ 📚 🦴 🐚 👁️".split()) - {"🙈", "🙉", "🙊"}
ROLES = {"🧑‍🚀", "🧜‍♀️", "🧜", "🧚", "🧝", "🧙", "🦸", "🧛", "🧟", "👸", "🤴", "🎅", "🧌", "🥷"}
WRAPPERS = {
    "en": (r"^(.+) face$",),
    "de": (r"^(.+?)(?:n|en|s)?gesicht$", r"^(.+)kopf$"),
    "fr": (r"^(?:visage|tête|face) d[e'] ?(.+)$",),
    "es": (r"^cara de (.+)$", r"^cabeza de (.+)$"),
    "it": (r"^(?:muso|faccina|testa|faccia) d[i'] ?(.+)$",),
    "pt": (r"^(?:rosto|cara) de (.+)$",),
}
HEAD_LAST = frozenset({"en", "de", "nl"})
LINKS = re.compile(r" (?:with|and|of|mit|und|von|im|in|auf|à|avec|et|au|con|y|a|com|e|che|qui|que|no|em) .*")


def names(language: str) -> dict[str, str]:
    """The name of each emoji that pictures a thing, where the data has one; plain spaces for underscores."""
    field = json.loads((Path(emoji.__file__).parent / f"unicode_codes/emoji_{language}.json").read_text()) if language != "en" else {}
    found = {}
    for char, data in emoji.EMOJI_DATA.items():
        name = data["en"] if language == "en" else field.get(char)
        if name and is_base(char, data):
            found[char] = name.strip(":").replace("_", " ").replace("\u2019", "'")
    return found


def is_base(char: str, data: Mapping[str, Any]) -> bool:
    """Fully qualified, no skin tone, no flag of a country."""
    toned = any(0x1F3FB <= ord(part) <= 0x1F3FF for part in char)
    return data["status"] == emoji.STATUS["fully_qualified"] and not toned and not 0x1F1E6 <= ord(char[0]) <= 0x1F1FF


def pictured() -> set[str]:
    """Emoji that picture a thing one can lay on the ground: no faces, hands, people, signs or flags."""
    english = names("en")
    things = {char for char, name in english.items() if not NOT_THINGS.search(name) and "\u200d" not in char}
    joined = {"🐻‍❄️", "🐦‍⬛", "🐦‍🔥", "🍋‍🟩", "🏴‍☠️", "🍄‍🟫", "🐕‍🦺"}
    return (things | STILL_THINGS | ROLES | joined | {"❤️", "👣", "🐾"}) & set(english)


class Builder:
    """Collects the rows of one language."""

    def __init__(self, language: str, inflect: Mapping[str, str]) -> None:
        self.language = language
        self.words: dict[str, Any] = tomllib.loads((WORDS / f"{language}.toml").read_text(encoding="utf-8"))
        self.inflect = inflect
        self.rows: dict[tuple[str, str], str] = {}
        self.function = set(phrases(self.words["function"]))

    def add(self, kind: str, phrase: str, value: str) -> None:
        """One row, if no earlier one says what that phrase means as that kind."""
        if key := key_of(phrase):
            self.rows.setdefault((kind, key), value)

    def collect(self, things: set[str]) -> None:
        """All rows but the inflected forms: hand-kept words first, then the names from data."""
        for kind in LISTS:
            for phrase in phrases(self.words.get(kind, "")):
                self.add(kind, phrase, "")
        for number, spellings in enumerate(phrases(self.words["numbers"]), 1):
            for word in spellings.split():
                self.add("numbers", word, str(number))
        for kind in TABLES:
            for value, spelled in self.words[kind].items():
                for phrase in phrases(spelled):
                    self.add(kind, phrase.rstrip("*"), value + "*" * phrase.endswith("*"))
        if self.language != "nl":
            self.add_names(things)

    def add_names(self, things: set[str]) -> None:
        """The data's names; what a wrapper hides ("cat face"); and the chief word where one picture alone has it."""
        blocked = {key_of(phrase) for phrase in phrases(self.words.get("not_pictures", ""))} | self.function
        own = {char: name for char, name in names(self.language).items() if char in things}
        heads: dict[str, list[str]] = defaultdict(list)
        for char, name in own.items():
            for variant in variants(name):
                if key_of(variant) not in blocked:
                    self.add("pictures", variant, char)
                for pattern in WRAPPERS.get(self.language, ()):
                    if match := re.match(pattern, variant):
                        heads[key_of(match[1])].append(char)
                heads[head(variant, self.language)].append(char)
        if self.language == "en":
            for char in own:
                for alias in emoji.EMOJI_DATA[char].get("alias", ()):
                    if not re.search(r"\d|right|left|down|up|front|side", alias):
                        heads[key_of(alias.strip(":").replace("_", " "))].append(char)
        known = {key for _, key in self.rows}
        known |= blocked | {plural for key in known if " " not in key for plural in plurals(key, self.language)}
        for word, chars in heads.items():
            if len(set(chars)) == 1 and len(word) > 2 and not {word, self.inflect.get(word, word)} & known:
                self.add("pictures", word, chars[0])

    def add_forms(self) -> None:
        """Every inflected form of every content word, and spellings without accents."""
        vocabulary = {word for (kind, key) in self.rows if kind in INFLECTED for word in key.split()}
        fixed = {word for (kind, key) in self.rows if kind not in INFLECTED for word in key.split()} | self.function
        lemma_of = {}
        for word in vocabulary - fixed:
            lemma = self.inflect.get(word, word)
            lemma_of[word] = lemma if self.is_plural(word, lemma) else word
        lemmas = set(lemma_of.values())
        forms = {form: lemma for form, lemma in self.inflect.items() if lemma in lemmas and self.is_form(form, lemma)}
        forms |= {word: lemma for word, lemma in lemma_of.items() if word != lemma}
        nouns = {key.split()[-1] for (kind, key) in self.rows if kind in ("pictures", "settings", "patterns")}
        adjectives = {key for (kind, key) in self.rows if kind in ("colours", "tones")}
        if self.language == "de":
            for word in adjectives & lemmas:
                forms |= {word + end: word for end in ("e", "en", "er", "es", "em") if word[-1] not in "ae"}
        for lemma in lemmas & nouns:
            for plural in plurals(lemma, self.language):
                forms.setdefault(plural, lemma)
        for word in [*vocabulary, *forms]:
            if (plain := without_accents(word)) != word and plain not in vocabulary:
                forms.setdefault(plain, forms.get(word, word))
            if self.language == "de" and (spelled := umlauts(word)) != word:
                forms.setdefault(spelled, forms.get(word, word))
        forms |= self.words.get("forms", {})
        for form, lemma in forms.items():
            if form != lemma and form not in fixed and form not in lemmas:
                self.rows["form", form] = lemma
        for (kind, key), value in list(self.rows.items()):
            if kind in INFLECTED:
                self.add(kind, " ".join(self.rows.get(("form", word), word) for word in key.split()), value)

    def is_plural(self, word: str, lemma: str) -> bool:
        """Whether the data's name is a plural of that lemma, and not another word that looks like it."""
        ends = {"en": "s", "fr": "sx", "es": "s", "pt": "s", "it": "iea", "de": "ern", "nl": "ns"}[self.language]
        return word != lemma and word[-1] in ends and lemma[:3] == word[:3] and len(lemma) <= len(word)

    def is_form(self, form: str, lemma: str) -> bool:
        """Whether a form can be meant as the thing: not "fishing" for a fish."""
        if self.language == "en":
            return form.endswith("s") or form[-2:] not in ("ng", "ed", "er", "st") and not form.endswith("ly")
        if self.language in ("fr", "es", "it", "pt"):
            return form[:2] == lemma[:2] and len(form) <= len(lemma) + 3
        return form[:1] == without_accents(lemma)[:1] or form[:1] == lemma[:1]


def phrases(listed: str) -> list[str]:
    """The phrases of a comma-separated list."""
    return [phrase.strip() for phrase in listed.split(",") if phrase.strip()]


def variants(name: str) -> Iterator[str]:
    """Readings of a name with brackets or a slash: "Elf(e)", "Bauer/Bäuerin", "fermier (tous genres)"."""
    plain = re.sub(r"\s*\([^)]*\)", "", name)
    yield from (part.strip() for part in plain.split("/"))
    if re.search(r"\w\(\w+\)$", name):
        yield re.sub(r"[()]", "", name)


def head(name: str, language: str) -> str:
    """The chief word of a name: the last in Germanic languages, the first in Romance ones."""
    words = [token.key for token in split(LINKS.sub("", name)) if token.is_word]
    return words[-1 if language in HEAD_LAST else 0] if len(words) > 1 else ""


def plurals(word: str, language: str) -> Iterator[str]:
    """Regular plurals, for words that the dictionaries lack."""
    if language == "en":
        if word.endswith(("s", "x", "z", "ch", "sh")):
            yield word + "es"
        elif word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
            yield word[:-1] + "ies"
        else:
            yield word + "s"
    elif language == "de":
        raised = umlauted(word)
        yield from (word + end for end in ("e", "n", "en", "s"))
        yield from (raised + end for end in ("", "e", "er"))
    elif language in ("fr", "es", "pt"):
        yield word + ("es" if language == "es" and word[-1:] not in tuple("aeiouáéíóú") else "s")


def umlauted(word: str) -> str:
    """A German word with its last a, o or u raised, as in many plurals ("Wald", "Wälder")."""
    at = max(word.rfind(vowel) for vowel in "aou")
    at -= at > 0 and word[at - 1 : at + 1] == "au"
    return word[:at] + {"a": "ä", "o": "ö", "u": "ü"}[word[at]] + word[at + 1 :] if at >= 0 else word


def umlauts(word: str) -> str:
    """A German word typed without umlauts."""
    return word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")


def dictionary(language: str) -> dict[str, str]:
    """Inflected form → lemma, both folded."""
    entries = DefaultDictionaryFactory().get_dictionary(language)
    text = ((_text(form), _text(lemma)) for form, lemma in entries.items())
    return {fold(form): fold(lemma) for form, lemma in text}


def _text(word: str | bytes) -> str:
    return word.decode() if isinstance(word, bytes) else word


def lexicon(language: str) -> str:
    """The whole table of one language, as tab-separated lines: kind, phrase, value."""
    builder = Builder(language, dictionary(language))
    builder.collect(pictured())
    builder.add_forms()
    return "".join(f"{kind}\t{key}\t{value}\n" for (kind, key), value in sorted(builder.rows.items()))


def emoji_names() -> str:
    """Every emoji and its English name: a brief may hold emoji themselves, and image models read English."""
    own = tomllib.loads((WORDS / "en.toml").read_text(encoding="utf-8"))["names"]
    return "".join(f"{char}\t{own.get(char, name).lower()}\n" for char, name in sorted(names("en").items()))


def files() -> Iterator[tuple[Path, str]]:
    """Each file of the lexicon and what it is to hold."""
    for words in sorted(WORDS.glob("*.toml")):
        yield LEXICON / f"{words.stem}.tsv", lexicon(words.stem)
    yield LEXICON / "emoji.tsv", emoji_names()


def main() -> None:
    """Write all files."""
    LEXICON.mkdir(exist_ok=True)
    for path, text in files():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
