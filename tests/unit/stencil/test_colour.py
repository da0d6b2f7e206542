from itertools import product

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_contracts.palette import BY_CODE, PALETTE
from studio_stencil.drawing.colour import difference, lab


def test_every_palette_pair_agrees_with_an_independent_library() -> None:
    for a, b in product(PALETTE, PALETTE):
        labs = [rgb2lab(np.array([[colour.rgb]], dtype=np.uint8))[0, 0] for colour in (a, b)]
        assert difference(a.code, b.code) == pytest.approx(float(deltaE_ciede2000(*labs)), abs=1e-9)


def test_lab_of_white_is_neutral_and_of_black_is_zero() -> None:
    assert lab((255, 255, 255)) == pytest.approx((100, 0, 0), abs=0.01)
    assert lab((0, 0, 0)) == pytest.approx((0, 0, 0), abs=0.01)


def test_the_closest_palette_pair_is_cream_and_pale_grey() -> None:
    closest = min(
        ((difference(a, b), a, b) for a, b in product(BY_CODE, BY_CODE) if a < b),
    )
    assert closest[1:] == ("RH31", "RH65")
    assert closest[0] == pytest.approx(4.6, abs=0.05)
