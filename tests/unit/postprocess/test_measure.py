"""Honest ranking: clean designs above speckled ones, above confetti, above noise."""

from itertools import pairwise

import numpy as np
import pytest

from studio_colour.difference import ByteArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.concept import Quality
from studio_contracts.palette import BY_CODE, PALETTE
from studio_postprocess.clamp.clamp import Clamp
from studio_postprocess.io.encode import paint
from studio_postprocess.scoring.measure import (
    CLEAR_DIFFERENCE,
    FIDELITY_LIMIT,
    adherence,
    balance,
    contrast,
    fidelity,
    flatness,
    mean_delta_e,
    measure,
    score,
    shares,
)
from studio_support.synthetic_pictures import painted, regions

WIDTH, HEIGHT = 576, 384
PALETTES = {
    "ocean": [BY_CODE[code] for code in ("RH20", "RH23", "RH22", "RH26", "RH31", "RH70")],
    "bright": [BY_CODE[code] for code in ("RH02", "RH41", "RH20", "RH11", "RH31", "RH70")],
}
GREEN = 0.70
MARGIN = 0.02


def bands(width: int = WIDTH, height: int = HEIGHT) -> ByteArray:
    colour = np.searchsorted([0.55, 0.85, 1.0], (np.arange(height) + 0.5) / height).astype(np.uint8)
    return np.repeat(colour[:, np.newaxis], width, axis=1)


def speckled(indices: ByteArray, share: float, colours: int, rng: np.random.Generator) -> ByteArray:
    hit = rng.random(indices.shape) < share
    return np.where(hit, rng.integers(0, colours, indices.shape, dtype=np.uint8), indices)


def rank(indices: ByteArray, palette: str) -> float:
    return measure(paint(indices, PALETTES[palette]), indices, PALETTES[palette]).score


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("seed", range(4))
def test_cleaner_designs_rank_higher(palette: str, seed: int, rng: np.random.Generator) -> None:
    clean = regions(WIDTH, HEIGHT, 10, 6, seed)
    scores = [
        min(rank(clean, palette), rank(bands(), palette)),
        rank(speckled(clean, 0.05, 6, rng), palette),
        rank(speckled(clean, 0.20, 6, rng), palette),
        rank(regions(WIDTH, HEIGHT, 300, 6, seed), palette),
        rank(rng.integers(0, 6, (HEIGHT, WIDTH), dtype=np.uint8), palette),
    ]
    assert all(better > worse + MARGIN for better, worse in pairwise(scores)), scores


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("seed", range(4))
def test_a_good_clean_concept_is_green_and_confetti_is_not(palette: str, seed: int) -> None:
    clean = regions(WIDTH, HEIGHT, 10, 6, seed)
    original = painted(clean, PALETTES[palette], seed)
    clamped = Clamp(PALETTES[palette]).indices(original)
    assert measure(original, clamped, PALETTES[palette], clean).score >= GREEN
    assert rank(clean, palette) >= GREEN
    assert rank(regions(WIDTH, HEIGHT, 300, 6, seed), palette) < GREEN


def test_one_flat_colour_is_no_design() -> None:
    assert rank(np.zeros((HEIGHT, WIDTH), np.uint8), "bright") < 0.3


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_score_hardly_depends_on_the_number_of_pixels(scale: float) -> None:
    clean, other = regions(1152, 768, 10, 6), regions(int(1152 * scale), int(768 * scale), 10, 6)
    assert rank(clean, "bright") == pytest.approx(rank(other, "bright"), abs=0.03)


def test_the_same_picture_gets_the_same_figures_to_the_last_digit() -> None:
    original = painted(regions(300, 200, 9, 6), PALETTES["ocean"])
    clamped = Clamp(PALETTES["ocean"]).indices(original)
    first = measure(original, clamped, PALETTES["ocean"])
    assert first == measure(original.copy(), Clamp(PALETTES["ocean"]).indices(original), PALETTES["ocean"])


