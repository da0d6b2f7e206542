"""The few colours of the range that show one picture best, where the client has chosen none.

A greedy choice with swaps over a histogram of the picture's colours, as in k-medoids (PAM: Kaufman, Rousseeuw 1987).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import ByteArray, FloatArray, delta_e, lab_from_rgb, palette_rgb
from studio_contracts.palette import MAX_CHOSEN, PALETTE, Colour
from studio_postprocess.clamp.hue import hue_difference

_STEP = 3  # of the pixels looked at
_BITS = 4  # of a channel
_EDGE, _OF_EDGES = 60, 0.25  # what lies between two colours is a mixture of them, and counts less
_LEAST_GAIN, _LEAST_GAIN_PART = 0.2, 0.02
"""What one more colour must take away from the mean difference, and which part of it."""
_HUE_WEIGHT, _CHROMA_WEIGHT, _CHROMA_LOST = 40.0, 0.01, 0.1
_ACCENT, _UNLIKE = 0.006, 10.0
"""Share of the picture from which a colour is an accent, where all others cost more by so much."""
_SWAPS = 3
_NEARLY = 1.05
_NEVER = 1e6
_ALIKE = 8.0
"""CIEDE2000 difference below which two colours do not go together: their border would be noise."""

Weights = FloatArray


def fit_palette(
    rgb: ByteArray,
    planned: Sequence[Colour],
    kept: Sequence[Colour] = (),
    refused: Sequence[Colour] = (),
    unseen: NDArray[np.bool_] | None = None,
) -> tuple[Colour, ...]:
    """At most six colours for an sRGB picture, shape (height, width, 3): `kept`, and the nearest but those `refused`.

    Pixels that are `unseen`, shape (height, width), do not count: they lie outside the surface's outline.

    Coloured pixels weigh more than grey ones, and lost chroma counts, so that a photograph does not go grey. If the
    picture in the colours chosen would be less colourful than both itself and what the whole range makes of it, up to
    three colours are exchanged for livelier ones. The most used come first. Where the colours `planned` for the brief
    are nearly as good, they stay. 1 to 10 ms.
    """
    bins, weights = _histogram(rgb, unseen)
    weighted = weights * (1 + _CHROMA_WEIGHT * _CHROMA[bins])
    fixed = [PALETTE.index(colour) for colour in kept]
    out = np.array([colour in refused for colour in PALETTE])
    cost = np.where(out, _NEVER, _COST[bins])
    chosen = _swapped(_greedy(fixed, cost, weighted), len(fixed), cost, weighted)
    chosen = _livelier(chosen, len(fixed), bins, weights, set(np.flatnonzero(out).tolist()))
    chosen = _with_accents(chosen, cost, weights)
    plan = [PALETTE.index(colour) for colour in planned]
    suits = _cost(plan, cost, weighted) <= _NEARLY * _cost(chosen, cost, weighted)
    if suits and set(fixed) <= set(plan) and not out[plan].any():
        return tuple(planned)
    used = np.bincount(_DIFFERENCE[bins][:, chosen].argmin(axis=1), weights=weights, minlength=len(chosen))
    return tuple(PALETTE[chosen[place]] for place in np.argsort(-used, kind="stable"))


def colourfulness(rgb: FloatArray, weights: Weights) -> float:
    """Colourfulness of sRGB colours (n, 3) that cover shares (n,) of a picture: 0 for greys, above 100 for a toy shop.

    Source: Hasler, Süsstrunk, "Measuring colourfulness in natural images", SPIE 5007 (2003).
    """
    opponents = np.stack([rgb[:, 0] - rgb[:, 1], (rgb[:, 0] + rgb[:, 1]) / 2 - rgb[:, 2]])
    mean = opponents @ weights
    spread = np.sqrt(np.maximum((opponents**2) @ weights - mean**2, 0))
    return float(np.hypot(*spread) + 0.3 * np.hypot(*mean))


def _histogram(rgb: ByteArray, unseen: NDArray[np.bool_] | None) -> tuple[np.ndarray, Weights]:
    """The bins that the picture's colours fall into, and their shares, which are smaller on edges."""
    sample = rgb[::_STEP, ::_STEP]
    high = (sample >> (8 - _BITS)).astype(np.int32)
    code = high[..., 0] << 2 * _BITS | high[..., 1] << _BITS | high[..., 2]
    light = sample.sum(axis=2, dtype=np.int32)
    weight = np.ones(code.shape)
    weight[:, 1:][np.abs(np.diff(light, axis=1)) > _EDGE] = _OF_EDGES
    weight[1:][np.abs(np.diff(light, axis=0)) > _EDGE] = _OF_EDGES
    if unseen is not None and not (hidden := unseen[::_STEP, ::_STEP]).all():
        weight[hidden] = 0
    count = np.bincount(code.ravel(), weights=weight.ravel())
    bins = np.flatnonzero(count)
    return bins, count[bins] / count.sum()


