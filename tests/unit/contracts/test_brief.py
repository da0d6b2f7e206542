"""Every limit of a brief, at its edge and beyond it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from studio_contracts.brief import MAX_SEED, Brief
from studio_contracts.palette import PALETTE
from studio_contracts.text import to_line

SIX = [colour.code for colour in PALETTE[:6]]

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

GOOD: dict[str, dict[str, Any]] = {
    "longest prompt": {"prompt": "x" * 2000},
    "any language": {"prompt": "Meeresbrandung, 海の波, أمواج"},
    "emoji joined": {
        "prompt": "a family \U0001f468\u200d\U0001f469\u200d\U0001f467 by the sea, \u2764\ufe0f\u200d\U0001f525"
    },
    "emoji younger than the interpreter": {"prompt": "\U0001fa77 hearts and \U0001fadf"},
    "the flag of England": {"prompt": f"{ENGLAND} football"},
    "a character not yet assigned": {"prompt": "waves \U0001fbff \ue000"},
    "script with joiners": {"prompt": "क्‍ष और मी‌خواهم"},
    "smallest count": {"count": 1},
    "largest count": {"count": 12},
    "longest surface": {"surface": {"width_m": 100, "height_m": 5}},
    "smallest surface": {"surface": {"width_m": 0.5, "height_m": 0.5}},
    "six colours": {"palette": SIX},
    "no colours": {"palette": None},
    "smallest seed": {"seed": 0},
    "largest seed": {"seed": MAX_SEED},
    "playful": {"style": "playful"},
    "geometric": {"style": "geometric"},
    "strategy": {"strategy": "voronoi"},
    "draft": {"kind": "draft"},
    "from": {"from": {"job": "a", "directions": [2, 0]}},
}

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "empty prompt": ({"prompt": ""}, "prompt", "string_too_short"),
    "blank prompt": ({"prompt": " \n\t "}, "prompt", "nothing_to_see"),
    "prompt of 2001": ({"prompt": "x" * 2001}, "prompt", "string_too_long"),
    "prompt with NUL": ({"prompt": "waves\0"}, "prompt", "control_character"),
    "prompt with escape": ({"prompt": "\x1b[31mwaves"}, "prompt", "control_character"),
    "prompt with a separator of files": ({"prompt": "ocean\x1cwaves"}, "prompt", "control_character"),
    "prompt with a C1 control": ({"prompt": "waves\x9b"}, "prompt", "control_character"),
    "prompt with a noncharacter": ({"prompt": "waves\ufdd0"}, "prompt", "no_character"),
    "prompt with the last noncharacter": ({"prompt": "waves\U0010ffff"}, "prompt", "no_character"),
    "prompt of nothing but joiners": ({"prompt": "\u200d \u200c"}, "prompt", "nothing_to_see"),
    "prompt of nothing but marks": ({"prompt": "\ufeff\u200f\u00ad"}, "prompt", "nothing_to_see"),
    "prompt of tags without a flag": ({"prompt": "\U000e0067\U000e007f"}, "prompt", "nothing_to_see"),
    "prompt with half a character": ({"prompt": "\ud800"}, "prompt", "string_unicode"),
    "prompt no text": ({"prompt": 7}, "prompt", "string_type"),
    "prompt missing": ({"prompt": ...}, "prompt", "missing"),
    "side 0": ({"surface": {"width_m": 0, "height_m": 3}}, "surface.width_m", "surface_side"),
    "side negative": ({"surface": {"width_m": 3, "height_m": -1}}, "surface.height_m", "surface_side"),
    "side NaN": ({"surface": {"width_m": float("nan")}}, "surface.width_m", "finite_number"),
    "side infinite": ({"surface": {"width_m": float("inf")}}, "surface.width_m", "finite_number"),
    "side too long": ({"surface": {"height_m": 100.01}}, "surface.height_m", "surface_side"),
    "side too short": ({"surface": {"height_m": 0.49}}, "surface.height_m", "surface_side"),
    "side thinner than an atom": ({"surface": {"width_m": 100, "height_m": 1e-8}}, "surface.height_m", "surface_side"),
    "side smallest that floats": ({"surface": {"width_m": 5e-324}}, "surface.width_m", "surface_side"),
    "surface too long": ({"surface": {"width_m": 20.1, "height_m": 1}}, "surface", "surface_ratio"),
    "surface too high": ({"surface": {"width_m": 0.5, "height_m": 10.1}}, "surface", "surface_ratio"),
    "side unknown": ({"surface": {"depth_m": 1}}, "surface.depth_m", "extra_forbidden"),
    "no colour at all": ({"palette": []}, "palette", "too_short"),
    "seven colours": ({"palette": [colour.code for colour in PALETTE[:7]]}, "palette", "too_long"),
    "repeated colour": ({"palette": ["RH20", "RH20"]}, "palette", "repeated_colour"),
    "unknown colour": ({"palette": ["RH20", "RH99"]}, "palette", "unknown_colour"),
    "colour in small letters": ({"palette": ["rh20"]}, "palette", "unknown_colour"),
    "unknown style": ({"style": "baroque"}, "style", "literal_error"),
    "count 0": ({"count": 0}, "count", "greater_than_equal"),
    "count 13": ({"count": 13}, "count", "less_than_equal"),
    "count in halves": ({"count": 1.5}, "count", "int_from_float"),
    "seed negative": ({"seed": -1}, "seed", "greater_than_equal"),
    "seed too large": ({"seed": MAX_SEED + 1}, "seed", "less_than_equal"),
    "unknown strategy": ({"strategy": "zigzag"}, "strategy", "literal_error"),
    "unknown kind": ({"kind": "etching"}, "kind", "literal_error"),
    "direction twice": ({"from": {"job": "a", "directions": [1, 1]}}, "from.directions", "repeated_direction"),
    "fourth direction": ({"from": {"job": "a", "directions": [3]}}, "from.directions.0", "less_than"),
    "from nowhere": ({"from": {"job": ""}}, "from.job", "string_too_short"),
    "unknown field": ({"colour": "blue"}, "colour", "extra_forbidden"),
}


def _brief(**fields: Any) -> Brief:
    given = {"prompt": "ocean waves", **fields}
    return Brief.model_validate({name: value for name, value in given.items() if value is not ...})


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD)
def test_a_brief_within_the_limits_is_taken_as_it_is(fields: dict[str, Any]) -> None:
    brief = _brief(**fields)
    taken = json.loads(brief.model_dump_json(exclude_unset=True))
    assert {name: taken[name] for name in fields} == fields


@pytest.mark.parametrize(("fields", "where", "kind"), BAD.values(), ids=BAD)
def test_a_brief_beyond_a_limit_is_refused_naming_the_field(fields: dict[str, Any], where: str, kind: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        _brief(**fields)
    problems = [(".".join(map(str, problem["loc"])), problem["type"]) for problem in refusal.value.errors()]
    assert problems == [(where, kind)]


def test_an_unknown_colour_is_answered_with_every_valid_code() -> None:
    with pytest.raises(ValidationError) as refusal:
        _brief(palette=["RH99", "RH20", "blue"])
    message = refusal.value.errors()[0]["msg"]
    assert "RH99, blue" in message
    assert all(colour.code in message for colour in PALETTE)


def test_a_prompt_is_one_line_whatever_space_it_was_typed_with() -> None:
    assert _brief(prompt="  ocean\n\tenergy\u00a0 with  fish ").prompt == "ocean energy with fish"


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("wa\u00adves", "waves"),
        ("wa\u200bves", "waves"),
        ("\ufeffocean waves", "ocean waves"),
        ("\u200eocean\u200f \u202ewaves\u202c", "ocean waves"),
        ("\u2066ocean\u2069\u2060 waves", "ocean waves"),
        ("ocean \u200b waves", "ocean waves"),
        ("ocean\u2028waves", "ocean waves"),
        (f"{ENGLAND} and \U000e0041 stray", f"{ENGLAND} and stray"),
        ("wave\U000e0073s \U0001f3f4\U000e0067 flag", "waves \U0001f3f4 flag"),
    ],
)
def test_invisible_characters_of_pasted_text_are_left_out(pasted: str, kept: str) -> None:
    assert _brief(prompt=pasted).prompt == kept


@pytest.mark.parametrize(
    ("prompt", "name", "place"),
    [("ocean\x07 waves", "U+0007", 6), ("\n\ta\x1b", "U+001B", 4), ("b\U0003fffe", "U+3FFFE", 2)],
)
def test_a_character_that_is_refused_is_named_with_its_place(prompt: str, name: str, place: int) -> None:
    with pytest.raises(ValidationError) as refusal:
        _brief(prompt=prompt)
    message = refusal.value.errors()[0]["msg"]
    assert name in message
    assert f"Character {place} " in message


@given(st.text())
@settings(max_examples=500)
def test_a_line_is_never_changed_twice(text: str) -> None:
    try:
        line = to_line(text)
    except PydanticCustomError:
        return
    assert to_line(line) == line
    assert "\n" not in line


def test_what_is_left_out_has_the_documented_defaults() -> None:
    brief = _brief()
    assert (brief.surface.width_m, brief.surface.height_m) == (10.0, 3.0)
    assert (brief.style, brief.count, brief.palette, brief.seed, brief.strategy) == (
        "professional",
        6,
        None,
        None,
        None,
    )
