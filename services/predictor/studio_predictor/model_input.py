"""From a plan to the input of a model, validated before it is sent."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from studio_contracts.models import Model
from studio_predictor.prompts import Prompts


class InvalidInput(ValueError):
    """The input does not fit the model's schema; the text names each field and what is wrong with it."""


def shared_input(model: Model, prompts: Prompts, prompt_strength: float) -> dict[str, Any]:
    """The input common to all slots of a job, with the model's defaults. Fields that the model lacks are left out."""
    fields = model.input.model_fields
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
    from_job = {
        "prompt": prompts.positive,
        "negative_prompt": prompts.negative,
        "prompt_strength": prompt_strength,
    }
    return defaults | {name: value for name, value in from_job.items() if name in fields}


def slot_input(model: Model, shared: Mapping[str, Any], image: str, seed: int, num_outputs: int) -> dict[str, Any]:
    """The whole input of one prediction. The pictures take the size of `image`. Raises InvalidInput."""
    try:
        whole = model.input.model_validate({**shared, "image": image, "seed": seed, "num_outputs": num_outputs})
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidInput("; ".join(f"input.{_path(one['loc'])}: {one['msg']}" for one in problems)) from None
    return whole.model_dump()


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))
