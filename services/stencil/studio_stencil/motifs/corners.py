"""Outlines that can be cut: an edge either bends gently or turns in corners that are not acute."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from studio_stencil.motifs.arcs import CLOSE_MM, MOST_TURN, arcs_between_corners
from studio_stencil.motifs.tightness import STEP_MM, too_tight, turns, walked

LEG_MM = 90.0
"""Bends are measured between straight lines of this length."""
OUTER_RADIUS_MM = (300.0, 600.0)
"""Least radius of a bend that bulges out: as large as the largest circle in the piece, within this range."""
INNER_RADIUS_MM = 600.0
"""Least radius of a bend that bulges in, and so belongs to the ground."""
DEVIATION_MM = 38.0
"""How far a corner may stand out from the bend that it replaces, where more corners can be had."""
LEAST_TURN = np.radians(48.0)
"""Flattest corner: less does not look like one."""
FAR_MM = 120.0
"""No corner lies further than this beside its bend."""
BLUNT_MM = 136.0
"""Length of the edge at which a sharp tip is cut off."""
TIGHT, EXTENDS = 1.06, 0.7
"""Curvature, in parts of the most allowed, at which a bend becomes corners, and to which it extends to both sides."""
ATTEMPTS = 5


def squared(area: BaseGeometry, arcs: bool = True) -> BaseGeometry:
    """The area with its tight bends drawn as corners, with or without arcs between them, and acute tips cut off."""
    result = []
    for piece in shapely.get_parts(area):
        if piece.geom_type != "Polygon" or piece.area < 1:
            continue
        outer = outer_radius(piece)
        shell = shapely.Polygon(_ring(np.asarray(piece.exterior.coords), outer, INNER_RADIUS_MM, arcs))
        holes = [
            shapely.Polygon(_ring(np.asarray(r.coords), INNER_RADIUS_MM, outer, arcs)).buffer(0)
            for r in piece.interiors
        ]
        result.append(shapely.make_valid(shell, method="structure").difference(shapely.union_all(holes)))
    return shapely.union_all(result)


def outer_radius(piece: shapely.Polygon) -> float:
    """Least radius in millimetres of an edge that bulges out of this piece."""
    room = shapely.maximum_inscribed_circle(piece, tolerance=10).length
    return float(min(max(room, OUTER_RADIUS_MM[0]), OUTER_RADIUS_MM[1]))


def _ring(points: np.ndarray, outer: float, inner: float, arcs: bool) -> np.ndarray:
    """A closed outline with corners for its tight bends; `outer` and `inner` are the least radii.

    Where corners and bends together turn too much, more of the bend becomes corners.
    """
    walk = walked(points)
    if len(walk) < 4 * round(LEG_MM / STEP_MM):
        return points
    forced = np.zeros(len(walk), bool)
    line, known = walk, dict[tuple[int, int, bool], np.ndarray]()
    for attempt in range(ATTEMPTS):
        line = _with_corners(walk, forced, outer, inner, arcs, known)
        tight = too_tight(line, outer, inner)
        if not len(tight):
            break
        reach = 100.0 * (1 + attempt)
        forced |= (np.hypot(*(walk[:, np.newaxis] - tight).transpose(2, 0, 1)) < reach).any(axis=1)
    return line


def _with_corners(
    walk: np.ndarray,
    forced: np.ndarray,
    outer: float,
    inner: float,
    arcs: bool,
    known: dict[tuple[int, int, bool], np.ndarray],
) -> np.ndarray:
    """The walk with corners for its tight bends; `known` are those of bends, by first and last point, made before."""
    count, turn = len(walk), turns(walk, round(LEG_MM / STEP_MM))
    bend = np.where(turn > 0, turn * outer, -turn * inner) / LEG_MM
    bend[forced] = np.maximum(bend[forced], 1.01 * TIGHT)
    runs = [run for run in _runs(bend > EXTENDS, turn > 0) if bend[_span(*run, count)].max() > TIGHT]
    if not runs:
        return walk
    local = turns(walk, 1)
    line = []
    for number, (start, end) in enumerate(runs):
        gap = (runs[(number + 1) % len(runs)][0] - end) % count
        straight = not arcs or bool(forced[_span(start, end, count)].any())
        if (start, end, straight) not in known:
            radius = outer if turn[start % count] > 0 else inner
            known[start, end, straight] = _corners(walk, local, start, end, 0.0 if straight else radius)
        line += [known[start, end, straight], walk[(end + np.arange(1, gap)) % count]]
    return np.concatenate([part for part in line if len(part)])


def _span(start: int, end: int, count: int) -> np.ndarray:
    return np.arange(start, end + 1) % count


def _runs(tight: np.ndarray, left: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and last point of each stretch of tight points that turn the same way, on a closed walk."""
    kind = np.where(tight, np.where(left, 1, -1), 0)
    count = len(kind)
    changes = np.flatnonzero(kind != np.roll(kind, 1))
    if not len(changes):
        if kind[0]:
            yield 0, count - 1
        return
    for start, end in zip(changes, np.append(changes[1:], changes[0] + count), strict=True):
        if kind[start % count]:
            yield int(start), int(end - 1)


