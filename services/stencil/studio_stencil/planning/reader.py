"""Puts the words of a brief together: counts, sizes and colours go to their thing, a "no" to what it refuses."""

import re
from collections.abc import Iterable, Sequence

from studio_contracts.reading import Reading, SubjectKind
from studio_stencil.planning.colour_words import family
from studio_stencil.planning.findings import Finding, Kind, sum_up
from studio_stencil.planning.items import CONTENT, LINKS, NOTHING, NOUNS, QUANTITIES, SHADES, SIZES, Given, Item
from studio_stencil.planning.lexicon import NOUNS_FIRST, emoji_names
from studio_stencil.planning.subjects import subject_of
from studio_stencil.planning.tokens import key_of
from studio_stencil.planning.unsold import meant_by

MOST = 999
SEAM = re.compile(r"[\s,.;:!?]*([,.;:!?])(?=\s)")
"""Marks and spaces that stand together where a refusal was left out."""
LIST_REACH = 8
"""How many words a list after "no" can have before its "or"."""


class Reader:
    """Reads the items of one brief in order."""

    def __init__(self, language: str, prompt: str, items: Sequence[Item]) -> None:
        self.language = language
        self.prompt = prompt
        self.items = items
        self.found: list[Finding] = []
        self.unknown: list[str] = []
        self.clause = 0
        self.only = False
        self.refusing = False
        self.refused_since = 0
        self.refusal_may_follow = False
        self.given = Given()
        self.waiting: list[Given] = []
        self.wanted: list[tuple[int, str]] = []
        """The brief's text outside refusals, each part with its clause."""

    def read(self) -> Reading:
        """The reading of all items."""
        for at, item in enumerate(self.items):
            self._read(at)
            if not (self.refusing or item.modifier):
                end = self.items[at + 1].start if at + 1 < len(self.items) else len(self.prompt)
                self.wanted.append((self.clause, self.prompt[item.start : end]))
        self._end_refusal()
        wanted = SEAM.sub(r"\1", "".join(text for _, text in self.wanted)).strip(" ,.;:")
        return sum_up(self.language, self.found, self.unknown, wanted)

    def _at(self, at: int) -> Item:
        return self.items[at] if 0 <= at < len(self.items) else NOTHING

    def _read(self, at: int) -> None:
        item, kinds = self.items[at], self.items[at].kinds
        if "break" in kinds:
            self._read_break(at)
        elif "not_negators" in kinds:
            return
        elif "negators" in kinds or "late_negators" in kinds:
            self._start_refusal(may_follow="late_negators" in kinds)
        elif "only" in kinds:
            self._read_only(at)
        elif "contrast" in kinds and self.refusing and len(self.found) > self.refused_since:
            self.refusing, self.given = False, Given()
        elif "also" in kinds:
            self._read_also(at)
        elif kinds.keys() & CONTENT:
            self._read_content(at)
        elif kinds.keys() & {"function", "contrast", "either"}:
            self.given = self.given if item.lemma in LINKS else Given()
        elif "undrawn" in kinds or (not kinds and len(item.text) > 1):
            self._read_unknown(item)

    def _read_break(self, at: int) -> None:
        comma = self.items[at].text == ","
        if comma and self.refusing and self._list_goes_on(at):
            return
        if comma and self.given.is_open and self._at(at + 1).kinds.keys() & {"colours", *SIZES}:
            return
        self._end_refusal()
        self.refusing = self.only = False
        self.given, self.waiting = Given(), []
        self.clause += not comma

    def _list_goes_on(self, at: int) -> bool:
        """Whether a comma within a refusal continues a list that ends with "or"."""
        for item in self.items[at + 1 : at + 1 + LIST_REACH]:
            if "either" in item.kinds:
                return True
            stops = item.kinds.keys() & {"contrast", "negators", "only", *QUANTITIES}
            if stops or ("break" in item.kinds and item.text != ","):
                return False
        return False

    def _start_refusal(self, may_follow: bool) -> None:
        self._end_refusal()
        self.refusing, self.refused_since, self.refusal_may_follow = True, len(self.found), may_follow
        self.only, self.given = False, Given()

    def _end_refusal(self) -> None:
        """A refusal that nothing follows, as with "nicht" or "not wanted", refuses what its clause named before."""
        if self.refusing and self.refusal_may_follow and len(self.found) == self.refused_since:
            self.wanted = [word for word in self.wanted if word[0] != self.clause]
            for finding in self.found:
                finding.refused = finding.refused or finding.clause == self.clause

    def _read_only(self, at: int) -> None:
        self._end_refusal()
        self.refusing, self.only = False, True
        if self.found and "colours" in self._at(at - 1).kinds:
            self.found[-1].only = True

    def _read_also(self, at: int) -> None:
        after = self._at(at + 1).kinds.keys()
        if self.refusing and after & {"contrast", "only", *QUANTITIES, *SIZES}:
            self.refusing = False
        if self.given.is_open:
            self.waiting.append(self.given)
            self.given = Given()
        elif not self.given.colours:
            self.given = Given()

    def _read_content(self, at: int) -> None:
        item, kinds = self.items[at], self.items[at].kinds
        if "colours" in kinds and not ("pictures" in kinds and self._is_thing(at)):
            self._read_colour(at)
        elif "letters" in kinds:
            self._add_subjects(item, None, "digits" if kinds["letters"] == "digits" else "letters", Given(several=True))
        elif "patterns" in kinds:
            self._note("pattern", kinds["patterns"], item)
            self.given = Given()
        elif "settings" in kinds or "pictures" in kinds:
            self._read_place_or_thing(at)
        elif "tones" in kinds:
            self._note("tone", kinds["tones"], item)
        elif size := next((size for size in SIZES if size in kinds), None):
            if not self._attach(at, "size", size):
                self.given = Given(self.given.count, self.given.several, self.given.article, size, self.given.colours)
        else:
            self._read_quantity(kinds)

    def _is_thing(self, at: int) -> bool:
        """Whether a word for a colour and a thing ("rose") means the thing: a number before it, no noun after it."""
        led = self._at(at - 1).kinds.keys() & QUANTITIES
        return bool(led) and not self._at(at + 1).kinds.keys() & NOUNS

    def _read_quantity(self, kinds: dict[str, str]) -> None:
        if "numbers" in kinds:
            number = int(kinds["numbers"]) if len(kinds["numbers"]) <= len(str(MOST)) else 0
            size, colours = self.given.size, self.given.colours
            self.given = Given(number or None, False, "determiners" in kinds, size, colours)
        elif "several" in kinds:
            self.given = Given(None, True, False, self.given.size, self.given.colours)
        else:
            self.given = Given(article=True)

    def _read_colour(self, at: int) -> None:
        item, value = self.items[at], self.items[at].kinds["colours"]
        hues = self.language == "en" and item.plural
        shades = any(self._at(before).lemma in SHADES or self._at(before).text in SHADES for before in (at - 1, at - 2))
        codes = family(value) if hues or shades else (value.rstrip("*"),)
        for code in codes:
            self._note("colour", code, item)
            self.found[-1].shades = family(value)
        self.found[-1].meant = meant_by(item.lemma) or meant_by(key_of(item.text))
        if not self.refusing and not self._attach(at, "colour", codes[0]):
            given = self.given
            self.given = Given(given.count, given.several, given.article, given.size, given.colours + codes)

    def _attach(self, at: int, name: str, value: str) -> bool:
        """Give an adjective to the thing just before it, where the language puts it there."""
        latest = next((finding for finding in reversed(self.found) if finding.subject), None)
        follows = self._at(at - 1).kinds.keys() & {"pictures", "colours", *SIZES}
        if self.language not in NOUNS_FIRST or latest is None or latest.subject is None or not follows:
            return False
        if latest.refused or getattr(latest.subject, name) is not None:
            return False
        latest.subject, latest.explicit = latest.subject.model_copy(update={name: value}), True
        return True

    def _read_place_or_thing(self, at: int) -> None:
        item, kinds = self.items[at], self.items[at].kinds
        if "settings" in kinds:
            self._note("setting", kinds["settings"], item)
        if "pictures" in kinds and not (item.modifier and "settings" in kinds) and not self._names_emoji(at):
            motifs = kinds["pictures"].split(" ")
            for motif in motifs:
                several = Given(several=True) if motif.endswith("*") else None
                self._add_subjects(item, motif.rstrip("*"), "thing", several or (self.given, Given())[item.modifier])
        if not item.modifier:
            self.given = Given()

    def _names_emoji(self, at: int) -> bool:
        """Whether a word only names the emoji just before it: "🩷 hearts" are hearts in pink, once."""
        item, emoji, names = self.items[at], self._at(at - 1), emoji_names()
        if not emoji.name or names[item.kinds["pictures"].split("*")[0]].split()[-1] != emoji.name.split()[-1]:
            return False
        finding = self.found[-1]
        if finding.subject is not None:
            update = {"word": f"{emoji.text} {item.text}", "count": None if item.plural else finding.subject.count}
            finding.subject = finding.subject.model_copy(update=update)
        return True

    def _add_subjects(self, item: Item, motif: str | None, kind: SubjectKind, given: Given) -> None:
        """A subject with what was given, after one for each description that waits for the same word."""
        for one in [*self.waiting, given]:
            subject = subject_of(self.language, item, motif, kind, one)
            if item.colour and not self.refusing:
                self._note("colour", item.colour, item)
                self.found[-1].shades = (item.colour,)
            self._note("subject", motif or kind, item)
            self.found[-1].subject = subject
            self.found[-1].explicit = bool((one.count and not one.article) or one.size or subject.colour)
        self.waiting = []

    def _read_unknown(self, item: Item) -> None:
        if self.refusing:
            self._note("unknown", item.text, item)
            return
        self.unknown.append(item.text)
        if self.given.count != 1 and self.language == "en" and item.lemma.endswith("s"):
            self.given = Given()

    def _note(self, kind: Kind, value: str, item: Item) -> None:
        self.found.append(Finding(kind, value, item.text, self.clause, self.refusing, self.only))


def read(language: str, prompt: str, items: Iterable[Item]) -> Reading:
    """The reading of a brief and its items in that language."""
    return Reader(language, prompt, tuple(items)).read()
