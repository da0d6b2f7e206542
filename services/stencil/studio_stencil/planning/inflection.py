"""Inflected forms of words: from the dictionaries of `simplemma`, and by rule where those lack a word."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

from studio_stencil.planning.tokens import without_accents

PLURAL_ENDS = {"en": "s", "fr": "sx", "es": "s", "pt": "s", "it": "iea", "de": "ern", "nl": "ns"}
ROMANCE = frozenset({"fr", "es", "it", "pt"})
NO_NOUN = ("ng", "ed", "er", "st", "ly")
VOWELS = tuple("aeiouáéíóú")
RAISED = {"a": "ä", "o": "ö", "u": "ü"}


class Inflection:
    """The inflection of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.lemmas: dict[str, set[str]] = defaultdict(set)
        for form, lemma in DefaultDictionaryFactory().get_dictionary(language).items():
            self.lemmas[_text(form).casefold()].add(_text(lemma).casefold())

    def lemma(self, word: str, nouns: Collection[str]) -> str:
        """The singular of a plural. A word that only looks like a form of another ("dove", of "dive") stays.

        German dative plurals look like verbs to the dictionary ("Bergen"): they count where `nouns` has the singular.
        """
        if self.language == "de" and word.endswith("n") and {word[:-1], word[:-2]} & set(nouns):
            return next(noun for noun in (word[:-2], word[:-1]) if noun in nouns)
        if word[-1] in PLURAL_ENDS[self.language]:
            singulars = (one for one in sorted(self.lemmas[word]) if one[:2] == word[:2] and len(one) <= len(word))
            return next((one for one in singulars if one != word), word)
        return word

    def of_dictionary(self, lemmas: Iterable[str]) -> dict[str, str]:
        """Form → lemma for all forms the dictionary has of those."""
        wanted = frozenset(lemmas)
        pairs = ((form, lemma) for form, own in self.lemmas.items() for lemma in sorted(own & wanted))
        return {form: lemma for form, lemma in pairs if self._can_name(form, lemma)}

    def _can_name(self, form: str, lemma: str) -> bool:
        """Whether a form can be meant as the thing: not "fishing" for a fish."""
        if self.language == "en":
            return not form.endswith(NO_NOUN)
        if self.language in ROMANCE:
            return form[:2] == lemma[:2] and len(form) <= len(lemma) + 3
        return without_accents(form[:1]) == without_accents(lemma[:1])

    def plurals(self, noun: str) -> Iterator[str]:
        """Regular plurals; in German all that a noun of that shape might have."""
        if self.language == "en" and noun.endswith(("s", "x", "z", "ch", "sh")):
            yield noun + "es"
        elif self.language == "en" and noun.endswith("y") and not noun[:-1].endswith(VOWELS):
            yield noun[:-1] + "ies"
        elif self.language == "es" and not noun.endswith(VOWELS):
            yield noun + "es"
        elif self.language in ("en", "fr", "es", "pt"):
            yield noun + "s"
        elif self.language == "de":
            yield from (noun + end for end in ("e", "n", "en", "s"))
            yield from (with_umlaut(noun) + end for end in ("", "e", "er"))

    def of_adjective(self, word: str) -> Iterator[str]:
        """The endings of a German adjective."""
        if self.language == "de" and not word.endswith(("a", "e")):
            yield from (word + end for end in ("e", "en", "er", "es", "em"))

    def as_typed(self, word: str) -> Iterator[str]:
        """Spellings without accents."""
        yield without_accents(word)
        if self.language == "de":
            yield word.translate(SPELLED_OUT)


SPELLED_OUT: Mapping[int, str] = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def with_umlaut(word: str) -> str:
    """A German word with its last a, o or u raised, as in many plurals ("Wald", "Wälder")."""
    at = max(word.rfind(vowel) for vowel in RAISED)
    at -= at > 0 and word[at - 1 : at + 1] == "au"
    return word[:at] + RAISED[word[at]] + word[at + 1 :] if at >= 0 else word


def _text(word: str | bytes) -> str:
    return word.decode() if isinstance(word, bytes) else word
