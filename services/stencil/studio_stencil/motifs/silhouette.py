"""One silhouette in its place: drawn, wider on all sides, and how much it covers."""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from studio_stencil.motifs.outlines import curves
from studio_stencil.planning.scale import MIN_ISLAND_M2


class Placed(NamedTuple):
    """A silhouette's place: centre in pixels, rotation in radians, mirrored or not, and pixels to its unit."""

    kind: str
    x: float
    y: float
    turn: float
    mirror: bool
    unit: float


@cache
def shape_area(kind: str) -> float:
    """Area of a silhouette in its own units, to about a percent, its cuts included."""
    mask = Image.new("L", (280, 280))
    stamp(mask, Placed(kind, 140, 140, 0.0, False, 100.0), 255, 0.0)
    return mask.histogram()[255] / 100.0**2


def stamp(image: Image.Image, place: Placed, value: int, mm_per_pixel: float, grow: float = 0.0) -> None:
    """Draw one silhouette into an image (mode L) in a value, without its cuts if they are too small to lay.

    With grow it has no cuts and is wider on all sides by about so many pixels.
    """
    pen = ImageDraw.Draw(image)
    cosine, sine = np.cos(place.turn) * place.unit, np.sin(place.turn) * place.unit
    flip = -1 if place.mirror else 1
    rotate = np.array([[cosine * flip, sine * flip], [-sine, cosine]])
    parts, cuts = curves(place.kind)
    for polygon in parts:
        corners = polygon @ rotate + (place.x, place.y)
        pen.polygon((_offset(corners, grow) if grow else corners).ravel().tolist(), fill=value)
    for polygon in cuts:
        across, down = np.ptp(polygon, axis=0) * place.unit * mm_per_pixel / 1000
        if not grow and np.pi / 4 * across * down > 1.1 * MIN_ISLAND_M2:
            pen.polygon((polygon @ rotate + (place.x, place.y)).ravel().tolist(), fill=0)


def _offset(corners: np.ndarray, grow: float) -> np.ndarray:
    """A closed polygon (n, 2) with every point moved outwards."""
    ahead = np.roll(corners, -1, axis=0)
    area = (corners[:, 0] * ahead[:, 1] - corners[:, 1] * ahead[:, 0]).sum()
    tangent = ahead - np.roll(corners, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1) * np.sign(area)
    return np.asarray(corners + grow * normal / np.hypot(*tangent.T).clip(1e-9)[:, None])
