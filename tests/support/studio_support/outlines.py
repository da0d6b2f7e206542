"""Surfaces that are no rectangles: a yard around a corner with a tree, and a round one with two."""

import math

from studio_contracts.brief import Surface

Points = list[tuple[float, float]]


def circle(x: float, y: float, radius: float, points: int = 24) -> Points:
    """A ring of that many points around (x, y), all in metres."""
    angles = (2 * math.pi * number / points for number in range(points))
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


L_SHAPE = Surface.model_validate(
    {"outline": {"outer": [(0, 0), (9, 0), (9, 3.5), (4, 3.5), (4, 7), (0, 7)], "holes": [circle(1.5, 5, 0.4)]}}
)
ROUND = Surface.model_validate(
    {"outline": {"outer": circle(4, 4, 4, 64), "holes": [circle(2.2, 2.5, 0.5), circle(5.5, 5.3, 0.5)]}}
)
