"""Colours are matched by what a person calls them."""

import numpy as np
import pytest

from studio_colour.difference import palette_rgb
from studio_contracts.palette import BY_CODE, PALETTE
from studio_postprocess.clamp.hue import hue_difference, hue_first, oklab


@pytest.mark.parametrize(
    ("called", "rgb", "codes"),
    [
        ("navy", (0, 0, 128), {"RH20"}),
        ("the navy of a flag", (0, 12, 138), {"RH20"}),
        ("royal blue", (65, 105, 225), {"RH20"}),
        ("fire-engine red", (206, 32, 41), {"RH02"}),
        ("crimson", (220, 20, 60), {"RH02"}),
        ("dark red", (160, 4, 30), {"RH01"}),
        ("maroon", (128, 0, 0), {"RH01"}),
        ("lime", (191, 255, 0), {"RH11"}),
        ("lime green", (50, 205, 50), {"RH11"}),
        ("forest green", (34, 139, 34), {"RH10", "RH11"}),
        ("dark green", (0, 60, 20), {"RH12"}),
        ("gold", (255, 204, 0), {"RH41"}),
        ("violet", (148, 80, 200), {"RH21"}),
        ("indigo", (75, 0, 130), {"RH21"}),
        ("hot pink", (255, 105, 180), {"RH90"}),
        ("brown", (101, 67, 33), {"RH32"}),
        ("tan", (210, 180, 140), {"RH30"}),
        ("white", (255, 255, 255), {"RH31"}),
        ("silver", (192, 192, 192), {"RH65"}),
        ("grey", (128, 128, 128), {"RH61"}),
        ("slate", (102, 117, 127), {"RH60", "RH61"}),
        ("black", (0, 0, 0), {"RH70"}),
    ],
)
def test_a_colour_is_matched_by_its_name(called: str, rgb: tuple[int, int, int], codes: set[str]) -> None:
    nearest = PALETTE[int(hue_difference(np.array(rgb, np.uint8), PALETTE).argmin())]
    assert nearest.code in codes, f"{called} became {nearest.name}"


def test_a_dark_blue_is_blue_though_black_is_nearer() -> None:
    colours = tuple(BY_CODE[code] for code in ("RH70", "RH20", "RH31"))
    assert hue_first(np.full((2, 3, 3), (0, 0, 60), np.uint8), colours).tolist() == [[1, 1, 1], [1, 1, 1]]


def test_every_colour_of_the_range_is_its_own() -> None:
    assert hue_first(palette_rgb(PALETTE)[np.newaxis], PALETTE).tolist() == [list(range(len(PALETTE)))]


def test_the_table_says_what_the_formula_says(rng: np.random.Generator) -> None:
    middle = rng.integers(0, 32, (40, 50, 3), dtype=np.uint8) * 8 + 4
    colours = PALETTE[3:9]
    np.testing.assert_array_equal(hue_first(middle, colours), hue_difference(middle, colours).argmin(axis=-1))


def test_oklab_has_the_values_of_its_source() -> None:
    # Ottosson 2020: white is L 1 without a hue; the values of sRGB red are widely published.
    assert oklab(np.array((255, 255, 255), np.uint8)) == pytest.approx([1, 0, 0], abs=1e-3)
    assert oklab(np.array((255, 0, 0), np.uint8)) == pytest.approx([0.62796, 0.22486, 0.12585], abs=1e-4)
