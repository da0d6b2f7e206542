"""The colour difference against its authors' own data, and against an independent library."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_colour.difference import delta_e, lab_from_fractional_rgb, lab_from_rgb, palette_rgb
from studio_contracts.palette import PALETTE

# Sharma, Wu, Dalal (2005), table 1: L, a, b of two colours and their CIEDE2000 difference.
SHARMA = """
50.0000   2.6772 -79.7751  50.0000   0.0000 -82.7485   2.0425
50.0000   3.1571 -77.2803  50.0000   0.0000 -82.7485   2.8615
50.0000   2.8361 -74.0200  50.0000   0.0000 -82.7485   3.4412
50.0000  -1.3802 -84.2814  50.0000   0.0000 -82.7485   1.0000
50.0000  -1.1848 -84.8006  50.0000   0.0000 -82.7485   1.0000
50.0000  -0.9009 -85.5211  50.0000   0.0000 -82.7485   1.0000
50.0000   0.0000   0.0000  50.0000  -1.0000   2.0000   2.3669
50.0000  -1.0000   2.0000  50.0000   0.0000   0.0000   2.3669
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0009   7.1792
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0010   7.1792
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0011   7.2195
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0012   7.2195
50.0000  -0.0010   2.4900  50.0000   0.0009  -2.4900   4.8045
50.0000  -0.0010   2.4900  50.0000   0.0010  -2.4900   4.8045
50.0000  -0.0010   2.4900  50.0000   0.0011  -2.4900   4.7461
50.0000   2.5000   0.0000  50.0000   0.0000  -2.5000   4.3065
50.0000   2.5000   0.0000  73.0000  25.0000 -18.0000  27.1492
50.0000   2.5000   0.0000  61.0000  -5.0000  29.0000  22.8977
50.0000   2.5000   0.0000  56.0000 -27.0000  -3.0000  31.9030
50.0000   2.5000   0.0000  58.0000  24.0000  15.0000  19.4535
50.0000   2.5000   0.0000  50.0000   3.1736   0.5854   1.0000
50.0000   2.5000   0.0000  50.0000   3.2972   0.0000   1.0000
50.0000   2.5000   0.0000  50.0000   1.8634   0.5757   1.0000
50.0000   2.5000   0.0000  50.0000   3.2592   0.3350   1.0000
60.2574 -34.0099  36.2677  60.4626 -34.1751  39.4387   1.2644
63.0109 -31.0961  -5.8663  62.8187 -29.7946  -4.0864   1.2630
61.2901   3.7196  -5.3901  61.4292   2.2480  -4.9620   1.8731
35.0831 -44.1164   3.7933  35.0232 -40.0716   1.5901   1.8645
22.7233  20.0904 -46.6940  23.0331  14.9730 -42.5619   2.0373
36.4612  47.8580  18.3852  36.2715  50.5065  21.2231   1.4146
90.8027  -2.0831   1.4410  91.1528  -1.6435   0.0447   1.4441
90.9257  -0.5406  -0.9208  88.6381  -0.8985  -0.7239   1.5381
 6.7747  -0.2908  -2.4247   5.8714  -0.0985  -2.2286   0.6377
 2.0776   0.0795  -1.1350   0.9033  -0.0636  -0.5514   0.9082
"""
PAIRS = np.array([line.split() for line in SHARMA.split("\n") if line], dtype=float)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250101)


def test_there_are_all_34_published_pairs() -> None:
    assert PAIRS.shape == (34, 7)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_difference_agrees_with_the_published_pair_both_ways(pair: np.ndarray) -> None:
    first, second, expected = pair[:3], pair[3:6], pair[6]
    assert float(delta_e(first, second)) == pytest.approx(expected, abs=5e-5)
    assert float(delta_e(second, first)) == pytest.approx(expected, abs=5e-5)


def test_lab_and_difference_equal_an_independent_library(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (20_000, 3), dtype=np.uint8)
    lab, palette = lab_from_rgb(rgb), lab_from_rgb(palette_rgb(PALETTE))
    np.testing.assert_allclose(lab, rgb2lab(rgb), atol=1e-9)
    elsewhere = deltaE_ciede2000(lab[:, None], palette[None])
    assert np.abs(delta_e(lab[:, None], palette) - elsewhere).max() < 1e-9


def test_greys_have_no_colour_and_white_has_full_lightness() -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    lab = lab_from_rgb(greys)
    assert np.abs(lab[:, 1:]).max() < 0.01
    assert lab[255, 0] == pytest.approx(100.0, abs=1e-3)
    assert lab[0, 0] == pytest.approx(0.0, abs=1e-9)


def test_fractional_colours_meet_whole_ones(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (1000, 3), dtype=np.uint8)
    np.testing.assert_allclose(lab_from_fractional_rgb(rgb.astype(float)), lab_from_rgb(rgb), atol=1e-12)


def test_single_precision_stays_within_the_allowance_of_the_clamp(rng: np.random.Generator) -> None:
    lab = lab_from_rgb(rng.integers(0, 256, (50_000, 3), dtype=np.uint8))
    for colour in lab_from_rgb(palette_rgb(PALETTE)):
        single = delta_e(lab.astype(np.float32), colour.astype(np.float32))
        assert single.dtype == np.float32
        # Where the hues are opposed the formula jumps, and rounding may fall on the other side.
        beside = np.abs(lab[:, 1] * colour[2] - lab[:, 2] * colour[1]) > 1e-3 * np.hypot(colour[1], colour[2])
        assert np.abs(single - delta_e(lab, colour))[beside].max() < 1e-3
