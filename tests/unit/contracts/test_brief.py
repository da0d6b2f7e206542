"""Every limit of a brief, at its edge and beyond it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from studio_contracts.brief import MAX_SEED, Brief
from studio_contracts.palette import PALETTE

SIX = [colour.code for colour in PALETTE[:6]]

GOOD: dict[str, dict[str, Any]] = {
    "longest prompt": {"prompt": "x" * 500},
    "any language": {"prompt": "Meeresbrandung, 海の波, أمواج"},
    "emoji joined": {
        "prompt": "a family \U0001f468\u200d\U0001f469\u200d\U0001f467 by the sea, \u2764\ufe0f\u200d\U0001f525"
    },
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
}

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "empty prompt": ({"prompt": ""}, "prompt", "string_too_short"),
    "blank prompt": ({"prompt": " \n\t "}, "prompt", "string_too_short"),
    "prompt of 501": ({"prompt": "x" * 501}, "prompt", "string_too_long"),
    "prompt with NUL": ({"prompt": "waves\0"}, "prompt", "unprintable"),
    "prompt with escape": ({"prompt": "\x1b[31mwaves"}, "prompt", "unprintable"),
    "prompt turning the direction": ({"prompt": "waves \u202e"}, "prompt", "unprintable"),
    "prompt isolating a direction": ({"prompt": "waves \u2066"}, "prompt", "unprintable"),
    "prompt with a zero-width space": ({"prompt": "wa\u200bves"}, "prompt", "unprintable"),
    "prompt of nothing but joiners": ({"prompt": "\u200d \u200c"}, "prompt", "unprintable"),
    "prompt of nothing but separators": ({"prompt": "\x1f"}, "prompt", "unprintable"),
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
    "unknown strategy": ({"strategy": "spiral"}, "strategy", "literal_error"),
    "unknown field": ({"colour": "blue"}, "colour", "extra_forbidden"),
}


def _brief(**fields: Any) -> Brief:
    given = {"prompt": "ocean waves", **fields}
    return Brief.model_validate({name: value for name, value in given.items() if value is not ...})


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD)
def test_a_brief_within_the_limits_is_taken_as_it_is(fields: dict[str, Any]) -> None:
    brief = _brief(**fields)
    assert {name: json.loads(brief.model_dump_json())[name] for name in fields} == fields


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
