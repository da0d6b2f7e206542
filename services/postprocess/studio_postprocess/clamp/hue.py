"""Matching colours by what a person calls them: hue and chroma come before lightness where a colour has a hue.

The nearest colour by CIEDE2000 may have another name: navy is nearer to black than to blue, lime nearer to yellow than
to green. The laid picture is matched by this difference, `quantized` by the exact one.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import studio_colour.difference
from studio_colour.difference import ByteArray, FloatArray, linear_rgb, palette_rgb
from studio_contracts.palette import PALETTE, Colour
from studio_postprocess.clamp.cached_tables import Tables, cached_tables

# Björn Ottosson, "A perceptual color space for image processing" (2020): linear sRGB to cone responses, their cube
# roots to lightness, a and b. Unlike CIELAB it keeps the hue of a blue that gets darker.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

NAME_BOUNDARIES_DEG = (14.0, 32.0, 48.0, 84.0, 112.0, 180.0, 212.0, 277.0, 330.0)
"""OKLab hues where pink becomes red, then orange, amber, yellow, green, turquoise, blue, purple and pink again."""
_JUMP_DEG, _JUMP_WIDTH_DEG = 12.0, 8.0
_GREY, _COLOURED = 0.02, 0.06
"""OKLab chroma up to which a colour has no hue to speak of, and from which hue comes first."""
_NEUTRAL = 0.03
_LIGHTNESS, _CHROMA_LOST, _CHROMA_WON, _HUE = 0.36, 1.6, 0.8, 0.22
_OF_GREYS = 2.2
_LOST_HUE = 0.03


def oklab(rgb: ByteArray) -> FloatArray:
    """OKLab (L 0 to 1, a, b) of 8-bit sRGB colours, shape (..., 3) to (..., 3)."""
    oklab: FloatArray = np.cbrt(linear_rgb(rgb) @ _CONES.T) @ _OKLAB.T
    return oklab


def hue_difference(rgb: ByteArray, palette: Sequence[Colour]) -> FloatArray:
    """Squared difference of sRGB colours, shape (..., 3), to each of the palette, shape (..., colours).

    For a coloured one: lightness weighs little, lost chroma much, and the angle between the hues, to which each
    boundary between two names adds. For a grey it is the plain distance with lightness at full weight.
    """
    own, other = oklab(rgb)[..., np.newaxis, :], oklab(palette_rgb(palette))
    chroma, other_chroma = (np.hypot(lab[..., 1], lab[..., 2]) for lab in (own, other))
    coloured = np.clip((chroma - _GREY) / (_COLOURED - _GREY), 0, 1)
    lighter, plain = own[..., 0] - other[..., 0], ((own - other)[..., 1:] ** 2).sum(axis=-1)
    apart = np.abs(_named_hue(own) - _named_hue(other)) % 1.0
    angle = 2 * np.sin(np.pi * np.minimum(apart, 1 - apart))
    lost, won = np.maximum(chroma - other_chroma, 0), np.maximum(other_chroma - chroma, 0)
    neutral = other_chroma < _NEUTRAL
    by_hue = (_CHROMA_LOST * lost) ** 2 + (_CHROMA_WON * won) ** 2
    by_hue += np.where(neutral, _LOST_HUE, (_HUE * angle) ** 2)
    weight = 1 - (1 - _LIGHTNESS) * coloured
    difference: FloatArray = (weight * lighter) ** 2 + (1 - coloured) * plain * _OF_GREYS**2 + coloured * by_hue
    return difference


def hue_first(rgb: ByteArray, palette: tuple[Colour, ...]) -> ByteArray:
    """Indices into the palette, shape (height, width), of the nearest colours by `hue_difference`.

    Colours are distinguished to 5 bits a channel.
    """
    return cv2.LUT(_codes(rgb), _table(palette)).astype(np.uint8, copy=False)


def hue_costs(rgb: ByteArray, palette: Sequence[Colour], most: float) -> list[FloatArray]:
    """By how much, up to `most`, each palette colour suits each pixel worse than the best of them by `hue_difference`.

    One array of float32, shape (height, width), a colour.
    """
    codes = _codes(rgb)
    return [cv2.LUT(codes, cost).astype(np.float32, copy=False) for cost in _costs(tuple(palette), most)]


def _codes(rgb: ByteArray) -> NDArray[np.uint16]:
    """The 15-bit number of each pixel's colour."""
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR555).view(np.uint16)[..., 0]


@lru_cache(maxsize=16)
def _costs(palette: tuple[Colour, ...], most: float) -> FloatArray:
    difference = _DIFFERENCES[:, [PALETTE.index(colour) for colour in palette]].T
    worse: FloatArray = np.minimum(difference - difference.min(axis=0), np.float32(most))
    return np.tile(worse, 2)  # cv2.LUT wants an entry for each 16-bit number


@lru_cache(maxsize=16)
def _table(palette: tuple[Colour, ...]) -> ByteArray:
    columns = [PALETTE.index(colour) for colour in palette]
    nearest: ByteArray = _DIFFERENCES[:, columns].argmin(axis=1).astype(np.uint8)
    return np.tile(nearest, 2)


def _named_hue(lab: FloatArray) -> FloatArray:
    """Hue as a part of a turn in which each boundary between two names is longer by `_JUMP_DEG`."""
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    at = np.array([0.0, *(b + side * _JUMP_WIDTH_DEG / 2 for b in NAME_BOUNDARIES_DEG for side in (-1, 1)), 360.0])
    jumps = np.array([0.0, *(n + side for n in range(len(NAME_BOUNDARIES_DEG)) for side in (0, 1))])
    to = at + _JUMP_DEG * np.append(jumps, len(NAME_BOUNDARIES_DEG))
    turn: FloatArray = np.interp(hue, at, to) / to[-1]
    return turn


def _all_differences() -> Tables:
    """Of each 15-bit colour, shape (32768, 21), in the middle of what it stands for."""
    code = np.arange(1 << 15)
    rgb = np.stack([(code >> 10) * 8 + 4, (code >> 5 & 31) * 8 + 4, (code & 31) * 8 + 4], axis=-1).astype(np.uint8)
    return (np.concatenate([hue_difference(part, PALETTE).astype(np.float32) for part in np.split(rgb, 16)]),)


_SOURCES = [Path(code).read_bytes() for code in (__file__, studio_colour.difference.__file__)]
(_DIFFERENCES,) = cached_tables(
    __file__, [*_SOURCES, repr(PALETTE).encode()], [(1 << 15, len(PALETTE))], _all_differences
)
