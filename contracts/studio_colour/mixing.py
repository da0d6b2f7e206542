"""Blends: what colour a mixture of granules looks, and which mixture comes nearest to a colour."""

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import FloatArray, delta_e, lab_from_linear_rgb, lab_from_rgb, linear_rgb, palette_rgb
from studio_contracts.palette import BY_CODE, PALETTE

PARTS = 12
"""A blend is given in parts of twelve: whole buckets into one drum."""
INDISTINGUISHABLE = 0.5
"""A difference (CIEDE2000) that nobody sees between two surfaces."""

Recipe = tuple[tuple[str, int], ...]
"""Codes and their parts, most first; the parts sum to PARTS."""


class Mixture(NamedTuple):
    """A recipe, and by how much its colour differs from the one wanted (CIEDE2000)."""

    recipe: Recipe
    delta_e: float


class _Mixtures(NamedTuple):
    """All of them: parts, uint8 (mixtures, colours), and the colours they look, CIELAB (mixtures, 3)."""

    parts: NDArray[np.uint8]
    lab: FloatArray


@lru_cache(maxsize=512)
def nearest_mixture(colour: str) -> Mixture:
    """The mixture of at most three granules that looks most like a colour, #rrggbb.

    Of mixtures within INDISTINGUISHABLE of the nearest it is the one whose granules look most like the colour
    themselves: it speckles least.

    Granules of 1 to 4 mm lie side by side, and an eye some metres away adds their light: each counts by the share of
    the surface that it covers. That is the Neugebauer equation for areas that do not overlap, linear in light
    (Neugebauer, "Die theoretischen Grundlagen des Mehrfarbenbuchdrucks", 1937). Granules of all colours are equally
    large and dense, so parts by weight are shares of the surface.
    """
    mixtures = _mixtures()
    wanted = lab_from_linear_rgb(linear_of_hex(colour))
    difference = delta_e(mixtures.lab, wanted)
    near = np.flatnonzero(difference <= difference.min() + INDISTINGUISHABLE)
    speckle = mixtures.parts[near] @ delta_e(lab_from_rgb(palette_rgb(PALETTE)), wanted)
    best = near[speckle.argmin()]
    parts = mixtures.parts[best]
    order = sorted(np.flatnonzero(parts), key=lambda number: -int(parts[number]))
    return Mixture(tuple((PALETTE[number].code, int(parts[number])) for number in order), float(difference[best]))


def difference_of(colour: str, code: str) -> float:
    """CIEDE2000 between a colour, #rrggbb, and a granule."""
    wanted, granule = (lab_from_linear_rgb(linear_of_hex(each)) for each in (colour, BY_CODE[code].hex))
    return float(delta_e(wanted, granule))


def linear_of_hex(colour: str) -> FloatArray:
    """The linear light, shape (3,), of a colour as #rrggbb."""
    return linear_rgb(np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.uint8))


def hex_of_linear(linear: FloatArray) -> str:
    """The nearest 8-bit sRGB colour as #rrggbb, of linear light of shape (3,) (IEC 61966-2-1)."""
    light = np.clip(linear, 0.0, 1.0)
    encoded = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return "#" + "".join(f"{round(float(channel) * 255):02x}" for channel in encoded)


@cache
def _mixtures() -> _Mixtures:
    """Those of one granule first, then of two, then of three: 21 + 2,310 + 73,150 for 21 colours."""
    parts = np.concatenate([_of(1), _of(2), _of(3)])
    linear = parts @ linear_rgb(palette_rgb(PALETTE)) / PARTS
    return _Mixtures(parts, lab_from_linear_rgb(linear))


def _of(granules: int) -> NDArray[np.uint8]:
    """Every mixture of exactly this many of the palette's granules, uint8 (mixtures, colours)."""
    colours = np.indices((len(PALETTE),) * granules).reshape(granules, -1)
    colours = colours[:, (np.diff(colours, axis=0) > 0).all(axis=0)]
    shares = np.indices((PARTS + 1,) * granules).reshape(granules, -1)
    shares = shares[:, (shares.sum(axis=0) == PARTS) & (shares > 0).all(axis=0)]
    mixtures = np.zeros((colours.shape[1], shares.shape[1], len(PALETTE)), np.uint8)
    for colour, share in zip(colours, shares, strict=True):
        mixtures[np.arange(colours.shape[1])[:, None], np.arange(shares.shape[1]), colour[:, None]] = share
    return mixtures.reshape(-1, len(PALETTE))
