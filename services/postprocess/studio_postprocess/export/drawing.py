"""The outlines of a surface in millimetres: what every export format is made from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_contracts.outline import Outline
from studio_postprocess.export.boundary_graph import Ring, rings, trace
from studio_postprocess.export.curve_fit import Path, fit
from studio_postprocess.export.snapping import lines_of, on_outline


class Drawing(NamedTuple):
    """Lines and arcs of a surface of width_mm by height_mm; x and y in mm from its top left corner, y downwards.

    rings are the outlines of every colour, by colour; holes run against their outsides. borders are the same lines,
    each once: those between two colours, and the surface's own edge. Neighbours share every node and arc exactly, so
    the areas inside all rings sum to the surface. outline holds the rings, points (n, 2), of a surface that is no
    rectangle: its border, then holes.
    """

    width_mm: float
    height_mm: float
    rings: list[Ring]
    borders: list[Path]
    outline: Sequence[FloatArray] = ()


def draw(indices: ByteArray, width_mm: float, height_mm: float, outline: Outline | None = None) -> Drawing:
    """The drawing of a surface whose index map is (height, width), and VOID outside its outline."""
    height, width = indices.shape
    scale = np.array([width_mm / width, height_mm / height])
    chains = trace(indices)
    borders = [fit(chain.points, chain.closed, scale) for chain in chains]
    if outline is None:
        return Drawing(width_mm, height_mm, rings(chains, borders), borders)
    borders = on_outline(chains, borders, outline, scale)
    return Drawing(width_mm, height_mm, rings(chains, borders), borders, lines_of(outline))


def area(ring: Ring) -> float:
    """Area inside a ring in mm²: positive for an outside, negative for a hole."""
    x, y = ring.points.T
    chord = np.hypot(np.roll(x, -1) - x, np.roll(y, -1) - y)
    polygon = (np.roll(x, -1) * y - x * np.roll(y, -1)).sum() / 2
    bent = ring.bulges != 0
    angle = 4 * np.arctan(ring.bulges[bent])
    radius = chord[bent] / 2 / np.sin(angle / 2)
    return float(polygon + (radius**2 / 2 * (angle - np.sin(angle))).sum())


def radii(path: Path | Ring) -> np.ndarray:
    """Radius in mm of each step of a path or ring: infinite for a line."""
    points = np.concatenate([path.points, path.points[:1]]) if isinstance(path, Ring) else path.points
    chord = np.hypot(*np.diff(points, axis=0).T)
    with np.errstate(divide="ignore"):
        found: np.ndarray = chord * (1 + path.bulges**2) / (4 * np.abs(path.bulges))
    return found
