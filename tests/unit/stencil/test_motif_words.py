import pytest

from studio_stencil.motifs.outlines import OUTLINES
from studio_stencil.planning.motif_words import default_motifs, find_motifs
from studio_stencil.planning.plan import choose_strategy
from studio_stencil.planning.scale import Strategy


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        ("three fish", [("fish", 3)]),
        ("3 big orange fish", [("fish", 3)]),
        ("Three large, friendly fish", [("fish", 3)]),
        ("a whale", [("whale", 1)]),
        ("an orca", [("whale", 1)]),
        ("fish", [("fish", None)]),
        ("stars", [("star", None)]),
        ("a few stars", [("star", None)]),
        ("a school of fish", [("fish", None)]),
        ("a pair of turtles", [("turtle", 2)]),
        ("two butterflies and a dozen daisies", [("butterfly", 2), ("flower", 12)]),
        ("a sea with fish", [("fish", None)]),
        ("autumn leaves on the ground", [("leaf", None)]),
        ("the sun, the moon and five stars", [("sun", 1), ("moon", 1), ("star", 5)]),
        ("stepping stones along stepping-stones", [("stepping stone", None)]),
        ("footprints to a sea shell", [("footprint", None), ("shell", 1)]),
        ("a spaceship", [("rocket", 1)]),
        ("0 rockets", [("rocket", None)]),
        ("sunset, starting, selfish, moonlight, rocketry", []),
    ],
)
def test_motifs_are_named_and_counted_as_the_brief_says(brief: str, expected: object) -> None:
    assert [(motif.kind, motif.number) for motif in find_motifs(brief)] == expected


@pytest.mark.parametrize("kind", OUTLINES)
def test_every_silhouette_can_be_asked_for(kind: str) -> None:
    assert [motif.kind for motif in find_motifs(f"a {kind}")] == [kind]
    assert [motif.kind for motif in default_motifs("nothing in particular")] == ["stepping stone"]


def test_a_named_motif_makes_the_strategy_even_beside_words_for_a_pattern() -> None:
    assert choose_strategy("fish in flowing bands") == (Strategy.MOTIF, "'fish' in the brief")


def test_waves_alone_are_bands_but_with_another_motif_are_drawn() -> None:
    assert choose_strategy("big waves")[0] is Strategy.BANDS
    assert choose_strategy("a wave and a whale")[0] is Strategy.MOTIF


def test_without_a_named_motif_the_theme_suggests_one() -> None:
    assert default_motifs("a deep ocean")[0].kind == "fish"
    assert default_motifs("woodlands")[0].kind == "leaf"
