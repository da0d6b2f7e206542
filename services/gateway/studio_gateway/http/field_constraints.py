"""What a field may hold, in words, read off the API's own description: messages and documentation cannot differ."""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


def allowed_values(api: Schema, operation: Schema, where: Sequence[str | int]) -> list[str] | None:
    """What is allowed at `where`, a location such as ("body", "surface", "width_m"). None when anything is."""
    source, *path = where
    schema: Schema
    if source == "body":
        content = operation.get("requestBody", {}).get("content", {})
        schema = next((media.get("schema", {}) for media in content.values()), {})
    else:
        named = (given for given in operation.get("parameters", ()) if path and given["name"] == path[0])
        schema, path = next((given["schema"] for given in named), {}), path[1:]
    return _describe(api, _at(api, schema, path))


def _at(api: Schema, schema: Schema, path: Sequence[str | int]) -> Schema:
    schema = _resolved(api, schema)
    if not path:
        return schema
    step, *rest = path
    if isinstance(step, int):
        return _at(api, schema.get("items", {}), rest)
    # a field that is not known: its parent lists those that are
    return _at(api, schema["properties"][step], rest) if step in schema.get("properties", {}) else schema


def _resolved(api: Schema, schema: Schema) -> Schema:
    if "$ref" in schema:
        return _resolved(api, api["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(api, choice)
    return schema


def _describe(api: Schema, schema: Schema) -> list[str] | None:
    if "enum" in schema:
        return [str(value) for value in schema["enum"]]
    if "properties" in schema:
        return list(schema["properties"])
    if schema.get("type") == "array":
        return _range("items", schema.get("minItems"), schema.get("maxItems"))
    if schema.get("type") == "string":
        return _range("characters", schema.get("minLength"), schema.get("maxLength"))
    return _range("", schema.get("minimum"), schema.get("maximum"))


def _range(unit: str, low: float | None, high: float | None) -> list[str] | None:
    if low is not None and high is not None:
        return [f"{_number(low)} to {_number(high)} {unit}".strip()]
    if low is not None:
        return [f"at least {_number(low)} {unit}".strip()]
    return None if high is None else [f"at most {_number(high)} {unit}".strip()]


def _number(value: float) -> str:
    return str(int(value) if value == int(value) else value)
