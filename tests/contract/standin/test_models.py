"""The studio's catalogue of models against the schemas that the provider publishes, as the stand-in has them."""

from typing import Any

import pytest

from studio_contracts.models import MODELS, Model
from studio_predictor.model_input import shared_input, slot_input
from studio_predictor.prompts import Prompts
from studio_standin.schemas import invalid_fields, resolve

PROVIDERS = {"sdxl": "stability-ai/sdxl", "flux-dev": "black-forest-labs/flux-dev"}
EVERY_MODEL = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@EVERY_MODEL
def test_the_provider_has_the_version_and_accepts_what_is_sent(model: Model) -> None:
    provider, _ = resolve(model.version)
    assert provider.name == PROVIDERS[model.name]
    shared = shared_input(model, Prompts("waves", "text"), 0.7)
    for pictures in (1, model.max_outputs):
        inputs = slot_input(model, shared, "data:image/png;base64,AAAA", 2**31 - 1, pictures)
        assert invalid_fields(provider, inputs) == []
        assert set(inputs) <= set(provider.properties), "the provider drops unknown keys without an error"


@EVERY_MODEL
def test_no_limit_is_wider_and_no_choice_is_more_than_the_providers(model: Model) -> None:
    theirs = resolve(model.version)[0].properties
    ours: dict[str, dict[str, Any]] = model.input.model_json_schema()["properties"]
    for name, schema in ours.items():
        assert schema["type"] == theirs[name]["type"], name
        assert set(schema.get("enum", ())) <= set(theirs[name].get("enum", ())), name
        if "maximum" in theirs[name]:
            assert theirs[name]["minimum"] <= schema["minimum"] <= schema["maximum"] <= theirs[name]["maximum"], name


@EVERY_MODEL
def test_one_picture_more_than_the_limit_is_refused_by_the_provider(model: Model) -> None:
    provider, _ = resolve(model.version)
    (fault,) = invalid_fields(provider, {"prompt": "waves", "num_outputs": model.max_outputs + 1})
    assert (fault.type, fault.field) == ("number_lte", "input.num_outputs")
