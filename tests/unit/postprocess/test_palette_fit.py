"""The colours of a concept fit its picture."""

import numpy as np
import pytest

from studio_colour.difference import ByteArray, palette_rgb
from studio_contracts.palette import BY_CODE, MAX_CHOSEN, PALETTE, Colour
from studio_postprocess.clamp.clamp import clamp_for
from studio_postprocess.clamp.palette_fit import colourfulness, fit_palette
from studio_postprocess.scoring.measure import mean_delta_e
from studio_support.synthetic_pictures import painted, regions


def of(*codes: str) -> list[Colour]:
    return [BY_CODE[code] for code in codes]


PLANNED = of("RH90", "RH50", "RH41", "RH01")


def codes(colours: tuple[Colour, ...]) -> list[str]:
    return [colour.code for colour in colours]


@pytest.mark.parametrize("picked", [("RH20", "RH41"), ("RH70", "RH31", "RH02"), ("RH12", "RH11", "RH32", "RH41")])
def test_a_flat_picture_gets_its_own_colours_and_no_others(picked: tuple[str, ...]) -> None:
    picture = painted(regions(300, 200, 12, len(picked)), of(*picked), grain=2)
    assert set(codes(fit_palette(picture, PLANNED))) == set(picked)


def test_at_most_six_the_most_used_first() -> None:
    stripes = palette_rgb(PALETTE).repeat(range(30, 30 + len(PALETTE)), axis=0)[np.newaxis].repeat(60, axis=0)
    fitted = fit_palette(stripes, PLANNED)
    assert len(fitted) == len(set(fitted)) == MAX_CHOSEN
    flag = np.concatenate(
        [
            np.full((60, width, 3), colour.rgb, np.uint8)
            for colour, width in zip(of("RH02", "RH31", "RH20"), (30, 90, 60), strict=True)
        ],
        axis=1,
    )
    assert codes(fit_palette(flag, PLANNED)) == ["RH31", "RH20", "RH02"]


def test_colours_asked_for_are_kept() -> None:
    picture = painted(regions(300, 200, 12, 3), of("RH12", "RH11", "RH32"))
    assert {"RH90", "RH12", "RH11"} <= set(codes(fit_palette(picture, PLANNED, of("RH90"))))
    six = of("RH02", "RH31", "RH12", "RH41", "RH70", "RH20")
    assert set(fit_palette(picture, PLANNED, six)) == set(six)


def test_two_colours_that_look_alike_are_not_both_chosen() -> None:
    pale = np.linspace(200, 255, 300).astype(np.uint8)[np.newaxis, :, np.newaxis].repeat(200, axis=0).repeat(3, axis=2)
    assert not {"RH31", "RH65"} <= set(codes(fit_palette(pale, PLANNED)))


def test_a_picture_with_faint_colours_does_not_go_grey(rng: np.random.Generator) -> None:
    grey = rng.integers(90, 200, (240, 240, 1), dtype=np.uint8).repeat(3, axis=2)
    grey[:40, :, 0] += 40
    grey[40:70, :, 2] += 50

    def lively(rgb: ByteArray) -> float:
        flat = rgb.reshape(-1, 3).astype(float)
        return colourfulness(flat, np.full(len(flat), 1 / len(flat)))

    fitted = fit_palette(grey, PLANNED)
    from studio_postprocess.clamp.clamp import Clamp

    shown = palette_rgb(fitted)[Clamp(fitted).indices(grey)]
    assert lively(shown) >= 0.9 * lively(grey)


def test_colourfulness_is_nought_for_greys() -> None:
    greys = np.arange(0, 250, 10.0)[:, np.newaxis].repeat(3, axis=1)
    assert colourfulness(greys, np.full(25, 0.04)) == pytest.approx(0)
    assert colourfulness(palette_rgb(of("RH02", "RH41", "RH20")).astype(float), np.full(3, 1 / 3)) > 100


def test_planned_colours_that_suit_the_picture_stay() -> None:
    planned = of("RH20", "RH31", "RH41", "RH70")
    assert fit_palette(painted(regions(300, 200, 12, 3), planned[:3]), planned) == tuple(planned)
    assert fit_palette(painted(regions(300, 200, 12, 3), of("RH12", "RH11", "RH32")), planned) != tuple(planned)


def test_a_small_accent_in_a_colour_of_its_own_is_in_the_palette() -> None:
    picture = painted(regions(300, 200, 12, 2), of("RH40", "RH32"), grain=2)
    plain = set(codes(fit_palette(picture, PLANNED)))
    rows, columns = np.ogrid[:200, :300]
    picture[(rows - 100) ** 2 + (columns - 150) ** 2 < 16**2] = BY_CODE["RH01"].rgb
    assert set(codes(fit_palette(picture, PLANNED))) == plain | {"RH01"} == {"RH40", "RH32", "RH01"}


def test_the_mean_difference_falls_by_a_third_and_the_picture_stays_as_colourful() -> None:
    drawings = (("RH12", "RH11", "RH32"), ("RH02", "RH31", "RH70"), ("RH21", "RH22", "RH31", "RH41"))
    before, after = [], []
    for number, picked in enumerate(drawings):
        picture = painted(regions(300, 200, 12, len(picked), number), of(*picked), number, grain=6)
        fitted = fit_palette(picture, PLANNED)
        before.append(mean_delta_e(picture, clamp_for(tuple(PLANNED)).indices(picture), PLANNED))
        indices = clamp_for(fitted).indices(picture)
        after.append(mean_delta_e(picture, indices, fitted))
        shown, whole = (colours.reshape(-1, 3).astype(float) for colours in (palette_rgb(fitted)[indices], picture))
        even = np.full(len(whole), 1 / len(whole))
        assert colourfulness(shown, even) >= 0.9 * colourfulness(whole, even)
    assert sum(after) <= 2 / 3 * sum(before)


def test_what_lies_outside_the_outline_asks_for_no_colour() -> None:
    picture = painted(regions(300, 200, 12, 2), of("RH20", "RH41"))
    picture[:, 150:] = BY_CODE["RH02"].rgb
    unseen = np.zeros(picture.shape[:2], np.bool_)
    unseen[:, 150:] = True
    assert set(codes(fit_palette(picture, PLANNED, unseen=unseen))) == {"RH20", "RH41"}
    assert "RH02" in codes(fit_palette(picture, PLANNED))
    assert fit_palette(picture, PLANNED, unseen=np.ones_like(unseen)) == fit_palette(picture, PLANNED)
