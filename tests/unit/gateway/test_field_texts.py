"""Refusals of fields in words of our own, whatever the validator calls them."""

from collections import defaultdict
from typing import Any, get_args

import httpx
import pytest
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ErrorType

from studio_gateway.http.field_texts import TEXTS, field_text

VALIDATOR_S = ("Input should", "Field required", "Extra inputs", "should have", "valid", "discriminator")
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({}, "prompt", "Say in a few words what the surface should look like."),
    ({"prompt": 7}, "prompt", "Give a text."),
    ({"prompt": ""}, "prompt", "This is empty or too short: at least 1 characters."),
    ({"prompt": "x" * 2001}, "prompt", "This is too long: at most 2000 characters."),
    ({"prompt": "pond", "count": 0}, "count", "Give 1 or more."),
    ({"prompt": "pond", "count": 13}, "count", "Give 12 or less."),
    ({"prompt": "pond", "count": "six"}, "count", "Give a whole number."),
    ({"prompt": "pond", "count": 1.5}, "count", "Give a whole number."),
    ({"prompt": "pond", "surface": {"width_m": "wide"}}, "surface.width_m", "Give a number."),
    ({"prompt": "pond", "surface": 5}, "surface", "Give an object with named fields."),
    ({"prompt": "pond", "style": "baroque"}, "style", "Choose 'professional', 'playful' or 'geometric'."),
    ({"prompt": "pond", "palette": []}, "palette", "Give at least 1."),
    ({"prompt": "pond", "palette": "RH10"}, "palette", "Give a list."),
    ({"prompt": "pond", "framed": "perhaps"}, "framed", "Give true or false."),
    ({"prompt": "pond", "colour": "red"}, "colour", "This field is not known here."),
    ({"from": {"job": "j", "concept": "0-0", "edits": [{"kind": "erase"}]}}, "from.edits.0", "There is no kind erase"),
    ({"from": {"job": "j", "concept": "0-0", "edits": [{}]}}, "from.edits.0", "Say which kind this is, in "),
]  # fmt: skip


@pytest.mark.parametrize(("brief", "field", "text"), BAD)
async def test_a_brief_is_refused_in_words_of_our_own(
    client: httpx.AsyncClient, brief: dict[str, Any], field: str, text: str
) -> None:
    answer = await client.post("/v1/jobs", json=brief)
    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["field"]) == (422, field)
    assert problem["detail"].startswith(text)
    assert not any(words in problem["detail"] for words in VALIDATOR_S)


def test_no_error_of_the_validator_keeps_its_words() -> None:
    ours = {"value_error", "assertion_error"}  # these carry the words of our own rules
    for kind in set(get_args(ErrorType)) - ours:
        assert "the validator" not in field_text({"type": kind, "msg": "the validator", "ctx": defaultdict(str)}), kind
    assert set(TEXTS) <= set(get_args(ErrorType))


def test_the_words_of_our_own_rules_stay() -> None:
    rule = PydanticCustomError("repeated_colour", "Each colour code may be given once.")
    assert field_text({"type": rule.type, "msg": rule.message()}) == "Each colour code may be given once."
    assert field_text({"type": "value_error", "msg": "Value error, no moment"}) == "no moment"
