"""Silhouettes of the motifs, as data: closed control polygons, drawn smooth.

Coordinates are about -1 to 1, x to the right and y down. A quadratic B-spline follows the control points; a point
given twice is a sharp corner. Silhouettes have no eyes or patterns: a detail that small cannot be laid.
"""

import math
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

ANY_TILT = 180.0

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
    """Points around the origin at even angles, clockwise from the top; as corners, every one is sharp."""
    radii = tuple(radii)
    angles = np.linspace(-0.5, 1.5, len(radii), endpoint=False) * np.pi
    points = []
    for radius, angle in zip(radii, angles, strict=True):
        points += [(radius * float(np.cos(angle)), radius * float(np.sin(angle)))] * (2 if corner else 1)
    return tuple(points)


def _ellipse(x: float, y: float, across: float, down: float) -> Points:
    """Ellipse with the given centre and half axes."""
    return tuple((x + across * px, y + down * py) for px, py in _polar([1.04] * 12))


def _mirrored(half: Points) -> Points:
    """A left half, given from top to bottom, and its mirror image."""
    return half + tuple((-x, y) for x, y in reversed(half))


def _flip(part: Points) -> Points:
    return tuple((-x, y) for x, y in part)


def _scallops(count: int, first: float, last: float, radius: float, centre: tuple[float, float]) -> Points:
    """Round bulges between corners on an arc, from one angle (degrees) to another."""
    points = []
    for number, angle in enumerate(np.radians(np.linspace(first, last, 3 * count + 1))):
        reach = radius * (1.26 if number % 3 else 1.0)
        point = (centre[0] + reach * float(np.cos(angle)), centre[1] + reach * float(np.sin(angle)))
        points += [point] if number % 3 else [point, point]
    return tuple(points)


_FIFTHS = tuple(math.radians(turn) for turn in range(0, 360, 72))
_FRONT_FLIPPER = ((-0.2, -0.5), (-0.5, -0.5), (-0.78, -0.72), (-1.02, -1.02), (-1.3, -0.7), (-0.94, -0.36), (-0.5, 0.1))
_HIND_FLIPPER = ((-0.2, 0.5), (-0.5, 0.42), (-0.86, 0.62), (-0.98, 0.96), (-0.66, 1.1), (-0.2, 0.76))

