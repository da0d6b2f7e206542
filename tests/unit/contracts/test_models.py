"""The catalogue of models."""

from typing import get_args

import pytest

from studio_contracts.models import MODELS, Model, ModelName


def test_every_model_that_may_be_named_is_in_the_catalogue_under_its_name() -> None:
    assert tuple(MODELS) == get_args(ModelName)
    assert all(model.name == name for name, model in MODELS.items())


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_sizes_are_about_a_megapixel_in_steps_of_64_and_either_way_up(model: Model) -> None:
    assert len(set(model.sizes)) == len(model.sizes) == 41
    assert {(height, width) for width, height in model.sizes} == set(model.sizes)
    assert [width / height for width, height in model.sizes] == sorted(width / height for width, height in model.sizes)
    for width, height in model.sizes:
        assert width % 64 == height % 64 == 0
        assert 0.85 <= width * height / 2**20 <= 1.02
