"""Silhouettes of the motifs, as data: closed control polygons, drawn smooth.

Coordinates are about -1 to 1, x to the right and y down. A quadratic B-spline follows the control points; a point
given twice is a sharp corner. Silhouettes have no eyes or patterns: a detail that small cannot be laid.
"""

import math
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

Points = tuple[tuple[float, float], ...]


class Outline(NamedTuple):
    """A silhouette: parts whose union is filled, and cuts taken out of it.

    weight   area beside that of a fish, so that a whale is larger than a star
    tilt     largest rotation from upright, degrees; 180 is any
    trail    whether several follow each other along a path
    """

    parts: tuple[Points, ...]
    cuts: tuple[Points, ...] = ()
    weight: float = 1.0
    tilt: float = 15.0
    trail: bool = False


def _polar(radii: Iterable[float], corner: bool = False) -> Points:
    """Points around the origin at even angles, clockwise from the top; as corners, every other one is sharp."""
    radii = tuple(radii)
    angles = np.linspace(-0.5, 1.5, len(radii), endpoint=False) * np.pi
    points = []
    for number, (radius, angle) in enumerate(zip(radii, angles, strict=True)):
        point = (radius * float(np.cos(angle)), radius * float(np.sin(angle)))
        points += [point, point] if corner and number % 2 == 0 else [point]
    return tuple(points)


def _ellipse(x: float, y: float, across: float, down: float) -> Points:
    """Ellipse with the given centre and half axes."""
    return tuple((x + across * px, y + down * py) for px, py in _polar([1.04] * 12))


def _mirrored(half: Points) -> Points:
    """A left half, given from top to bottom, and its mirror image."""
    return half + tuple((-x, y) for x, y in reversed(half))


def _flip(part: Points) -> Points:
    return tuple((-x, y) for x, y in part)


def _groove(side: float) -> Points:
    """A shell's groove, from near the hinge to the rim at x = side; wider there."""
    foot, low, high = 0.4 * side, 0.36 - 0.1 * abs(side), 0.3 * side * side
    left, right = (foot - 0.03, low), (foot + 0.03, low)
    return (right, left, left, (side - 0.075, high - 0.62), (side, high - 0.72), (side + 0.075, high - 0.62), right)


_SIXTHS = tuple(math.radians(turn) for turn in range(0, 360, 60))
_WING = ((-0.06, -0.1), (-0.3, -0.62), (-0.72, -0.88), (-1.05, -0.72), (-1.02, -0.3), (-0.72, 0.02), (-0.06, 0.1))
_HIND_WING = ((-0.06, -0.05), (-0.55, 0.02), (-0.85, 0.25), (-0.78, 0.68), (-0.45, 0.86), (-0.18, 0.6), (-0.06, 0.25))
_FRONT_FLIPPER = ((-0.3, -0.42), (-0.62, -0.72), (-1.0, -0.72), (-1.08, -0.48), (-0.78, -0.38), (-0.46, -0.08))
_HIND_FLIPPER = ((-0.4, 0.3), (-0.72, 0.5), (-0.84, 0.82), (-0.6, 0.88), (-0.32, 0.72), (-0.2, 0.5))

