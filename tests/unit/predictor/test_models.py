"""What each model is sent, and what would be refused before sending."""

from typing import Any

import pytest

from studio_predictor.models import FLUX_DEV, MODELS, SDXL, Model, Problem, shared_input, slot_input, validate_input
from studio_predictor.prompts import Prompts

PROMPTS = Prompts("flat waves", "photograph")
IMAGE = "data:image/png;base64,AAAA"


def whole_input(model: Model = SDXL, **changes: Any) -> dict[str, Any]:
    return slot_input(shared_input(model, PROMPTS), IMAGE, seed=5, num_outputs=4) | changes


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
def test_what_is_built_is_valid(model: Model) -> None:
    assert validate_input(model, whole_input(model)) == []


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_no_more_pictures_than_the_model_gives_are_accepted(model: Model) -> None:
    assert validate_input(model, whole_input(model, num_outputs=model.max_outputs)) == []
    too_many = validate_input(model, whole_input(model, num_outputs=6))
    assert too_many == [Problem("input.num_outputs", "must be at most 4")]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_outputs", 0, "must be at least 1"),
        ("num_outputs", 2.0, "must be of kind integer, not float"),
        ("num_outputs", "4", "must be of kind integer, not str"),
        ("num_outputs", True, "must be of kind integer, not bool"),
        ("num_inference_steps", 501, "must be at most 500"),
        ("guidance_scale", 0.5, "must be at least 1"),
        ("prompt_strength", 1.01, "must be at most 1"),
        ("prompt_strength", -0.1, "must be at least 0"),
        ("prompt_strength", float("nan"), "must be finite"),
        ("prompt_strength", None, "must be of kind number, not NoneType"),
        ("seed", 2**31, "must be at most 2147483647"),
        ("seed", 10**400, "must be at most 2147483647"),
        ("apply_watermark", 0, "must be of kind boolean, not int"),
        ("prompt", 3, "must be of kind text, not int"),
        ("image", "stencil.png", "must be an http(s) URL or an image as data URI"),
        ("image", "data:text/html,x", "must be an http(s) URL or an image as data URI"),
        ("image", "data:image/png;base64," + "A" * 256_000, "is a data URI of more than 256000 characters; send a URL"),
        ("strength", 0.7, "is unknown to the model"),
        ("style_preset", "flat", "is unknown to the model"),
        ("width", 1024, "is unknown to the model"),
    ],
)
def test_each_fault_is_named_with_its_path(name: str, value: Any, message: str) -> None:
    assert validate_input(SDXL, whole_input(**{name: value})) == [Problem(f"input.{name}", message)]


def test_a_choice_outside_the_list_is_told_the_list() -> None:
    (problem,) = validate_input(SDXL, whole_input(scheduler="EULER"))
    assert problem.path == "input.scheduler"
    assert "K_EULER_ANCESTRAL" in problem.message


def test_all_faults_are_found_at_once() -> None:
    inputs = whole_input(num_outputs=9, width=5)
    del inputs["seed"], inputs["image"]
    assert {problem.path for problem in validate_input(SDXL, inputs)} == {
        "input.num_outputs",
        "input.width",
        "input.seed",
        "input.image",
    }


@pytest.mark.parametrize("strength", [0, 1, 0.3])
def test_whole_numbers_count_as_numbers(strength: float) -> None:
    assert validate_input(SDXL, whole_input(prompt_strength=strength)) == []


def test_six_pictures_cost_eighteen_cents() -> None:
    assert 6 * SDXL.cents_per_picture == 18
