"""The models on offer: input schemas as data, and the validation of a create call against them.

Names, defaults and ranges are those of the provider's published schemas; the error types and field paths are those of
its 422 answers.
"""

import re
from typing import Any, Literal, NamedTuple

Kind = Literal["string", "uri", "integer", "number", "boolean"]


class Field(NamedTuple):
    name: str
    kind: Kind
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False


class Model(NamedTuple):
    """`official` models run by name, and show `hidden` as their version; others need one of `versions`."""

    name: str
    official: bool
    versions: tuple[str, ...]
    fields: tuple[Field, ...]
    nsfw_error: str


class InvalidField(NamedTuple):
    type: str
    field: str
    description: str


class VersionError(Exception):
    """The version is unknown, or this model cannot be run without one."""


SDXL = Model(
    name="stability-ai/sdxl",
    official=False,
    versions=(
        "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b",
        "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc",
    ),
    fields=(
        Field("prompt", "string", "An astronaut riding a rainbow unicorn"),
        Field("negative_prompt", "string", ""),
        Field("image", "uri"),
        Field("mask", "uri"),
        Field("width", "integer", 1024),
        Field("height", "integer", 1024),
        Field("num_outputs", "integer", 1, 1, 4),
        Field(
            "scheduler",
            "string",
            "K_EULER",
            choices=(
                "DDIM",
                "DPMSolverMultistep",
                "HeunDiscrete",
                "KarrasDPM",
                "K_EULER_ANCESTRAL",
                "K_EULER",
                "PNDM",
            ),
        ),
        Field("num_inference_steps", "integer", 50, 1, 500),
        Field("guidance_scale", "number", 7.5, 1, 50),
        Field("prompt_strength", "number", 0.8, 0, 1),
        Field("seed", "integer"),
        Field(
            "refine", "string", "no_refiner", choices=("no_refiner", "expert_ensemble_refiner", "base_image_refiner")
        ),
        Field("high_noise_frac", "number", 0.8, 0, 1),
        Field("refine_steps", "integer"),
        Field("apply_watermark", "boolean", True),
        Field("lora_scale", "number", 0.6, 0, 1),
        Field("replicate_weights", "string"),
        Field("disable_safety_checker", "boolean", False),
    ),
    nsfw_error="NSFW content detected. Try running it again, or try a different prompt.",
)

FLUX_DEV = Model(
    name="black-forest-labs/flux-dev",
    official=True,
    versions=(),
    fields=(
        Field("prompt", "string", required=True),
        Field(
            "aspect_ratio",
            "string",
            "1:1",
            choices=("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21"),
        ),
        Field("image", "uri"),
        Field("prompt_strength", "number", 0.8, 0, 1),
        Field("num_outputs", "integer", 1, 1, 4),
        Field("num_inference_steps", "integer", 28, 1, 50),
        Field("guidance", "number", 3, 0, 10),
        Field("seed", "integer"),
        Field("output_format", "string", "webp", choices=("webp", "jpg", "png")),
        Field("output_quality", "integer", 80, 0, 100),
        Field("disable_safety_checker", "boolean", False),
        Field("go_fast", "boolean", True),
        Field("megapixels", "string", "1", choices=("1", "0.25")),
    ),
    nsfw_error="All generated images contained NSFW content. Try running it again with a different prompt.",
)

MODELS = (SDXL, FLUX_DEV)


def model_named(name: str) -> Model | None:
    """The model called `owner/name`, if it is on offer."""
    return next((model for model in MODELS if model.name == name), None)


def resolve(reference: str) -> tuple[Model, str]:
    """The model and the version shown for it, from any of the three forms of `version`.

    Raises VersionError.
    """
    name, _, version = reference.rpartition(":") if "/" in reference else ("", "", reference)
    if not name and "/" in version:
        name, version = version, ""
    for model in MODELS:
        if name not in ("", model.name):
            continue
        if version in model.versions:
            return model, version
        if model.official and name and not version:
            return model, "hidden"
    raise VersionError(reference)


def with_defaults(model: Model, given: dict[str, Any]) -> dict[str, Any]:
    """What the model runs with: its own fields only, defaults filled in. Unknown keys are dropped in silence."""
    return {field.name: given.get(field.name, field.default) for field in model.fields}


def openapi_schema(model: Model) -> dict[str, Any]:
    """The part of a version's OpenAPI document that describes its input and output."""
    properties: dict[str, dict[str, Any]] = {}
    for order, field in enumerate(model.fields):
        described = {
            "type": "string" if field.kind == "uri" else field.kind,
            "format": "uri" if field.kind == "uri" else None,
            "default": field.default,
            "minimum": field.minimum,
            "maximum": field.maximum,
            "enum": list(field.choices) or None,
        }
        properties[field.name] = {"x-order": order} | {k: v for k, v in described.items() if v is not None}
    required = [field.name for field in model.fields if field.required]
    given = {"type": "object", "title": "Input", "properties": properties, "required": required}
    output = {"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}}
    return {"openapi": "3.0.2", "components": {"schemas": {"Input": given, "Output": output}}}


def invalid_fields(model: Model, given: dict[str, Any]) -> list[InvalidField]:
    """Every way in which the input breaks the model's schema; empty when it fits."""
    found = [
        InvalidField("required", "input", f"{field.name} is required")
        for field in model.fields
        if field.required and field.name not in given
    ]
    for field in model.fields:
        if field.name in given:
            found += _check(field, given[field.name])
    return found


def _check(field: Field, value: object) -> list[InvalidField]:
    path = f"input.{field.name}"
    if not _has_kind(field.kind, value):
        expected = "string" if field.kind == "uri" else field.kind
        return [InvalidField("invalid_type", path, f"Invalid type. Expected: {expected}, given: {_json_type(value)}")]
    if field.kind == "uri" and not re.match(r"(https?://|data:)\S", str(value)):
        return [InvalidField("format", path, "Does not match format 'uri'")]
    if field.choices and value not in field.choices:
        allowed = ", ".join(f'"{choice}"' for choice in field.choices)
        return [InvalidField("enum", path, f"{path} must be one of the following: {allowed}")]
    if isinstance(value, int | float):
        if field.maximum is not None and value > field.maximum:
            return [InvalidField("number_lte", path, f"Must be less than or equal to {field.maximum:g}")]
        if field.minimum is not None and value < field.minimum:
            return [InvalidField("number_gte", path, f"Must be greater than or equal to {field.minimum:g}")]
    return []


def _has_kind(kind: Kind, value: object) -> bool:
    match kind:
        case "string" | "uri":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (isinstance(value, int) or _is_whole(value))
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _json_type(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
