"""Tight bends drawn as arcs that can be laid, which meet in corners."""

from itertools import pairwise

import numpy as np

from studio_stencil.motifs.tightness import STEP_MM

ROUND_TURN = np.radians(48.0)
"""Turn of a corner between two arcs: less does not look like a corner."""
MOST_TURN = np.radians(108.0)
"""Sharpest turn of a corner; what is sharper is cut off."""
ARC_SPARE = 1.06
"""How much larger than the least radius arcs are: what pixels may take of it."""
CLOSE_MM = 85.0
"""Corners are at least this far apart."""


def arcs_between_corners(bend: np.ndarray, turned: np.ndarray, total: float, radius: float) -> np.ndarray | None:
    """Points (n, 2) of arcs of `radius` that stand for a bend (m, 2): what they cannot turn is left to equal corners.

    `turned` (m,) is how far, without its sign, the bend has turned at most up to each point, and `total` is its turn in
    radians, positive where it bulges to the right. None where there is no room for corners.
    """
    length, turn = float(np.hypot(*np.diff(bend, axis=0).T).sum()), abs(total)
    by_arcs = length / radius / ARC_SPARE
    number = int((turn - by_arcs) / ROUND_TURN)
    if number < 1 or (turn - by_arcs) / number > MOST_TURN or length / (number + 1) < CLOSE_MM:
        return None
    corners = [int(np.searchsorted(turned, turn * (part + 0.5) / number)) for part in range(number)]
    places = [0, *(min(place, len(bend) - 1) for place in corners), len(bend) - 1]
    if any(length * (after - before) / len(bend) < CLOSE_MM / 2 for before, after in pairwise(places)):
        return None
    side, curvature = np.sign(total), by_arcs / length
    knots = bend[places].copy()
    for number, (before, after) in enumerate(pairwise(places)):  # corners stand out by what arcs are flatter
        outwards, natural, sagitta = _bulge(bend[before : after + 1], bend[after] - bend[before], side, curvature)
        for knot in {number, number + 1} - {0, len(places) - 1}:
            knots[knot] += outwards * (natural - sagitta) / 4
    points = [bend[:1]]
    for number, (before, after) in enumerate(pairwise(places)):
        chord = knots[number + 1] - knots[number]
        outwards, _, sagitta = _bulge(bend[before : after + 1], chord, side, curvature)
        part = np.linspace(0, 1, max(2, round(float(np.hypot(*chord)) / STEP_MM)) + 1)[1:, np.newaxis]
        points.append(knots[number] + part * chord + 4 * sagitta * part * (1 - part) * outwards)
    return np.concatenate(points)


def _bulge(bend: np.ndarray, chord: np.ndarray, side: float, curvature: float) -> tuple[np.ndarray, float, float]:
    """To which side of its chord a bend bulges, how far, and how far an arc of this curvature does at most."""
    far = max(float(np.hypot(*chord)), 1e-9)
    outwards = np.array([chord[1], -chord[0]]) / far * side
    natural = max(float(((bend - bend[0]) @ outwards).max()), 0.0)
    return outwards, natural, min(curvature * far * far / 8, natural)
