"""The models we buy pictures from, as data: what each accepts, its limits and its price.

Only inputs we send are listed. The provider silently drops keys it does not know, so an input is validated here first.
Schemas: SDXL's and FLUX dev's own OpenAPI descriptions at Replicate.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from studio_predictor.prompts import Prompts

DATA_URI_MAX_CHARS = 256_000
"""What Replicate advises for data URIs. Far larger ones are accepted, then fail minutes later with no usable reason."""


class Parameter(NamedTuple):
    """One input of a model. Bounds are inclusive; a URI is http(s) or an image as data URI."""

    kind: Literal["text", "uri", "integer", "number", "boolean"]
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False


class Problem(NamedTuple):
    """Where an input does not fit the model, as `input.name`, and why."""

    path: str
    message: str


@dataclass(frozen=True)
class Model:
    """An image-to-image model.

    `version` is what Replicate's `version` field takes: a community model's hash, an official model's name. `settings`
    are inputs that never change. `cents_per_picture` is US cents, rounded up, so that a cap on spending holds.
    """

    name: str
    version: str
    cents_per_picture: int
    max_outputs: int
    settings: Mapping[str, Any]
    parameters: Mapping[str, Parameter] = field(repr=False)


_ALWAYS_SENT = {
    "prompt": Parameter("text", required=True),
    "image": Parameter("uri", required=True),
    "prompt_strength": Parameter("number", 0, 1),
    "num_outputs": Parameter("integer", 1, 4, required=True),
    "seed": Parameter("integer", 0, 2**31 - 1, required=True),
}

SDXL = Model(
    name="sdxl",
    version="39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b",
    cents_per_picture=3,
    max_outputs=4,
    settings={
        "scheduler": "K_EULER",
        "num_inference_steps": 20,
        "guidance_scale": 6.0,
        "apply_watermark": False,  # it perturbs flat pixels
    },
    parameters=_ALWAYS_SENT
    | {
        "negative_prompt": Parameter("text"),
        "scheduler": Parameter(
            "text",
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
        "num_inference_steps": Parameter("integer", 1, 500),
        "guidance_scale": Parameter("number", 1, 50),
        "apply_watermark": Parameter("boolean"),
    },
)

FLUX_DEV = Model(
    name="flux-dev",
    version="black-forest-labs/flux-dev",
    cents_per_picture=3,
    max_outputs=4,
    settings={
        "num_inference_steps": 28,
        "guidance": 3.0,
        "go_fast": False,  # the fast path ignores the seed
        "output_format": "png",  # the default is lossy
        "megapixels": "1",
    },
    parameters=_ALWAYS_SENT
    | {
        "num_inference_steps": Parameter("integer", 1, 50),
        "guidance": Parameter("number", 0, 10),
        "go_fast": Parameter("boolean"),
        "output_format": Parameter("text", choices=("webp", "jpg", "png")),
        "megapixels": Parameter("text", choices=("1", "0.25")),
    },
)

MODELS: dict[str, Model] = {model.name: model for model in (SDXL, FLUX_DEV)}


def shared_input(model: Model, prompts: Prompts, prompt_strength: float = 0.7) -> dict[str, Any]:
    """The input common to all slots of a job. A `prompt_strength` of 0 keeps the stencil, 1 destroys it."""
    wanted = {
        "prompt": prompts.positive,
        "negative_prompt": prompts.negative,
        "prompt_strength": prompt_strength,
    }
    return {**model.settings, **{key: value for key, value in wanted.items() if key in model.parameters}}


def slot_input(shared: Mapping[str, Any], image: str, seed: int, num_outputs: int) -> dict[str, Any]:
    """The whole input of one prediction. The pictures take the image's size; no width or height is sent."""
    return {**shared, "image": image, "seed": seed, "num_outputs": num_outputs}


def validate_input(model: Model, inputs: Mapping[str, Any]) -> list[Problem]:
    """Everything about the input the model would refuse, ignore or choke on; empty when it fits."""
    missing = [
        Problem(f"input.{name}", "is required")
        for name, parameter in model.parameters.items()
        if parameter.required and name not in inputs
    ]
    found = ((name, _fault(model.parameters.get(name), value)) for name, value in inputs.items())
    return missing + [Problem(f"input.{name}", message) for name, message in found if message]


def _fault(parameter: Parameter | None, value: object) -> str | None:
    if parameter is None:
        return "is unknown to the model"
    if not _has_kind(parameter.kind, value):
        return f"must be of kind {parameter.kind}, not {type(value).__name__}"
    if parameter.choices and value not in parameter.choices:
        return f"must be one of {', '.join(parameter.choices)}"
    if isinstance(value, int | float):
        return _range_fault(parameter, value)
    if parameter.kind == "uri":
        return _uri_fault(str(value))
    return None


def _has_kind(kind: str, value: object) -> bool:
    if isinstance(value, bool):  # a bool is an int to Python, not to JSON
        return kind == "boolean"
    if isinstance(value, int):
        return kind in ("integer", "number")
    if isinstance(value, float):
        return kind == "number"
    return isinstance(value, str) and kind in ("text", "uri")


def _range_fault(parameter: Parameter, value: float) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "must be finite"
    if parameter.minimum is not None and value < parameter.minimum:
        return f"must be at least {parameter.minimum:g}"
    if parameter.maximum is not None and value > parameter.maximum:
        return f"must be at most {parameter.maximum:.10g}"
    return None


def _uri_fault(uri: str) -> str | None:
    if not uri.startswith(("https://", "http://", "data:image/")):
        return "must be an http(s) URL or an image as data URI"
    if uri.startswith("data:") and len(uri) > DATA_URI_MAX_CHARS:
        return f"is a data URI of more than {DATA_URI_MAX_CHARS} characters; send a URL"
    return None
