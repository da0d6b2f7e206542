"""The word tables are what the command makes of the data."""

import tomllib

import pytest

from studio_contracts.palette import BY_CODE
from studio_contracts.reading import PatternWord, Tone
from studio_stencil.planning.build_lexicon import FINGERPRINT, WORDS, fingerprint, names
from studio_stencil.planning.lexicon import LANGUAGES, load
from studio_stencil.planning.themes import SETTINGS

LISTED = {language: tomllib.loads((WORDS / f"{language}.toml").read_text("utf-8")) for language in LANGUAGES}


def test_the_tables_are_current() -> None:
    made_from = FINGERPRINT.read_text("utf-8").strip()
    assert made_from == fingerprint(), "run: python -m studio_stencil.planning.build_lexicon"


@pytest.mark.parametrize("language", LANGUAGES)
def test_hand_kept_words_lead_to_things_that_exist(language: str) -> None:
    words = LISTED[language]
    assert set(words["colours"]) <= set(BY_CODE)
    assert set(words["tones"]) <= set(Tone.__args__)  # type: ignore[attr-defined]
    assert set(words["patterns"]) <= set(PatternWord.__args__)  # type: ignore[attr-defined]
    assert {char.rstrip("*") for motifs in words["pictures"] for char in motifs.split()} <= set(names("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_knows_each_colour_tone_and_pattern(language: str) -> None:
    english, words = LISTED["en"], LISTED[language]
    for table in ("colours", "tones", "patterns", "settings", "letters"):
        assert set(words[table]) == set(english[table]), table


def test_each_setting_has_colours_that_suit_it() -> None:
    assert set(LISTED["en"]["settings"]) <= set(SETTINGS)


@pytest.mark.parametrize(("language", "form", "lemma"), [
    ("en", "wolves", "wolf"), ("en", "mice", "mouse"), ("de", "wälder", "wald"), ("de", "waelder", "wald"),
    ("fr", "chevaux", "cheval"), ("es", "peces", "pez"), ("es", "arboles", "árbol"), ("it", "volpi", "volpe"),
])  # fmt: skip
def test_inflected_and_unaccented_forms_are_known(language: str, form: str, lemma: str) -> None:
    lexicon = load(language)
    assert lexicon.find(form) == lexicon.find(lemma) != {}
