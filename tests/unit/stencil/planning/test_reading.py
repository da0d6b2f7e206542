"""A brief is read as a person reads it: a corpus in seven languages, properties, and what the data promises."""

import statistics
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_contracts.reading import Subject
from studio_stencil.planning.lexicon import LANGUAGES, load
from studio_stencil.planning.reading import read_brief

CORPUS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("briefs.toml").read_text("utf-8"))["brief"]
DEFAULTS: dict[str, Any] = {"language": "en", "only_colours": False}
PRECEDED = {
    "en": "a {} in a meadow",
    "de": "ein {} auf der Wiese",
    "fr": "un {} dans la prairie",
    "es": "un {} en el prado",
}
ANIMALS = range(0x1F400, 0x1F440)


def _shown(subject: Subject) -> str:
    count = "*" if subject.count is None else str(subject.count)
    return " ".join(filter(None, (subject.motif or subject.kind, count, subject.size, subject.colour)))


@pytest.mark.parametrize("brief", CORPUS, ids=lambda brief: brief["text"])
def test_a_brief_is_read_as_a_person_reads_it(brief: dict[str, Any]) -> None:
    reading = read_brief(brief["text"])
    read = {
        "language": reading.language,
        "subjects": [_shown(subject) for subject in reading.subjects],
        "setting": list(reading.setting),
        "patterns": list(reading.patterns),
        "colours": list(reading.colours),
        "only_colours": reading.only_colours,
        "tones": list(reading.tones),
        "refused": list(reading.refused_subjects),
        "refused_colours": list(reading.refused_colours),
        "not_understood": list(reading.not_understood),
    }
    assert read == {name: brief.get(name, DEFAULTS.get(name, [])) for name in read}


def test_the_corpus_has_at_least_four_languages_and_sixty_briefs() -> None:
    assert len(CORPUS) >= 64
    assert len({brief.get("language", "en") for brief in CORPUS}) >= 4


@pytest.mark.parametrize("brief", CORPUS, ids=lambda brief: brief["text"])
def test_nothing_that_was_refused_is_wanted(brief: dict[str, Any]) -> None:
    reading = read_brief(brief["text"])
    assert not {subject.motif for subject in reading.subjects} & set(reading.refused_motifs)
    assert not set(reading.colours) & set(reading.refused_colours)
    assert not set(reading.patterns) & set(reading.refused_patterns)


@pytest.mark.parametrize("language", PRECEDED)
def test_things_that_have_an_emoji_are_found_by_their_name(language: str) -> None:
    names = [
        (phrase, meanings["pictures"])
        for phrase, meanings in load(language).meanings.items()
        if "pictures" in meanings and len(meanings["pictures"]) == 1 and ord(meanings["pictures"]) in ANIMALS
    ]
    found = [motif in {s.motif for s in read_brief(PRECEDED[language].format(name)).subjects} for name, motif in names]
    assert len(names) > 60
    assert statistics.mean(found) >= 0.95


@pytest.mark.parametrize("language", PRECEDED)
def test_a_thing_refused_by_name_is_never_drawn(language: str) -> None:
    without = {"en": "waves without {}", "de": "Wellen ohne {}", "fr": "vagues sans {}", "es": "olas sin {}"}
    names = [key for key, meanings in load(language).meanings.items() if "pictures" in meanings]
    assert not [name for name in names[::3] if read_brief(without[language].format(name)).subjects]


@given(st.text(max_size=2000))
@settings(max_examples=300)
def test_any_text_can_be_read(text: str) -> None:
    read_brief(text)


WORDS = sorted({word for language in LANGUAGES for word in list(load(language).meanings)[::7]})


@given(st.lists(st.sampled_from([*WORDS, ",", ".", ";", "🐋", "🩷", "3", "999999"]), max_size=60).map(" ".join))
@settings(max_examples=300)
def test_known_words_in_any_order_can_be_read(text: str) -> None:
    reading = read_brief(text)
    assert all(subject.count is None or subject.count > 0 for subject in reading.subjects)


def test_the_longest_brief_is_read_to_its_end() -> None:
    text = ("a calm meadow with flowers and paths, " * 60)[:1980] + " two hedgehogs"
    assert ("🦔", 2) in {(subject.motif, subject.count) for subject in read_brief(text).subjects}


@pytest.mark.parametrize(
    ("brief", "wanted"),
    [
        ("a pond mark3x", "a pond mark3x"),
        ("no fish please, only waves", "only waves"),
        ("a whale, without sharks, in the sea; no red", "a whale, in the sea"),
        ("Dogs are not allowed, we want cats", "we want cats"),
        ("a fish-free pond with frogs", "a pond with frogs"),
        ("Harry's 2-storey house, no cars, with trees", "Harry's 2-storey house, with trees"),
    ],
)
def test_what_is_wanted_is_the_brief_without_its_refusals(brief: str, wanted: str) -> None:
    assert read_brief(brief).wanted == wanted


@pytest.mark.parametrize(
    ("brief", "motif"),
    [
        ("ein Zitronenbaum", "🌳"),
        ("der Olivenbaum im Park", "🌳"),
        ("ein Palmenbaum", "🌴"),
        ("Igel mit Apfelbaum", "🌳"),
    ],
)
def test_the_tree_of_a_fruit_is_one_tree(brief: str, motif: str) -> None:
    reading = read_brief(brief)
    assert [subject.motif for subject in reading.subjects if subject.motif != "🦔"] == [motif]
    assert reading.not_understood == ()
