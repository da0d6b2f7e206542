"""Soft gradients become calm regions, and what stands out stays."""

import numpy as np
import pytest

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.palette import BY_CODE
from studio_postprocess.clamp.hue import hue_costs, hue_difference, hue_first
from studio_postprocess.installable.region_matching import match_regions
from studio_postprocess.installable.regions import pieces_of

PALETTE = tuple(BY_CODE[code] for code in ("RH60", "RH61", "RH65", "RH70"))
MM = 12.0


def gradient(rng: np.random.Generator) -> ByteArray:
    """A sky from dark grey to pale grey, with grain."""
    light = np.linspace(70, 220, 300)[:, np.newaxis] + rng.normal(0, 12, (300, 200))
    return np.repeat(light.clip(0, 255).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def test_a_soft_gradient_has_a_few_regions_and_not_a_fringe_of_specks(rng: np.random.Generator) -> None:
    look = gradient(rng)
    matched = hue_first(look, PALETTE)
    calm = match_regions(matched, look, PALETTE, MM)
    assert len(pieces_of(matched).area) > 500
    assert len(pieces_of(calm).area) < 12
    assert np.mean(calm != matched) < 0.15


@pytest.mark.parametrize("width", [2, 3])
def test_a_thin_line_in_strong_contrast_stays(width: int, rng: np.random.Generator) -> None:
    look = gradient(rng)
    look[:, 100 : 100 + width] = 0
    matched = hue_first(look, PALETTE)
    calm = match_regions(matched, look, PALETTE, MM)
    assert np.mean(calm[60:, 100 : 100 + width] == PALETTE.index(BY_CODE["RH70"])) > 0.95


def test_costs_are_how_much_worse_than_the_best_a_colour_suits() -> None:
    rgb = palette_rgb(PALETTE)[np.newaxis]
    costs = np.stack(hue_costs(rgb, PALETTE, 0.1), axis=-1)
    assert costs.min(axis=-1).tolist() == [[0, 0, 0, 0]]
    assert costs.max() == pytest.approx(0.1)
    assert (costs.argmin(axis=-1) == hue_difference(rgb, PALETTE).argmin(axis=-1)).all()
