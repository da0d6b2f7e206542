"""Colour science: sRGB to CIELAB, and the CIEDE2000 colour difference, vectorised over NumPy arrays."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_contracts.palette import Colour

FloatArray = NDArray[np.floating[Any]]
ByteArray = NDArray[np.uint8]

# IEC 61966-2-1 primaries to XYZ, and the CIE D65 white point for the 2 degree observer.
_XYZ_FROM_LINEAR_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
_RATIOS_FROM_LINEAR_RGB = _XYZ_FROM_LINEAR_RGB / _WHITE_D65[:, np.newaxis]

_TURN = 2.0 * math.pi
_BLUE, _BLUE_WIDTH = math.radians(275.0), math.radians(25.0)
_TOO_SMALL_TO_MATTER = -40.0  # as an exponent: keeps single precision clear of denormal numbers, which are slow
_COS30, _SIN30 = math.cos(math.radians(30.0)), math.sin(math.radians(30.0))
_COS6, _SIN6 = math.cos(math.radians(6.0)), math.sin(math.radians(6.0))
_COS63, _SIN63 = math.cos(math.radians(63.0)), math.sin(math.radians(63.0))


def _linear(channel: FloatArray) -> FloatArray:
    return np.where(channel > 0.04045, ((channel + 0.055) / 1.055) ** 2.4, channel / 12.92)


_LINEAR_OF_BYTE = _linear(np.arange(256) / 255.0)


def _lab(red: FloatArray, green: FloatArray, blue: FloatArray) -> FloatArray:
    ratios = (weights[0] * red + weights[1] * green + weights[2] * blue for weights in _RATIOS_FROM_LINEAR_RGB)
    x, y, z = (np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16.0 / 116.0) for ratio in ratios)
    lab = np.empty((*red.shape, 3))
    lab[..., 0], lab[..., 1], lab[..., 2] = 116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)
    return lab


def lab_from_rgb(rgb: ByteArray) -> FloatArray:
    """CIELAB (L 0 to 100, a, b) of 8-bit sRGB colours, shape (..., 3) to (..., 3); D65, 2 degree observer.

    Source: IEC 61966-2-1 for the gamma expansion, CIE 15 for CIELAB.
    """
    return _lab(*(_LINEAR_OF_BYTE[rgb[..., channel]] for channel in range(3)))


def lab_from_fractional_rgb(rgb: FloatArray) -> FloatArray:
    """As `lab_from_rgb`, for colours on the scale 0 to 255 that need not be whole numbers."""
    return _lab(*(_linear(rgb[..., channel] / 255.0) for channel in range(3)))


def lab_from_linear_rgb(linear: FloatArray) -> FloatArray:
    """As `lab_from_rgb`, for linear light, sRGB primaries, 0 to 1."""
    return _lab(linear[..., 0], linear[..., 1], linear[..., 2])


def linear_rgb(rgb: ByteArray) -> FloatArray:
    """Linear light, 0 to 1, of 8-bit sRGB values of any shape."""
    linear: FloatArray = _LINEAR_OF_BYTE[rgb]
    return linear


def palette_rgb(palette: Sequence[Colour]) -> ByteArray:
    """The palette's sRGB values, shape (colours, 3), in the palette's order."""
    return np.array([colour.rgb for colour in palette], dtype=np.uint8)


def delta_e(first: FloatArray, second: FloatArray) -> FloatArray:
    """CIEDE2000 difference (kL = kC = kH = 1) of CIELAB colours, shapes (..., 3) broadcast together, to (...).

    Source: Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary test data,
    and mathematical observations", Color Research and Application 30 (2005). Equation numbers below are theirs.
    """
    lightness1, a1, b1 = first[..., 0], first[..., 1], first[..., 2]
    lightness2, a2, b2 = second[..., 0], second[..., 1], second[..., 2]

    # (2) to (7): chroma and hue with the a axis stretched near grey.
    stretch = 1.0 + 0.5 * (1.0 - _chroma_weight((_length(a1, b1) + _length(a2, b2)) / 2.0))
    a1, a2 = stretch * a1, stretch * a2
    chroma1, chroma2 = _length(a1, b1), _length(a2, b2)
    hue1, hue2 = _hue(a1, b1), _hue(a2, b2)

    # (8) to (14): differences, and the mean hue on the shorter arc. Beside a grey it means nothing and weighs nothing.
    chroma_product = chroma1 * chroma2
    step, total = hue2 - hue1, hue1 + hue2
    wraps = np.abs(step) > math.pi
    step = np.where(wraps, step - np.copysign(_TURN, step), step)
    mean_hue = np.where(wraps, total - np.copysign(_TURN, total - _TURN), total) / 2.0
    hue_difference = 2.0 * np.sqrt(chroma_product) * _sin_cos(step / 2.0)[0]
    mean_chroma = (chroma1 + chroma2) / 2.0
    mean_lightness_offset = ((lightness1 + lightness2) / 2.0 - 50.0) ** 2

    # (15) to (21): weights, and the rotation term of the blue region.
    lightness_scale = 1.0 + 0.015 * mean_lightness_offset / np.sqrt(20.0 + mean_lightness_offset)
    chroma_scale = 1.0 + 0.045 * mean_chroma
    hue_scale = 1.0 + 0.015 * mean_chroma * _hue_weight(mean_hue)
    blueness = np.maximum(-(((mean_hue - _BLUE) / _BLUE_WIDTH) ** 2), _TOO_SMALL_TO_MATTER)
    blue_angle = math.radians(60.0) * np.exp(blueness)
    rotation = -2.0 * _chroma_weight(mean_chroma) * _sin_cos(blue_angle)[0]

    # (22)
    lightness_term = (lightness2 - lightness1) / lightness_scale
    chroma_term = (chroma2 - chroma1) / chroma_scale
    hue_term = hue_difference / hue_scale
    squared = lightness_term**2 + chroma_term**2 + hue_term**2 + rotation * chroma_term * hue_term
    difference: FloatArray = np.sqrt(squared)
    return difference


def _length(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.sqrt(a * a + b * b)


def _hue(a: FloatArray, b: FloatArray) -> FloatArray:
    """Hue angle in radians, 0 to 2 pi."""
    angle = np.arctan2(b, a)
    turn: FloatArray = angle + (math.pi - np.copysign(math.pi, angle))
    return turn


def _chroma_weight(chroma: FloatArray) -> FloatArray:
    seventh = chroma**7
    return np.sqrt(seventh / (seventh + 25.0**7))


def _hue_weight(hue: FloatArray) -> FloatArray:
    """T of equation (15): 1 - 0.17 cos(h - 30) + 0.24 cos 2h + 0.32 cos(3h + 6) - 0.20 cos(4h - 63), in degrees.

    Expanded by the angle sum formulas: sines and cosines are most of the cost of a colour difference.
    """
    sin1, cos1 = _sin_cos(hue)
    cos2, sin2 = cos1 * cos1 - sin1 * sin1, 2.0 * sin1 * cos1
    cos3, sin3 = cos2 * cos1 - sin2 * sin1, sin2 * cos1 + cos2 * sin1
    cos4, sin4 = cos2 * cos2 - sin2 * sin2, 2.0 * sin2 * cos2
    return (
        1.0
        - 0.17 * (cos1 * _COS30 + sin1 * _SIN30)
        + 0.24 * cos2
        + 0.32 * (cos3 * _COS6 - sin3 * _SIN6)
        - 0.20 * (cos4 * _COS63 + sin4 * _SIN63)
    )


def _sin_cos(angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    # By the half-angle tangent, which NumPy vectorises for float64; sin and cos it does not (seven times slower).
    tangent = np.tan(angle / 2.0)
    square = tangent * tangent
    return 2.0 * tangent / (1.0 + square), (1.0 - square) / (1.0 + square)
