"""Which edits of a concept can be asked for, and what they do to its colours and sides."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from studio_contracts.brief import Source
from studio_contracts.edits import Edit, EditError, Mirror, Recolour, Turn, codes_after, exchanges_sides

SIX = ("RH20", "RH22", "RH23", "RH26", "RH30", "RH31")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "recolour", "colour": "RH20", "to": "RH99"},
        {"kind": "recolour", "colour": "RH20", "to": "RH20"},
        {"kind": "recolour", "colour": "RH20", "to": "RH30", "at": [-1, 0]},
        {"kind": "recolour", "colour": "\ud800", "to": "RH30"},
        {"kind": "mirror", "swap": "both"},
        {"kind": "turn", "quarters": 4},
        {"kind": "paint"},
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Edit).validate_python(wrong)


def test_a_colour_exchanged_everywhere_is_gone_and_one_of_a_piece_stays() -> None:
    assert codes_after(("RH20", "RH30"), [Recolour(colour="RH20", to="RH31")]) == ("RH31", "RH30")
    assert codes_after(("RH20", "RH30"), [Recolour(colour="RH20", to="RH31", at=(5, 5))]) == ("RH20", "RH30", "RH31")
    assert codes_after(("RH20", "RH30"), [Recolour(colour="RH20", to="RH30")]) == ("RH30",)


def test_what_cannot_be_made_is_named_by_its_number() -> None:
    with pytest.raises(EditError, match="no RH41") as absent:
        codes_after(SIX, [Mirror(swap="left_right"), Recolour(colour="RH41", to="RH20")])
    assert absent.value.number == 1
    with pytest.raises(EditError, match="at most 6"):
        codes_after(SIX, [Recolour(colour="RH20", to="RH41", at=(1, 1))])
    assert codes_after(SIX, [Recolour(colour="RH20", to="RH41")])[0] == "RH41"


def test_odd_quarter_turns_exchange_the_sides() -> None:
    assert [exchanges_sides([Turn(quarters=count)]) for count in (1, 2, 3)] == [True, False, True]
    assert not exchanges_sides([Turn(quarters=1), Turn(quarters=3)])


def test_a_source_is_directions_or_a_concept_with_edits() -> None:
    Source(job="a", concept="0-0", edits=(Turn(quarters=1),))
    with pytest.raises(ValidationError, match="not both"):
        Source(job="a", directions=(0,), concept="0-0")
    with pytest.raises(ValidationError, match="name it"):
        Source(job="a", edits=(Turn(quarters=1),))
