"""The models on offer and the validation of a create call against their schemas.

Each file in `models/` is a model as the provider publishes it: names, defaults and ranges of its input as JSON Schema.
They are kept apart from the studio's own catalogue on purpose, as the other side of a contract. The error types and
field paths are those of the provider's 422 responses.
"""

from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict, Field

_ERROR_TYPES = {
    "required": "required",
    "type": "invalid_type",
    "format": "format",
    "enum": "enum",
    "maximum": "number_lte",
    "minimum": "number_gte",
}
_FORMATS = FormatChecker(formats=())


class InvalidField(NamedTuple):
    """One fault of an input, in the provider's words."""

    type: str
    field: str
    description: str


class VersionError(Exception):
    """The version is unknown, or this model cannot be run without one."""


class Model(BaseModel):
    """`official` models run by name, and show `hidden` as their version; others need one of `versions`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    official: bool
    versions: tuple[str, ...]
    nsfw_error: str
    schema_of_input: dict[str, Any] = Field(alias="input")

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The fields of the input and the schema of each."""
        properties: dict[str, dict[str, Any]] = self.schema_of_input["properties"]
        return properties

    @cached_property
    def validator(self) -> Draft7Validator:
        """Validates an input."""
        return Draft7Validator(self.schema_of_input, format_checker=_FORMATS)


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or value.startswith(("https://", "http://", "data:"))


def _load() -> dict[str, Model]:
    found = [file for file in files("studio_standin").joinpath("models").iterdir() if file.name.endswith(".json")]
    models = [Model.model_validate_json(file.read_bytes()) for file in sorted(found, key=lambda file: file.name)]
    return {model.name: model for model in models}


MODELS = _load()


def resolve(reference: str) -> tuple[Model, str]:
    """The model and the version shown for it, from any of the three forms of `version`.

    Raises VersionError.
    """
    name, _, version = reference.rpartition(":") if "/" in reference else ("", "", reference)
    if not name and "/" in version:
        name, version = version, ""
    for model in MODELS.values():
        if name not in ("", model.name):
            continue
        if version in model.versions:
            return model, version
        if model.official and name and not version:
            return model, "hidden"
    raise VersionError(reference)


def with_defaults(model: Model, given: dict[str, Any]) -> dict[str, Any]:
    """What the model runs with: its own fields only, defaults filled in. Unknown keys are dropped silently."""
    return {name: given.get(name, schema.get("default")) for name, schema in model.properties.items()}


def openapi_schema(model: Model) -> dict[str, Any]:
    """The part of a version's OpenAPI document that describes its input and output."""
    output = {"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}}
    return {"openapi": "3.0.2", "components": {"schemas": {"Input": model.schema_of_input, "Output": output}}}


def invalid_fields(model: Model, given: dict[str, Any]) -> list[InvalidField]:
    """Every way in which the input breaks the model's schema; empty when it fits."""
    return list(_faults(model, given))


def _faults(model: Model, given: dict[str, Any]) -> Iterator[InvalidField]:
    order = list(model.properties)
    errors = list(model.validator.iter_errors(given))
    for error in sorted(errors, key=lambda error: order.index(error.path[0]) if error.path else -1):
        yield InvalidField(_ERROR_TYPES[str(error.validator)], _path(error), _description(error))


def _path(error: ValidationError) -> str:
    return ".".join(map(str, ("input", *error.path)))


def _description(error: ValidationError) -> str:
    limit: Any = error.validator_value
    match error.validator:
        case "type":
            return f"Invalid type. Expected: {limit}, given: {_json_type(error.instance)}"
        case "enum":
            allowed = ", ".join(f'"{choice}"' for choice in limit)
            return f"{_path(error)} must be one of the following: {allowed}"
        case "maximum":
            return f"Must be less than or equal to {limit:g}"
        case "minimum":
            return f"Must be greater than or equal to {limit:g}"
        case "format":
            return f"Does not match format '{limit}'"
        case _:
            return error.message.replace("'", "").replace(" a required property", " required")


def _json_type(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