OUTLINES: dict[str, Outline] = {
    "fish": Outline(
        parts=(
            (
                (1.02, -0.04), (0.82, -0.34), (0.42, -0.54), (-0.02, -0.5), (-0.38, -0.26), (-0.62, -0.1),
                (-0.84, -0.42), (-1.08, -0.58), (-1.0, -0.24), (-0.88, 0.0), (-1.0, 0.24), (-1.08, 0.58),
                (-0.84, 0.42), (-0.62, 0.1), (-0.38, 0.26), (-0.02, 0.5), (0.42, 0.54), (0.82, 0.34), (1.02, 0.04),
            ),
            ((0.42, -0.4), (0.24, -0.74), (-0.14, -0.86), (-0.22, -0.78), (-0.16, -0.4)),
            ((0.2, 0.4), (0.12, 0.66), (-0.14, 0.8), (-0.2, 0.72), (-0.14, 0.36)),
        ),
    ),
    "whale": Outline(
        parts=(
            (
                (-1.05, 0.0), (-1.02, -0.36), (-0.72, -0.58), (-0.3, -0.6), (0.12, -0.46), (0.46, -0.2), (0.66, -0.14),
                (0.78, -0.28), (0.8, -0.46), (0.6, -0.56), (0.5, -0.82), (0.5, -0.82), (0.76, -0.78), (0.9, -0.62),
                (1.02, -0.82), (1.28, -0.88), (1.28, -0.88), (1.24, -0.62), (1.02, -0.46), (1.0, -0.1), (0.82, 0.26),
                (0.4, 0.46), (-0.1, 0.52), (-0.62, 0.5), (-0.96, 0.34),
            ),
            ((-0.36, 0.36), (-0.3, 0.66), (-0.04, 0.86), (0.12, 0.84), (0.08, 0.62), (-0.04, 0.36)),
        ),
        weight=2.0,
        tilt=10.0,
    ),
    "wave": Outline(
        parts=(
            (
                (-1.15, 0.5), (-1.15, 0.5), (-0.72, 0.36), (-0.42, 0.0), (-0.2, -0.44), (0.22, -0.72), (0.68, -0.68),
                (0.96, -0.38), (0.98, -0.02), (0.98, -0.02), (0.82, -0.24), (0.56, -0.3), (0.36, -0.12), (0.36, 0.16),
                (0.6, 0.4), (1.15, 0.5), (1.15, 0.5), (0.6, 0.58), (-0.5, 0.58),
            ),
        ),
        weight=1.2,
        tilt=6.0,
    ),
    "star": Outline(parts=(_polar([1.05, 0.5] * 5, corner=True),), weight=0.6, tilt=180.0),
    "sun": Outline(parts=(_polar([1.08, 0.68, 0.68] * 12)[:36],), weight=1.4, tilt=180.0),
    "moon": Outline(
        parts=(
            (
                (0.42, -0.92), (0.42, -0.92), (-0.12, -0.98), (-0.66, -0.66), (-0.92, 0.0), (-0.66, 0.66),
                (-0.12, 0.98), (0.42, 0.92), (0.42, 0.92), (0.02, 0.66), (-0.16, 0.28), (-0.16, -0.28), (0.02, -0.66),
            ),
        ),
        weight=1.2,
        tilt=20.0,
    ),
    "leaf": Outline(
        parts=(
            (
                (0.0, -1.1), (0.0, -1.1), (0.34, -0.72), (0.62, -0.2), (0.52, 0.32), (0.12, 0.6), (0.06, 0.84),
                (0.1, 1.06), (-0.08, 1.06), (-0.08, 0.84), (-0.12, 0.6), (-0.52, 0.32), (-0.62, -0.2), (-0.34, -0.72),
            ),
        ),
        cuts=(
            ((0.0, -0.62), (0.0, -0.62), (0.07, 0.42), (0.07, 0.42), (-0.07, 0.42), (-0.07, 0.42)),
        ),
        weight=0.8,
        tilt=180.0,
    ),
    "flower": Outline(
        parts=(
            _ellipse(0.0, 0.0, 0.5, 0.5),
            *(_ellipse(0.62 * math.sin(turn), -0.62 * math.cos(turn), 0.4, 0.4) for turn in _SIXTHS),
        ),
        cuts=(_ellipse(0.0, 0.0, 0.24, 0.24),),
        tilt=180.0,
    ),
    "shell": Outline(
        parts=(
            _mirrored(
                (
                    (-0.18, -1.08), (-0.24, -0.76), (-0.24, -0.76), (-0.36, -0.98), (-0.76, -0.84), (-0.74, -0.46),
                    (-0.74, -0.46), (-1.02, -0.38), (-1.06, 0.02), (-0.8, 0.36), (-0.34, 0.62), (-0.34, 0.62),
                    (-0.24, 0.88), (-0.24, 0.88),
                )
            ),
        ),
        cuts=tuple(_groove(side) for side in (-0.6, -0.2, 0.2, 0.6)),
        weight=0.8,
        tilt=25.0,
    ),
    "turtle": Outline(
        parts=(
            _ellipse(0.0, 0.12, 0.62, 0.76),
            ((-0.16, -0.5), (-0.26, -0.86), (-0.2, -1.12), (0.0, -1.2), (0.2, -1.12), (0.26, -0.86), (0.16, -0.5)),
            _FRONT_FLIPPER, _flip(_FRONT_FLIPPER), _HIND_FLIPPER, _flip(_HIND_FLIPPER),
            ((-0.14, 0.8), (0.0, 1.12), (0.0, 1.12), (0.14, 0.8)),
        ),
        weight=1.2,
        tilt=180.0,
    ),
    "rocket": Outline(
        parts=(
            _mirrored(
                (
                    (0.0, -1.12), (0.0, -1.12), (-0.24, -0.78), (-0.34, -0.3), (-0.34, 0.14), (-0.58, 0.36),
                    (-0.64, 0.78), (-0.64, 0.78), (-0.34, 0.62), (-0.2, 0.62), (-0.2, 0.62),
                )
            ),
            ((-0.2, 0.58), (-0.2, 0.58), (-0.24, 0.86), (0.0, 1.2), (0.0, 1.2), (0.24, 0.86), (0.2, 0.58), (0.2, 0.58)),
        ),
        cuts=(_ellipse(0.0, -0.32, 0.16, 0.16),),
        tilt=35.0,
    ),
    "butterfly": Outline(
        parts=(
            _WING, _flip(_WING), _HIND_WING, _flip(_HIND_WING),
            ((-0.1, -0.42), (-0.09, -0.6), (0.09, -0.6), (0.1, -0.42), (0.1, 0.5), (0.0, 0.78), (-0.1, 0.5)),
        ),
        tilt=30.0,
    ),
    "footprint": Outline(
        parts=(
            (
                (-0.2, -0.72), (0.14, -0.78), (0.42, -0.56), (0.48, -0.12), (0.3, 0.24), (0.3, 0.62), (0.22, 0.94),
                (-0.06, 1.02), (-0.26, 0.86), (-0.26, 0.5), (-0.2, 0.16), (-0.34, -0.2), (-0.34, -0.42),
            ),
            _ellipse(-0.26, -0.72, 0.19, 0.24), _ellipse(0.04, -0.8, 0.13, 0.2), _ellipse(0.24, -0.7, 0.11, 0.18),
            _ellipse(0.4, -0.55, 0.1, 0.16), _ellipse(0.5, -0.36, 0.09, 0.14),
        ),
        weight=0.6,
        tilt=8.0,
        trail=True,
    ),
    "stepping stone": Outline(
        parts=(_polar([0.95, 0.9, 1.0, 0.86, 0.92, 1.02, 0.9, 0.84]),), weight=0.6, tilt=180.0, trail=True
    ),
}  # fmt: skip


def _smooth(points: Points, rounds: int = 4) -> np.ndarray:
    """Quadratic B-spline of a closed control polygon, by Chaikin's corner cutting; (n, 2)."""
    curve = np.array(points)
    for _ in range(rounds):
        ahead = np.roll(curve, -1, axis=0)
        curve = np.stack([0.75 * curve + 0.25 * ahead, 0.25 * curve + 0.75 * ahead], axis=1).reshape(-1, 2)
    return curve


@cache
def curves(kind: str) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Smooth closed polygons (n, 2) of a motif's parts and cuts."""
    outline = OUTLINES[kind]
    return tuple(map(_smooth, outline.parts)), tuple(map(_smooth, outline.cuts))
