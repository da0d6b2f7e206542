"""Curves of a drawing or a letter, flattened to polygons."""

from typing import Any

import numpy as np
import shapely
from fontTools.pens.basePen import BasePen
from shapely.geometry.base import BaseGeometry

CURVE_STEPS = 12
"""Straight pieces that stand for one curve."""

_T = np.linspace(0.0, 1.0, CURVE_STEPS + 1)[1:, np.newaxis]
_WEIGHTS = (1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3
"""What each point of a curve counts at its steps."""


class OutlinePen(BasePen):  # type: ignore[misc]
    """Collects closed contours as point lists; curves become CURVE_STEPS straight pieces."""

    def __init__(self, glyphs: Any = None) -> None:
        super().__init__(glyphs)
        self.contours: list[list[tuple[float, float]]] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802 - fontTools calls it so
        self.contours.append([pt])

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802 - fontTools calls it so
        self.contours[-1].append(pt)

    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:  # noqa: N802 - fontTools calls it so
        start, first, second, end = np.array((self._getCurrentPoint(), pt1, pt2, pt3), np.float64)
        points = _WEIGHTS[0] * start + _WEIGHTS[1] * first + _WEIGHTS[2] * second + _WEIGHTS[3] * end
        self.contours[-1] += map(tuple, points.tolist())


def filled(contours: list[list[tuple[float, float]]], even_odd: bool = False) -> BaseGeometry:
    """The area inside contours, by the rule of non-zero winding, or by even and odd.

    Non-zero winding is exact for contours that do not cross themselves: those that run against the one around them
    are holes.
    """
    area: BaseGeometry = shapely.Polygon()
    rings = sorted((shapely.Polygon(points) for points in contours if len(points) > 2), key=lambda ring: -ring.area)
    if not rings:
        return area
    for ring in rings:
        whole = ring if ring.is_valid else ring.buffer(0)
        if even_odd:
            area = area.symmetric_difference(whole)
        elif _runs_against(ring, rings):
            area = area.difference(whole)
        else:
            area = area.union(whole)
    return area


def _runs_against(ring: shapely.Polygon, rings: list[shapely.Polygon]) -> bool:
    """Whether the smallest contour around this one runs the other way."""
    around = [other for other in rings if other.area > ring.area and shapely.Polygon(other.exterior).covers(ring)]
    return bool(around) and around[-1].exterior.is_ccw != ring.exterior.is_ccw
