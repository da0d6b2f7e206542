"""Where an outline bends too tightly to be laid, measured as the installer's rule measures it, in millimetres."""

import numpy as np
import shapely

STEP_MM = 15.0
"""Distance of the points at which an outline is looked at."""
SHORT_MM = 60.0
"""To either side of a point: a turn mostly made within is a corner."""
CORNER_TURN = np.radians(37.0)
"""Turn along that from which it is one."""
ALLOWED_TURN = 0.57
"""Radians by which an edge may turn along half its least radius to either side."""
ACUTE_TURN = np.radians(117.0)
"""Turn of a corner that is too sharp."""
EXPLAINED, PIXELS_TAKE = 0.47, 0.09
"""Part of a tight turn that is seen within SHORT_MM where it is a corner, and how much less of it pixels show."""


def too_tight(line: np.ndarray, outer: float, inner: float) -> np.ndarray:
    """Points (n, 2) of a closed outline at which it turns more than the radius allows, and not in corners that may be.

    This is how the installer's rule measures an outline, with all limits a little stricter, because pixels come in
    between: the turn along half a radius to either side, and what of it legs of SHORT_MM show. A radius of 0 is not
    looked at.
    """
    walk = walked(np.concatenate([line, line[:1]]))
    walk = np.mean([np.roll(walk, shift, axis=0) for shift in (-2, -1, 0, 1, 2)], axis=0)
    leg = round(SHORT_MM / STEP_MM)
    short = turns(walk, leg)
    found = []
    for radius, sign in ((outer, 1), (inner, -1)):
        if not radius:
            continue
        legs = round(radius / 2 / STEP_MM)
        turn, near = sign * turns(walk, legs), sign * short
        for run in _tight_runs(turn > ALLOWED_TURN):
            apex = int(run[turn[run].argmax()])
            corners = _corner_turns(near[np.arange(apex - legs, apex + legs + 1) % len(walk)], leg)
            at_apex = float(near[np.arange(apex - leg, apex + leg + 1) % len(walk)].max())
            sharpest = max(corners) if len(corners) > 1 else float(turn[apex])
            if max(at_apex, sum(corners)) - PIXELS_TAKE < EXPLAINED * turn[apex] or sharpest > ACUTE_TURN:
                found.append(walk[run])
    return np.concatenate(found) if found else np.zeros((0, 2))


def _corner_turns(short: np.ndarray, leg: int) -> list[float]:
    """Turns of the distinct corners along a stretch; `short` are the turns at its points by legs of `leg` steps."""
    left, found = short.copy(), list[float]()
    while (sharpest := float(left.max())) >= CORNER_TURN:
        at = int(left.argmax())
        found.append(sharpest)
        left[max(at - 2 * leg + 1, 0) : at + 2 * leg] = 0
    return found


def _tight_runs(flags: np.ndarray) -> list[np.ndarray]:
    """Positions of each stretch of flags on a closed walk."""
    if flags.all():
        return [np.arange(len(flags))]
    order = np.roll(np.arange(len(flags)), -int(np.argmin(flags)))
    set_ = np.flatnonzero(flags[order])
    return [order[run] for run in np.split(set_, np.flatnonzero(np.diff(set_) > 1) + 1)] if len(set_) else []


def walked(points: np.ndarray) -> np.ndarray:
    """A closed walk (n, 2), with the inside on its left, at equal steps of about STEP_MM; its start is not repeated."""
    if not shapely.is_ccw(shapely.LinearRing(points)):
        points = points[::-1]
    length = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    count = max(4, round(length[-1] / STEP_MM))
    at = np.arange(count) * (length[-1] / count)
    return np.stack([np.interp(at, length, points[:, axis]) for axis in (0, 1)], axis=1)


def turns(walk: np.ndarray, legs: int) -> np.ndarray:
    """Turn in radians at each point, between the lines from the point `legs` before and to the point `legs` after."""
    before, after = walk - np.roll(walk, legs, axis=0), np.roll(walk, -legs, axis=0) - walk
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return np.asarray(np.arctan2(cross, (before * after).sum(axis=1)))
