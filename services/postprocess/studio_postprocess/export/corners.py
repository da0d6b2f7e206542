"""The corners of an edge: where it turns within a pixel or two, and not as tightly as an arc could."""

import math
from itertools import pairwise

import cv2
import numpy as np

from studio_colour.difference import FloatArray
from studio_postprocess.installable.regions import IntArray

CORNER_LEG_MM = 60.0
"""Legs to either side of a corner, over which an edge is looked at; at least CORNER_LEG_PX."""
CORNER_LEG_PX = 5.0
CORNER_TURN = math.radians(38)
"""Turn between two legs from which a place can be a corner: an arc of 300 mm radius turns by 11 degrees there."""
CORNER_SHARPNESS = 0.6
"""Part of that turn that legs of half the length show at a corner. On an arc they show half."""

_MEETING_STEPS = 8
_PARALLEL = 0.2


def cut_at_corners(polyline: FloatArray, closed: bool, pixel: float, steps: float) -> list[FloatArray]:
    """The parts of a polyline (n, 2) in mm along edges of pixels, `steps` of them for each pixel of its true length.

    A corner is moved to where the straight lines on both its sides meet, and the steps beside it are left out. A closed
    polyline without corners is one part, as it is; with corners it begins and ends at the first.
    """
    leg = max(2, round(max(CORNER_LEG_MM / pixel, CORNER_LEG_PX) * steps))
    middle = (polyline[:-1] + polyline[1:]) / 2  # between the pixels' corners steps weigh less
    places = _corners(middle, closed, leg)
    if not places:
        return [polyline]
    found = [_meeting(middle, place, leg, pixel) for place in places]
    if closed:
        count = len(middle)
        ends = [*zip(places, found, strict=True), (places[0] + count, found[0])]
    else:
        count = len(polyline)
        ends = [(-1, polyline[0]), *zip(places, found, strict=True), (count - 1, polyline[-1])]
    return [
        np.vstack([first, polyline[np.arange(start + 2, end) % count], last])
        for (start, first), (end, last) in pairwise(ends)
    ]


def _meeting(middle: FloatArray, place: int, leg: int, pixel: float) -> FloatArray:
    """Where the lines through the points on both sides of a corner meet; the corner itself where that is far off."""
    reach = np.arange(2, max(leg, _MEETING_STEPS) + 1)
    count = len(middle)
    lines = [
        cv2.fitLine(middle[(place + side * reach) % count].astype(np.float32), cv2.DIST_L2, 0, 0.01, 0.01)[:, 0]
        for side in (-1, 1)
    ]
    (dx1, dy1, x1, y1), (dx2, dy2, x2, y2) = (line.astype(np.float64) for line in lines)
    cross = dx1 * dy2 - dy1 * dx2
    if abs(cross) > _PARALLEL:
        along = ((x2 - x1) * dy2 - (y2 - y1) * dx2) / cross
        meeting = np.array([x1 + along * dx1, y1 + along * dy1])
        if np.hypot(*(meeting - middle[place])) < 2 * pixel:
            return meeting
    corner: FloatArray = middle[place]
    return corner


def _corners(middle: FloatArray, closed: bool, leg: int) -> list[int]:
    """Positions at which a polyline turns within a pixel or two."""
    count = len(middle)
    if count < 3 * leg:
        return []
    at = np.arange(count) if closed else np.arange(leg, count - leg)
    turn = _turn(middle, at, leg, count)
    found: list[int] = []
    taken = np.zeros(count, np.bool_)
    for number in np.argsort(-np.abs(turn), kind="stable").tolist():
        if abs(turn[number]) < CORNER_TURN:
            break
        place = int(at[number])
        if taken[place]:
            continue
        taken[_around(place, leg, count, closed)] = True
        short = _turn(middle, _around(place, leg // 3, count, closed), max(1, leg // 2), count)
        if np.abs(short).max() >= CORNER_SHARPNESS * abs(turn[number]):
            found.append(place)
    return sorted(found)


def _around(place: int, reach: int, count: int, closed: bool) -> IntArray:
    """Positions up to `reach` before and after a place."""
    near: IntArray = np.arange(place - reach, place + reach + 1)
    return near % count if closed else near[(near >= 0) & (near < count)]


def _turn(middle: FloatArray, at: IntArray, leg: int, count: int) -> FloatArray:
    """Turn in radians at these positions, between the straight lines to the points a leg before and after."""
    here, legs = middle.take(at, axis=0).T, (at - leg, at + leg)
    back, onward = (middle.take(place, axis=0, mode="wrap").T for place in legs)
    (x_before, y_before), (x_after, y_after) = here - back, onward - here
    turn: FloatArray = np.arctan2(x_before * y_after - y_before * x_after, x_before * x_after + y_before * y_after)
    return turn
