"""What is wrong with a field, in words of our own: a validator's are about types, and a person sent a brief."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

_NUMBER = "Give a number."
_WHOLE = "Give a whole number."
_YES_NO = "Give true or false."
_LIST = "Give a list."
_OBJECT = "Give an object with named fields."
_TEXT = "Give a text."
_TIME = "Give a date and time with an offset from UTC, such as 2026-03-01T12:00:00Z."
_OTHER = "This value does not fit here."
_VALIDATORS_OWN = frozenset(get_args(ErrorType)) - {"value_error", "assertion_error"}

TEXTS: Mapping[str, str] = {
    "missing": "This is needed.",
    "extra_forbidden": "This field is not known here.",
    "invalid_key": "A field's name is a text.",
    "string_type": _TEXT,
    "string_unicode": "This is no text in UTF-8.",
    "string_too_short": "This is empty or too short: at least {min_length} characters.",
    "string_too_long": "This is too long: at most {max_length} characters.",
    "string_pattern_mismatch": "This is not written as it has to be: {pattern}.",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "This number is too large.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "literal_error": "Choose {expected}.",
    "enum": "Choose {expected}.",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "union_tag_invalid": "There is no kind {tag}: choose {expected_tags}.",
    "union_tag_not_found": "Say which kind this is, in {discriminator}.",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_naive": _TIME,
    "timezone_aware": _TIME,
}
"""By the validator's type of error."""


def field_text(error: Mapping[str, Any]) -> str:
    """The words for one of pydantic's errors. What our own rules say is in words of our own already."""
    kind = error["type"]
    if kind in TEXTS:
        return TEXTS[kind].format_map(error.get("ctx", {}))
    if kind in _VALIDATORS_OWN:
        return _OTHER
    return str(error["msg"]).removeprefix("Value error, ")