def _cost(chosen: list[int], cost: FloatArray, weights: Weights) -> float:
    return float(weights @ cost[:, chosen].min(axis=1))


def _greedy(chosen: list[int], cost: FloatArray, weights: Weights) -> list[int]:
    least = cost[:, chosen].min(axis=1) if chosen else np.full(len(cost), np.inf)
    while len(chosen) < MAX_CHOSEN:
        left = weights @ np.minimum(least[:, np.newaxis], cost)
        left[_TOO_ALIKE[chosen].any(axis=0)] = np.inf
        best = int(left.argmin())
        before = float(weights @ least) if chosen else np.inf
        if before - left[best] < max(_LEAST_GAIN, _LEAST_GAIN_PART * min(before, 1e3)):
            break
        chosen = [*chosen, best]
        least = np.minimum(least, cost[:, best])
    return chosen


def _with_accents(chosen: list[int], cost: FloatArray, weights: Weights) -> list[int]:
    """The choice and, while there is room, colours that little of the picture has, but nothing like which is chosen."""
    nearest = cost.argmin(axis=1)
    while len(chosen) < MAX_CHOSEN:
        missed = weights * np.maximum(cost[:, chosen].min(axis=1) - cost.min(axis=1) - _UNLIKE, 0)
        by_colour = np.bincount(nearest, weights=missed, minlength=len(PALETTE))
        by_colour[_TOO_ALIKE[chosen].any(axis=0)] = 0
        best = int(by_colour.argmax())
        if np.sum(weights[(nearest == best) & (missed > 0)]) < _ACCENT:
            break
        chosen = [*chosen, best]
    return chosen


def _swapped(chosen: list[int], fixed: int, cost: FloatArray, weights: Weights) -> list[int]:
    """The choice with each colour, save the first `fixed`, exchanged while that lowers the cost."""
    least, improved = _cost(chosen, cost, weights), True
    while improved:
        improved = False
        for place in range(fixed, len(chosen)):
            others = chosen[:place] + chosen[place + 1 :]
            rest = cost[:, others].min(axis=1) if others else np.full(len(cost), np.inf)
            left = weights @ np.minimum(rest[:, np.newaxis], cost)
            left[_TOO_ALIKE[others].any(axis=0)] = np.inf
            best = int(left.argmin())
            if left[best] < least - 1e-9:
                chosen = [*chosen[:place], best, *chosen[place + 1 :]]
                least, improved = float(left[best]), True
    return chosen


def _livelier(chosen: list[int], fixed: int, bins: np.ndarray, weights: Weights, out: set[int]) -> list[int]:
    difference = _DIFFERENCE[bins]

    def lively(colours: list[int]) -> float:
        return colourfulness(_PALETTE_RGB[np.array(colours)[difference[:, colours].argmin(axis=1)]], weights)

    wanted = min(colourfulness(_RGB[bins], weights), lively(list(range(len(PALETTE)))))
    for _ in range(_SWAPS):
        reached = lively(chosen)
        if reached >= wanted:
            break
        swaps = [
            [*chosen[:place], colour, *chosen[place + 1 :]]
            for place in range(fixed, len(chosen))
            for colour in set(range(len(PALETTE))) - out - {chosen[place]}
            if not _TOO_ALIKE[chosen[:place] + chosen[place + 1 :], colour].any()
        ]
        gained = [(lively(swap), swap) for swap in swaps]
        enough = [swap for value, swap in gained if value >= wanted]
        if enough:
            return min(enough, key=lambda swap: float(weights @ difference[:, swap].min(axis=1)))
        best = max(gained, default=(reached, chosen))
        if best[0] <= reached:
            break
        chosen = best[1]
    return chosen


_SIDE = 1 << _BITS
_RGB = (np.indices((_SIDE, _SIDE, _SIDE)).reshape(3, -1).T * (256 // _SIDE) + 128 // _SIDE).astype(np.float64)
"""The middle of each bin, red slowest."""
_PALETTE_RGB = palette_rgb(PALETTE).astype(np.float64)
_LAB, _PALETTE_LAB = lab_from_rgb(_RGB.astype(np.uint8)), lab_from_rgb(palette_rgb(PALETTE))
_CHROMA = np.hypot(_LAB[:, 1], _LAB[:, 2])
_DIFFERENCE = delta_e(_LAB[:, np.newaxis], _PALETTE_LAB)
"""CIEDE2000 of each bin and colour, shape (4096, 21)."""
_TOO_ALIKE = delta_e(_PALETTE_LAB[:, np.newaxis], _PALETTE_LAB) < _ALIKE
_COST = (
    _DIFFERENCE
    + _HUE_WEIGHT * np.sqrt(hue_difference(_RGB.astype(np.uint8), PALETTE))
    + _CHROMA_LOST * np.maximum(_CHROMA[:, np.newaxis] - np.hypot(_PALETTE_LAB[:, 1], _PALETTE_LAB[:, 2]), 0)
)