def test_figures_stay_between_0_and_1(rng: np.random.Generator) -> None:
    for shape in [(1, 1), (1, 700), (700, 1), (3, 5), (64, 64)]:
        indices = rng.integers(0, 6, shape, dtype=np.uint8)
        quality = measure(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), indices, PALETTES["ocean"], indices, 0.5)
        figures = [figure for name, figure in quality if name not in {"mean_delta_e", "subjects"}]
        assert all(figure is not None and 0.0 <= figure <= 1.0 for figure in figures)


def test_mean_difference_is_that_of_all_pixels_nearly() -> None:
    palette = PALETTES["ocean"]
    original = painted(regions(WIDTH, HEIGHT, 9, 6), palette)
    clamped = Clamp(palette).indices(original)
    exact = delta_e(lab_from_rgb(original), lab_from_rgb(palette_rgb(palette))[clamped]).mean()
    assert mean_delta_e(original, clamped, palette) == pytest.approx(exact, abs=0.05)
    assert mean_delta_e(paint(clamped, palette), clamped, palette) == 0.0


def test_fidelity_falls_with_the_difference() -> None:
    assert fidelity(0.0) == 1.0
    assert fidelity(FIDELITY_LIMIT / 2) == 0.5
    assert fidelity(2 * FIDELITY_LIMIT) == 0.0


def test_flatness_of_one_colour_is_1_and_of_noise_next_to_nothing(rng: np.random.Generator) -> None:
    assert flatness(np.full((90, 60), 3, np.uint8)) == 1.0
    assert flatness(rng.integers(0, 6, (300, 300), dtype=np.uint8)) == pytest.approx(1 / 36, abs=0.005)


def test_contrast_looks_at_colours_that_touch() -> None:
    beside = [BY_CODE["RH31"], BY_CODE["RH65"], BY_CODE["RH70"]]
    indices = np.array([[0, 1, 2]], np.uint8).repeat(30, axis=1).repeat(20, axis=0)
    lab = lab_from_rgb(palette_rgb(beside))
    cream_to_grey = float(delta_e(lab[0], lab[1]))
    assert contrast(indices, beside) == pytest.approx((cream_to_grey / CLEAR_DIFFERENCE + 1.0) / 2)
    assert contrast(np.zeros((5, 5), np.uint8), beside) == 0.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0.55, 0.30, 0.15], 1.0),
        ([0.0, 0.15, 0.55, 0.0, 0.30, 0.0], 1.0),
        ([0.55, 0.10, 0.10, 0.10, 0.075, 0.075], 1.0),
        ([1.0, 0.0, 0.0], 0.0),
        ([0.55, 0.45], 1 - 0.15 / 0.45),
        ([1 / 6] * 6, 1 - (4 * 1 / 6 + 1 / 6 - 0.3 - 0.15) / 0.45),
    ],
)
def test_balance_is_nearness_to_base_accents_and_highlights(given: list[float], expected: float) -> None:
    assert balance(np.array(given)) == pytest.approx(expected, abs=1e-9)


def test_adherence_scales_the_stencil_to_the_picture() -> None:
    stencil = regions(96, 64, 6, 4)
    assert adherence(stencil, stencil) == 1.0
    assert adherence(stencil.repeat(2, axis=0).repeat(2, axis=1), stencil) == 1.0
    assert adherence((stencil + 1).astype(np.uint8), stencil) == 0.0


def test_score_weighs_only_the_figures_there_are() -> None:
    def with_installability(value: float) -> Quality:
        return quality.model_copy(update={"installability": value})

    quality = Quality(score=0.0, fidelity=0.8, flatness=0.8, contrast=0.8, balance=0.8, mean_delta_e=6.0)
    assert score(quality) == pytest.approx(0.8)
    assert score(quality.model_copy(update={"adherence": 0.8, "installability": 0.8})) == pytest.approx(0.8)
    assert score(with_installability(0.1)) < score(quality) < score(with_installability(1.0))


def test_shares_are_exact_and_sum_to_1(rng: np.random.Generator) -> None:
    indices = rng.integers(0, 5, (123, 457), dtype=np.uint8)
    counted = shares(indices, len(PALETTE))
    assert counted.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_array_equal(counted * indices.size, np.bincount(indices.ravel(), minlength=len(PALETTE)))
