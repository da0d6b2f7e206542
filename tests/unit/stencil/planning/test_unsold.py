"""Colours that a brief names and nobody sells."""

import pytest

from studio_contracts.reading import UnsoldColour
from studio_stencil.planning.lexicon import LANGUAGES, load
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.tokens import key_of
from studio_stencil.planning.unsold import NAMES


@pytest.mark.parametrize(("colour", "names"), NAMES.items(), ids=NAMES)
def test_each_name_is_a_colour_word_that_briefs_are_read_by(colour: str, names: str) -> None:
    for name in names.split(", "):
        key = key_of(name)
        words = (key, *(load(language).lemma(key) for language in LANGUAGES))
        assert any("colours" in load(language).meanings.get(word, {}) for language in LANGUAGES for word in words), name


@pytest.mark.parametrize(
    ("brief", "unsold"),
    [
        ("a navy sea with a lilac fish", [("navy", "#01153e", "RH20"), ("lilac", "#cea2fd", "RH21")]),
        ("olivgrüne Schildkröten auf Anthrazit", [("olivgrüne", "#677a04", "RH10"), ("Anthrazit", "#343837", "RH60")]),
        ("un ciel bleu marine", [("bleu marine", "#01153e", "RH20")]),
        ("a blue sea and a green frog", []),
        ("a navy sea, navy waves", [("navy", "#01153e", "RH20")]),
        ("a sea, but no navy", []),
    ],
)
def test_the_reading_names_what_no_granule_has(brief: str, unsold: list[tuple[str, str, str]]) -> None:
    expected = tuple(UnsoldColour(word=word, hex=colour, code=code) for word, colour, code in unsold)
    assert read_brief(brief).unsold == expected
