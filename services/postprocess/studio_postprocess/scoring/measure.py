"""How good a concept is, measured. Every figure but the colour difference runs from 0, bad, to 1, good.

Figures that need neighbourhoods or colour differences look at a regular grid of the pixels, so that they cost
milliseconds at any size and the same picture always gets the same figures.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from studio_colour.difference import ByteArray, FloatArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.concept import Quality
from studio_contracts.palette import Colour
from studio_postprocess.installable.outside import inside
from studio_postprocess.installable.regions import colours_of

_GRID_SIDE = 384
_SAMPLE_SIDE = 96
_DIGITS = 6
_FLOOR = 0.01  # one figure at nought must not hide the differences in the others

FIDELITY_LIMIT = 30.0
"""Mean CIEDE2000 difference at which nothing of the original is left."""

CLEAR_DIFFERENCE = 20.0
"""CIEDE2000 difference from which two neighbouring colours read as plainly different across a playground."""

BASE, ACCENTS, HIGHLIGHTS = 0.55, 0.30, 0.15
"""Shares of the area a designer aims at."""

WEIGHTS = {
    "flatness": 0.40,
    "fidelity": 0.20,
    "balance": 0.15,
    "contrast": 0.10,
    "adherence": 0.06,
    "installability": 0.30,
}
"""Weights of the score; those of the figures present are scaled to sum to 1."""


def measure(
    original: ByteArray,
    indices: ByteArray,
    palette: Sequence[Colour],
    stencil: ByteArray | None = None,
    installability: float | None = None,
) -> Quality:
    """All figures of a concept, rounded to six digits.

    `original` is sRGB (height, width, 3), `indices` its clamp (height, width); `stencil` holds indices into the same
    palette in any size; `installability` is the installer score, 0 to 1. Pixels whose index is VOID count for nothing.
    """
    difference = mean_delta_e(original, indices, palette)
    quality = Quality(
        score=0.0,
        fidelity=fidelity(difference),
        flatness=flatness(indices),
        contrast=contrast(indices, palette),
        balance=balance(shares(indices, len(palette))),
        mean_delta_e=difference,
        adherence=None if stencil is None else adherence(indices, stencil),
        installability=installability,
    )
    quality = quality.model_copy(update={"score": score(quality)})
    rounded = {name: None if figure is None else round(figure, _DIGITS) for name, figure in quality}
    return Quality(**rounded)


def score(quality: Quality) -> float:
    """The one figure concepts are ranked by, 0 to 1: the weighted geometric mean of the figures present.

    Geometric, because good colours do not compensate for a picture that cannot be laid.
    """
    present = [(weight, value) for name, weight in WEIGHTS.items() if (value := getattr(quality, name)) is not None]
    logarithm = sum(weight * math.log(max(value, _FLOOR)) for weight, value in present)
    return math.exp(logarithm / sum(weight for weight, _ in present))


def mean_delta_e(original: ByteArray, indices: ByteArray, palette: Sequence[Colour]) -> float:
    """Mean CIEDE2000 difference between the original and its clamp, 0 upwards; a difference of 1 is just visible."""
    step = _step(indices, _SAMPLE_SIDE)
    sample = indices[::step, ::step]
    shown = inside(sample)
    painted = lab_from_rgb(palette_rgb(palette)).astype(np.float32)[sample[shown]]
    difference = delta_e(lab_from_rgb(original[::step, ::step][shown]).astype(np.float32), painted)
    return float(difference.mean(dtype=np.float64))


def fidelity(mean_difference: float) -> float:
    """How much of the original survives the clamp: 1 at no colour difference, 0 from FIDELITY_LIMIT on, linear."""
    return max(0.0, 1.0 - mean_difference / FIDELITY_LIMIT)


def flatness(indices: ByteArray) -> float:
    """How flat the colour lies: the squared chance that a point near a pixel has the pixel's colour.

    Near is a square of a quarter of the shorter side. One flat colour has 1, large clean regions 0.7 to 0.8, the same
    with a fifth of the pixels at random 0.4, hundreds of small regions 0.2, noise in six colours 0.03.
    """
    grid = _grid(indices)
    side = max(3, min(grid.shape) // 4)
    same, counted = 0.0, cv2.countNonZero(inside(grid).view(np.uint8))
    whole = None
    if counted < grid.size:
        shown = inside(grid).view(np.uint8) * np.uint8(255)
        whole = np.maximum(cv2.blur(shown, (side, side), borderType=cv2.BORDER_REFLECT), 1) / np.float32(255)
    for colour in colours_of(grid):
        mask = cv2.inRange(grid, (colour,), (colour,))
        if count := cv2.countNonZero(mask):
            nearby = cv2.blur(mask, (side, side), borderType=cv2.BORDER_REFLECT)
            share = nearby if whole is None else nearby / whole
            same += cv2.mean(share, mask)[0] / 255.0 * count
    return float((same / counted) ** 2)


def contrast(indices: ByteArray, palette: Sequence[Colour]) -> float:
    """How plainly neighbouring colours differ: CIEDE2000 over CLEAR_DIFFERENCE, at most 1, averaged along all borders.

    A picture without borders has 0.
    """
    grid, count = _grid(indices), len(palette)
    borders = _pairs(grid[:, :-1], grid[:, 1:], count) + _pairs(grid[:-1], grid[1:], count)
    lab = lab_from_rgb(palette_rgb(palette))
    clarity = np.minimum(delta_e(lab[:, np.newaxis], lab) / CLEAR_DIFFERENCE, 1.0)
    return float((borders * clarity).sum() / max(borders.sum(), 1))


def balance(colour_shares: FloatArray) -> float:
    """Nearness of the colours' shares to base, accents and highlights: 1 at 55/30/15, 0 at one flat colour.

    Of the colours used the largest is the base; the larger half of the others share the accents' part, the rest the
    highlights'. One less the share of the area that would have to change colour, over what it is for a single colour.
    """
    ordered = np.sort(colour_shares)[::-1]
    used = max(3, int((ordered >= 0.01).sum()))
    accents = used // 2
    highlights = used - 1 - accents
    wanted = [BASE, *[ACCENTS / accents] * accents, *[HIGHLIGHTS / highlights] * highlights]
    size = max(used, len(ordered))
    ordered, target = np.pad(ordered, (0, size - len(ordered))), np.pad(wanted, (0, size - used))
    misplaced = float(np.maximum(ordered - target, 0.0).sum())
    return max(0.0, 1.0 - misplaced / (1.0 - BASE))


def adherence(indices: ByteArray, stencil: ByteArray) -> float:
    """Share of the pixels that have the stencil's colour; a stencil of another size is scaled to the picture's."""
    if stencil.shape != indices.shape:
        stencil = cv2.resize(stencil, indices.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
    return float(np.count_nonzero(indices == stencil) / np.count_nonzero(inside(indices)))


def shares(indices: ByteArray, colours: int) -> FloatArray:
    """Share of the pixels of each palette colour, shape (colours,)."""
    counts = [np.count_nonzero(indices == colour) for colour in range(colours)]  # four times as fast as a histogram
    return np.array(counts) / sum(counts)


def _step(indices: ByteArray, side: int) -> int:
    """Every how many pixels to look, for at least `side` of them along the shorter side."""
    return max(1, int(min(indices.shape)) // side)


def _grid(indices: ByteArray) -> ByteArray:
    step = _step(indices, _GRID_SIDE)
    return np.ascontiguousarray(indices[::step, ::step])


def _pairs(first: ByteArray, second: ByteArray, count: int) -> FloatArray:
    """How often each pair of two colours lies side by side, shape (count, count)."""
    border = np.flatnonzero(first != second)
    first, second = first.ravel().take(border), second.ravel().take(border)
    both = (first < count) & (second < count)
    codes = first[both].astype(np.uint16) * count + second[both]
    return np.bincount(codes, minlength=count * count).reshape(count, count).astype(np.float64)
