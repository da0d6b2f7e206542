"""How tightly an outline bends, walked at a step that real lengths set: the installer's rules for radius and angle."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_colour.difference import FloatArray
from studio_contracts.installer import EXCEPTIONAL_RADIUS_MM, MIN_ANGLE_DEG, MIN_RADIUS_MM

IntArray = NDArray[Any]
BoolArray = NDArray[np.bool_]

CORNER_MM = 60.0
"""To either side of a point: a turn mostly made within is a corner."""

_LEAST_LEG_PX = 9.0
_LEAST_CORNER_PX = 3.0
_STEPS = 4
"""Samples within CORNER_MM."""
_RADIUS_SLACK = 1.2
_ANGLE_SLACK_DEG = 5.0
_CORNER_PART = 0.45
_LEAST_CORNER = np.radians(30.0)

Kind = Literal["radius", "angle", "corner"]


class Bend(NamedTuple):
    """A place where an edge turns more tightly than the radius allows: a bend, or a corner, acute or not.

    colour is that of the side towards which the edge bulges; points (n, 2) are x and y in pixels.
    """

    kind: Kind
    colour: int
    points: FloatArray


def bends_of(
    points: IntArray, colour: int, room_mm: float, mm_per_pixel: float, at_edge: BoolArray | None = None
) -> Iterator[Bend]:
    """Every place where the outline of a piece turns more tightly than the radius allows, from the side it bulges to.

    `points` (n, 2), x and y, are its pixels in order, walked with the colour on the right hand where y points down, as
    OpenCV does; room_mm is the radius of the largest circle that fits into the piece. An edge may bend as tightly as
    the piece is small, from MIN_RADIUS_MM down to EXCEPTIONAL_RADIUS_MM. The radius at a point is a leg's length over
    the turn, in radians, between the straight lines to the points one leg before and after; a leg is half the radius
    allowed, or 9 pixels. A radius up to a sixth too small passes: on a line of pixels it looks like a right one.

    Where legs of CORNER_MM, or 3 pixels, already show 45 % of the turn, it is a corner: right if its interior
    angle is over MIN_ANGLE_DEG, give or take 5, and acute if not. The long legs reach round the end of a narrow limb,
    which has two corners or more: they explain the turn together, and each is judged by its own short legs. So an end
    rounded by up to 100 mm counts as eased corners. Outlines shorter than a circle of half the exceptional radius, or
    36 pixels, are not walked: such a piece is too small anyway. Bends that lie with their legs where the mask `at_edge`
    (height, width) holds are left out.
    """
    if len(points) < 4 * _LEAST_LEG_PX + 2 * np.pi * 0.5 * EXCEPTIONAL_RADIUS_MM / mm_per_pixel:
        return
    limit = min(max(room_mm, EXCEPTIONAL_RADIUS_MM), MIN_RADIUS_MM)
    step = max(CORNER_MM / mm_per_pixel, _LEAST_CORNER_PX) / _STEPS
    steps = round(max(limit / 2 / mm_per_pixel, _LEAST_LEG_PX) / step)
    walk = _resampled(points, step)
    turn, short = _turn(walk, steps), _turn(walk, _STEPS)
    for run in _runs(turn > steps * step * mm_per_pixel / limit * _RADIUS_SLACK):
        if at_edge is None or not _follows_the_edge(walk, run, steps, at_edge):
            yield Bend(_kind(turn, short, run, steps), colour, walk[run])


def _follows_the_edge(walk: FloatArray, run: IntArray, steps: int, at_edge: BoolArray) -> bool:
    """Whether a bend and the legs to either side lie along the surface's outline: it bends so, whatever is laid."""
    legs = np.arange(run[0] - steps, run[0] + len(run) + steps) % len(walk)
    x, y = walk[legs].round().astype(np.int64).T
    return bool(at_edge[y, x].all())


def _kind(turn: FloatArray, short: FloatArray, run: IntArray, steps: int) -> Kind:
    """What a run of tight positions is; `turn` is by legs of that many steps, `short` by those of CORNER_MM."""
    apex = int(run[turn[run].argmax()])
    corners, whole = _corners(short, apex, steps), float(turn[apex])
    if max(float(_around(short, apex, _STEPS).max()), sum(corners)) < _CORNER_PART * whole:
        return "radius"
    sharpest = max(corners) if len(corners) > 1 else whole
    return "angle" if 180 - math.degrees(sharpest) < MIN_ANGLE_DEG - _ANGLE_SLACK_DEG else "corner"


def _corners(short: FloatArray, apex: int, steps: int) -> list[float]:
    """The turns, by short legs, of the distinct corners that the long legs at `apex` reach round."""
    window = _around(short, apex, steps)
    found: list[float] = []
    while window.size and (sharpest := float(window[at := int(window.argmax())])) >= _LEAST_CORNER:
        found.append(sharpest)
        window[max(at - 2 * _STEPS + 1, 0) : at + 2 * _STEPS] = 0
    return found


def _around(turns: FloatArray, apex: int, reach: int) -> FloatArray:
    """A copy of those up to `reach` steps before and after a place of a closed walk."""
    return turns.take(np.arange(apex - reach, apex + reach + 1), mode="wrap")


def _resampled(points: IntArray, step: float) -> FloatArray:
    """A closed walk along the points, (n, 2), at equal steps of about `step` pixels."""
    closed = np.concatenate([points[-2:], points, points[:3]]).T.astype(np.float64)  # contiguous along x and along y
    smooth = closed[:, :-4] + closed[:, 1:-3] + closed[:, 2:-2] + closed[:, 3:-1] + closed[:, 4:]
    smooth /= 5  # closed: last is first again
    length = np.zeros(smooth.shape[1])
    np.hypot(*(smooth[:, 1:] - smooth[:, :-1])).cumsum(out=length[1:])
    count = max(4, round(length[-1] / step))
    at = np.arange(count) * (length[-1] / count)
    return np.stack([np.interp(at, length, along) for along in smooth], axis=1)


def _turn(walk: FloatArray, steps: int) -> FloatArray:
    """Turn in radians at each point of a closed walk, (n,); positive where the outline bulges outwards."""
    legs = np.take(walk.T, np.arange(-steps, len(walk) + steps), axis=1, mode="wrap")
    legs = legs[:, steps:] - legs[:, :-steps]  # each as long as `steps`, by where it ends
    (x_before, y_before), (x_after, y_after) = legs[:, :-steps], legs[:, steps:]
    turn: FloatArray = np.arctan2(x_before * y_after - y_before * x_after, x_before * x_after + y_before * y_after)
    return np.negative(turn, out=turn)


def _runs(flags: np.ndarray) -> list[IntArray]:
    """Positions of each run of flags on a closed walk."""
    if flags.all():
        return [np.arange(len(flags))]
    set_, start = np.flatnonzero(flags), int(np.argmin(flags))
    if not set_.size:
        return []
    first = int(np.searchsorted(set_, start))
    set_ = np.concatenate([set_[first:], set_[:first]])
    ends = (np.flatnonzero((set_[1:] - set_[:-1]) % len(flags) > 1) + 1).tolist()
    return [set_[one:other] for one, other in pairwise([0, *ends, len(set_)])]