OUTLINES: dict[str, Outline] = {
    "fish": Outline(
        parts=(
            (
                (1.05, -0.02), (0.86, -0.3), (0.56, -0.5), (0.3, -0.54), (0.3, -0.54), (-0.1, -0.86), (-0.1, -0.86),
                (-0.22, -0.42), (-0.22, -0.42), (-0.5, -0.17), (-0.5, -0.17), (-1.1, -0.52), (-1.1, -0.52),
                (-1.14, 0.0), (-1.1, 0.52), (-1.1, 0.52), (-0.5, 0.17), (-0.5, 0.17), (-0.2, 0.42), (0.2, 0.6),
                (0.56, 0.5), (0.86, 0.3), (1.05, 0.02),
            ),
        ),
    ),
    "whale": Outline(
        parts=(
            (
                (-1.08, 0.0), (-1.04, -0.4), (-0.72, -0.62), (-0.3, -0.62), (0.12, -0.46), (0.48, -0.22), (0.74, -0.34),
                (0.74, -0.34), (0.49, -0.98), (0.49, -0.98), (0.9, -0.93), (0.9, -0.93), (1.31, -0.98), (1.31, -0.98),
                (1.06, -0.34), (1.06, -0.34), (1.06, 0.0), (0.82, 0.34), (0.4, 0.52), (-0.1, 0.56), (-0.62, 0.54),
                (-0.98, 0.38),
            ),
        ),
        weight=2.0,
        tilt=10.0,
    ),
    "wave": Outline(
        parts=(
            (
                (-1.2, 0.62), (-1.2, 0.62), (-1.2, 0.2), (-1.2, 0.2), (-0.72, 0.16), (-0.54, -0.3), (-0.2, -0.78),
                (0.4, -0.94), (0.92, -0.7), (1.02, -0.14), (1.02, -0.14), (0.66, -0.26), (0.36, -0.14), (0.38, 0.2),
                (0.7, 0.22), (1.2, 0.18), (1.2, 0.18), (1.2, 0.62), (1.2, 0.62),
            ),
        ),
        weight=1.2,
        tilt=6.0,
    ),
    "star": Outline(parts=(_polar([1.1, 0.64] * 5, corner=True),), weight=0.6, tilt=ANY_TILT),
    "sun": Outline(parts=(_polar([1.14, 0.74] * 8, corner=True),), weight=1.4, tilt=ANY_TILT),
    "moon": Outline(
        parts=(
            (
                (0.52, -1.0), (0.52, -1.0), (-0.14, -1.1), (-0.8, -0.74), (-1.06, 0.0), (-0.8, 0.74), (-0.14, 1.1),
                (0.52, 1.0), (0.52, 1.0), (0.56, 0.7), (0.56, 0.7), (0.06, 0.5), (-0.1, 0.0), (0.06, -0.5),
                (0.56, -0.7), (0.56, -0.7),
            ),
        ),
        weight=1.2,
        tilt=20.0,
    ),
    "leaf": Outline(
        parts=(
            _mirrored(
                (
                    (0.0, -1.1), (0.0, -1.1), (-0.58, -0.46), (-0.66, 0.12), (-0.15, 0.72), (-0.15, 0.72),
                    (-0.15, 1.1), (-0.15, 1.1),
                )
            ),
        ),
        weight=0.8,
        tilt=ANY_TILT,
    ),
    "flower": Outline(
        parts=(
            _ellipse(0.0, 0.0, 0.5, 0.5),
            *(_ellipse(0.62 * math.sin(turn), -0.62 * math.cos(turn), 0.45, 0.45) for turn in _FIFTHS),
        ),
        cuts=(_ellipse(0.0, 0.0, 0.28, 0.28),),
        tilt=ANY_TILT,
    ),
    "shell": Outline(
        parts=(
            (
                *_scallops(5, -176, -4, 0.96, (0.0, -0.06)), (0.3, 0.66), (0.3, 0.66), (0.4, 0.98), (0.4, 0.98),
                (-0.4, 0.98), (-0.4, 0.98), (-0.3, 0.66), (-0.3, 0.66),
            ),
        ),
        weight=0.8,
        tilt=25.0,
    ),
    "turtle": Outline(
        parts=(
            _ellipse(0.0, 0.12, 0.68, 0.8),
            ((-0.26, -0.5), (-0.3, -0.86), (-0.24, -1.16), (0.0, -1.28), (0.24, -1.16), (0.3, -0.86), (0.26, -0.5)),
            _FRONT_FLIPPER, _flip(_FRONT_FLIPPER), _HIND_FLIPPER, _flip(_HIND_FLIPPER),
        ),
        weight=1.2,
        tilt=ANY_TILT,
    ),
    "rocket": Outline(
        parts=(
            _mirrored(
                (
                    (0.0, -1.16), (0.0, -1.16), (-0.36, -0.72), (-0.38, -0.3), (-0.38, 0.06), (-0.38, 0.06),
                    (-0.78, 0.36), (-0.78, 0.36), (-0.78, 0.8), (-0.78, 0.8), (-0.34, 0.66), (-0.34, 0.66),
                    (-0.34, 0.88), (0.0, 1.2), (0.0, 1.2),
                )
            ),
        ),
        cuts=(_ellipse(0.0, -0.34, 0.2, 0.2),),
        tilt=35.0,
    ),
    "butterfly": Outline(
        parts=(
            _mirrored(
                (
                    (-0.17, -0.7), (-0.17, -0.36), (-0.17, -0.36), (-0.5, -0.54), (-0.72, -1.06), (-1.28, -0.96),
                    (-1.26, -0.14), (-0.78, 0.08), (-0.78, 0.08), (-1.06, 0.3), (-1.06, 0.84), (-0.66, 0.92),
                    (-0.4, 0.7), (-0.17, 0.62), (-0.17, 0.62), (-0.17, 0.92),
                )
            ),
        ),
        tilt=30.0,
    ),
    "footprint": Outline(
        parts=(
            (
                (-0.36, -0.6), (0.0, -0.8), (0.5, -0.56), (0.56, -0.1), (0.38, 0.3), (0.36, 0.66), (0.24, 1.0),
                (-0.1, 1.06), (-0.34, 0.86), (-0.3, 0.5), (-0.3, 0.16), (-0.46, -0.2),
            ),
            _ellipse(-0.28, -0.82, 0.26, 0.3), _ellipse(0.1, -0.82, 0.2, 0.24), _ellipse(0.36, -0.66, 0.19, 0.22),
            _ellipse(0.54, -0.42, 0.17, 0.2),
        ),
        weight=0.6,
        tilt=8.0,
        trail=True,
    ),
    "stepping stone": Outline(
        parts=(_polar([0.98, 0.92, 1.0, 0.92, 0.94, 1.0, 0.94, 0.92]),), weight=0.6, tilt=ANY_TILT, trail=True
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
