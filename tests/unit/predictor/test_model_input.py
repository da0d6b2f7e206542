"""What each model is sent, and what is refused before anything is sent."""

from typing import Any

import pytest

from studio_contracts.models import DATA_URI_MAX_CHARS, MODELS, Model
from studio_predictor.model_input import InvalidInput, shared_input, slot_input
from studio_predictor.prompts import Prompts

PROMPTS = Prompts("flat waves", "photograph")
IMAGE = "data:image/png;base64,AAAA"
SDXL, FLUX_DEV = MODELS["sdxl"], MODELS["flux-dev"]


def whole_input(model: Model = SDXL, **changes: Any) -> dict[str, Any]:
    slot = {"image": IMAGE, "seed": 5, "num_outputs": 4}
    changed = {name: changes.pop(name, value) for name, value in slot.items()}
    return slot_input(model, shared_input(model, PROMPTS, 0.7) | changes, **changed)


def test_sdxl_is_sent_exactly_this() -> None:
    assert whole_input(SDXL) == {
        "prompt": "flat waves",
        "negative_prompt": "photograph",
        "image": IMAGE,
        "prompt_strength": 0.7,
        "scheduler": "K_EULER",
        "num_inference_steps": 20,
        "guidance_scale": 6.0,
        "apply_watermark": False,
        "num_outputs": 4,
        "seed": 5,
    }


def test_flux_is_sent_no_negative_prompt_and_asks_for_lossless_pictures() -> None:
    inputs = whole_input(FLUX_DEV)
    assert "negative_prompt" not in inputs
    assert inputs["output_format"] == "png"
    assert inputs["go_fast"] is False


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_no_more_pictures_than_the_model_gives_are_accepted(model: Model) -> None:
    assert whole_input(model, num_outputs=model.max_outputs)["num_outputs"] == model.max_outputs
    message = rf"^input\.num_outputs: Input should be less than or equal to {model.max_outputs}$"
    with pytest.raises(InvalidInput, match=message):
        whole_input(model, num_outputs=6)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_outputs", 0, "greater than or equal to 1"),
        ("num_outputs", 2.0, "valid integer"),
        ("num_outputs", "4", "valid integer"),
        ("num_outputs", True, "valid integer"),
        ("num_inference_steps", 501, "less than or equal to 500"),
        ("guidance_scale", 0.5, "greater than or equal to 1"),
        ("prompt_strength", 1.01, "less than or equal to 1"),
        ("prompt_strength", -0.1, "greater than or equal to 0"),
        ("prompt_strength", float("nan"), "finite number"),
        ("prompt_strength", None, "valid number"),
        ("seed", 2**31, "less than or equal to 2147483647"),
        ("seed", 10**400, "less than or equal to 2147483647"),
        ("apply_watermark", 0, "valid boolean"),
        ("prompt", 3, "valid string"),
        ("scheduler", "EULER", "'K_EULER_ANCESTRAL'"),
        ("image", "stencil.png", "match pattern"),
        ("image", "data:text/html,x", "match pattern"),
        ("image", "data:image/png;base64," + "A" * DATA_URI_MAX_CHARS, "at most 256000 characters"),
        ("strength", 0.7, "not permitted"),
        ("width", 1024, "not permitted"),
    ],
)
def test_each_fault_is_named_with_its_path(name: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^input\.{name}: ") as invalid:
        whole_input(**{name: value})
    assert message in str(invalid.value)
    assert len(str(invalid.value)) < 300, "the stencil must not stand in an error"


def test_all_faults_are_found_together() -> None:
    with pytest.raises(InvalidInput) as invalid:
        whole_input(num_outputs=9, width=5)
    assert [line.partition(":")[0] for line in str(invalid.value).split("; ")] == ["input.num_outputs", "input.width"]


@pytest.mark.parametrize("strength", [0, 1, 0.3])
def test_whole_numbers_count_as_numbers(strength: float) -> None:
    assert whole_input(prompt_strength=strength)["prompt_strength"] == strength


def test_six_pictures_cost_eighteen_cents() -> None:
    assert 6 * SDXL.cents_per_picture == 18