def _corners(walk: np.ndarray, local: np.ndarray, start: int, end: int, radius: float) -> np.ndarray:
    """Points (n, 2) that stand for the bend from one point of a closed walk to another: corners, and arcs of `radius`
    between them where that is nearer to the bend than straight lines.
    """
    count = len(walk)
    at = np.arange(start, end + 1)
    course = np.cumsum(local[_span(start, end, count)])
    total = float(course[-1])
    fewest = max(1, int(np.ceil(abs(total) / MOST_TURN)))
    most = max(fewest, int(abs(total) / LEAST_TURN))
    bend = walk[at % count]
    if len(bend) < 3:
        return bend
    best, deviation = None, FAR_MM
    turned = np.maximum.accumulate(course * (1 if total >= 0 else -1))
    for number in range(fewest, min(most, fewest + 6) + 1):
        lines = [_tangent(walk, at, turned, total * part / number) for part in range(number + 1)]
        corners = _crossings(lines)
        if corners is None or (number > fewest and _shortest(corners) < CLOSE_MM):
            continue
        found = _deviation(corners, bend)
        if found < deviation:
            best, deviation = corners, found
        if found <= DEVIATION_MM:
            break
    if best is None:
        best = _simplified(bend)
    if len(best) == 2 and fewest == 2 and _shortest(best) < BLUNT_MM:
        best = _cut_off(walk, at, turned, total, best)
    curved = arcs_between_corners(bend, turned, total, radius) if radius else None
    return best if curved is None or _deviation(curved, bend) > deviation else curved


def _tangent(walk: np.ndarray, at: np.ndarray, turned: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """A point and a direction of the walk where it has turned this much since the bend began.

    `turned` is how far, without its sign, the walk has turned at most up to each point.
    """
    count = len(walk)
    place = min(int(np.searchsorted(turned, abs(turn))), len(at) - 1) if turn else 0
    first, last = walk[(at[place] - 2) % count], walk[(at[place] + 2) % count]
    heading = _heading(walk, at[0], -3) + turn
    return (first + last) / 2 if 0 < place < len(at) - 1 else walk[at[place] % count], np.array(
        [np.cos(heading), np.sin(heading)]
    )


def _heading(walk: np.ndarray, at: int, step: int) -> float:
    ahead = walk[at % len(walk)] - walk[(at + step) % len(walk)]
    return float(np.arctan2(ahead[1], ahead[0]))


def _crossings(lines: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray | None:
    """Where each line crosses the next; None where two are nearly parallel."""
    found = []
    for (point, along), (other, across) in pairwise(lines):
        cross = along[0] * across[1] - along[1] * across[0]
        if abs(cross) < 0.1:
            return None
        offset = other - point
        found.append(point + along * (offset[0] * across[1] - offset[1] * across[0]) / cross)
    return np.array(found)


def _shortest(corners: np.ndarray) -> float:
    return float(np.hypot(*np.diff(corners, axis=0).T).min()) if len(corners) > 1 else np.inf


def _deviation(corners: np.ndarray, bend: np.ndarray) -> float:
    """Longest distance between the line through the corners and the bend, whose ends it meets."""
    line = shapely.LineString(np.concatenate([bend[:1], corners, bend[-1:]]))
    return float(shapely.hausdorff_distance(line, shapely.LineString(bend)))


def _simplified(bend: np.ndarray) -> np.ndarray:
    return shapely.get_coordinates(shapely.LineString(bend).simplify(DEVIATION_MM)) if len(bend) > 1 else bend


def _cut_off(walk: np.ndarray, at: np.ndarray, turned: np.ndarray, total: float, corners: np.ndarray) -> np.ndarray:
    """Two corners BLUNT_MM apart on the sides of a tip."""
    first, _, last = (_tangent(walk, at, turned, total * part) for part in (0.0, 0.5, 1.0))
    lacking = BLUNT_MM - float(np.hypot(*(corners[1] - corners[0])))
    inward = abs(float(np.cos(total / 2)))
    back = lacking / 2 / max(inward, 0.2)
    return np.array([corners[0] - first[1] * back, corners[1] + last[1] * back])
