from itertools import product

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_contracts.palette import BY_CODE, PALETTE
from studio_stencil.drawing.colour import ciede2000, difference, lab

Lab = tuple[float, float, float]

SHARMA = [  # pairs of Sharma, Wu and Dalal (2005) that exercise the hue's wrap-around, and their published differences
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0011), 7.2195),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
    ((50.0, 2.5000, 0.0000), (50.0, 0.0000, -2.5000), 4.3065),
    ((50.0, 2.5000, 0.0000), (73.0, 25.0, -18.0), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("first", "second", "published"), SHARMA)
def test_published_differences_are_met(first: Lab, second: Lab, published: float) -> None:
    assert ciede2000(first, second) == pytest.approx(published, abs=1e-4)
    assert ciede2000(second, first) == pytest.approx(published, abs=1e-4)


def test_every_palette_pair_agrees_with_an_independent_library() -> None:
    for a, b in product(PALETTE, PALETTE):
        labs = [rgb2lab(np.array([[colour.rgb]], dtype=np.uint8))[0, 0] for colour in (a, b)]
        assert difference(a.code, b.code) == pytest.approx(float(deltaE_ciede2000(*labs)), abs=0.02)


def test_lab_of_white_is_neutral_and_of_black_is_zero() -> None:
    assert lab((255, 255, 255)) == pytest.approx((100, 0, 0), abs=0.01)
    assert lab((0, 0, 0)) == pytest.approx((0, 0, 0), abs=0.01)


def test_the_closest_palette_pair_is_cream_and_pale_grey() -> None:
    closest = min(
        ((difference(a, b), a, b) for a, b in product(BY_CODE, BY_CODE) if a < b),
    )
    assert closest[1:] == ("RH31", "RH65")
    assert closest[0] == pytest.approx(4.6, abs=0.05)
