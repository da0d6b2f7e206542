"""Fixtures of the picture tests."""

import numpy as np
import pytest

from studio_postprocess.clamp.colour import ByteArray


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250101)


@pytest.fixture
def rgb(rng: np.random.Generator) -> ByteArray:
    """A picture of 80 by 64 pixels in random blocks of 8."""
    small = rng.integers(0, 256, (8, 10, 3), dtype=np.uint8)
    return np.ascontiguousarray(small.repeat(8, axis=0).repeat(8, axis=1))
