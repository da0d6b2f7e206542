"""First places for silhouettes in a field: trails along it, all others far from each other."""

import numpy as np

from studio_stencil.motifs.outlines import OUTLINES
from studio_stencil.motifs.silhouette import Placed

COARSE = 4
"""A field has one pixel for so many of the picture, along both axes."""
SPOTS = 200
"""Places at random from which the best for each silhouette is taken."""
SWEEPS = 3
ROOM_PER_STEP = 1.25
"""Least length of a trail for each silhouette on it, in its units; where they are more, they lie spread."""


def first_places(
    kinds: list[str], units: dict[str, float], room: np.ndarray, upright: bool, rng: np.random.Generator
) -> list[Placed]:
    """A place for each silhouette in the room, the truths of a field; `units` are pixels to the unit of each kind."""
    trail = [kind for kind in kinds if OUTLINES[kind].trail]
    if sum(units[kind] for kind in trail) > room.shape[not upright] * COARSE / ROOM_PER_STEP:
        trail = []
    loose = sorted((kind for kind in kinds if kind not in trail), key=lambda kind: -units[kind])
    feet = np.array([units[kind] for kind in trail])
    path = _trail(feet, room.T if upright else room, 0.3 if loose else 0.5, rng)
    path = path[:, ::-1] if upright else path
    centres = _spread(np.array([units[kind] for kind in loose]), room, path, feet, rng)
    heading = 0.0 if upright else 90.0
    sides = zip(trail, path, range(len(trail)), strict=True)
    steps = [_place(kind, at, heading, number % 2 == 0, units, rng) for kind, at, number in sides]
    others = zip(loose, centres, rng.random(len(loose)) < 0.5, strict=True)
    return steps + [_place(kind, at, 0.0, bool(mirror), units, rng) for kind, at, mirror in others]


def _place(
    kind: str, at: np.ndarray, heading: float, mirror: bool, units: dict[str, float], rng: np.random.Generator
) -> Placed:
    tilt = OUTLINES[kind].tilt
    turn = float(np.radians(heading + rng.uniform(-tilt, tilt)))
    return Placed(kind, float(at[0]), float(at[1]), turn, mirror, units[kind])


def _trail(units: np.ndarray, room: np.ndarray, middle: float, rng: np.random.Generator) -> np.ndarray:
    """Centres (n, 2) in pixels, along and across, left and right by turns on a path along the field."""
    if not len(units):
        return np.empty((0, 2))
    reach, length = 1.15 * units.max() / COARSE, room.shape[1]
    end = min(max(reach, 0.5 * length / len(units)), 0.5 * length)
    along = np.linspace(end, length - 1 - end, len(units))
    field = room[:, along.astype(np.intp)]
    top, bottom = field.argmax(axis=0), field.shape[0] - 1 - field[::-1].argmax(axis=0)
    sway = 0.12 * np.sin(2 * np.pi * (along / length + rng.random()))
    across = top + (middle + sway) * (bottom - top)
    aside = np.where(np.arange(len(units)) % 2, 0.7, -0.7) * units / COARSE
    low, high = np.minimum(top + 0.7 * reach, bottom), np.maximum(bottom - 0.7 * reach, top)
    return np.asarray(np.stack([along, np.clip(across + aside, low, np.maximum(low, high))], axis=-1) * COARSE)


def _spread(
    units: np.ndarray, room: np.ndarray, taken: np.ndarray, taken_units: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Centres (n, 2) in pixels, each as far from the others, the field's edges and what is taken as its size asks.

    One after the other goes where it has most room beside those that are there; then each again, SWEEPS times.
    """
    inside = np.argwhere(room)[:, ::-1]
    if len(units) == 0 or len(inside) == 0:
        return np.full((len(units), 2), 0.5 * COARSE) * room.shape[::-1]
    ringed = np.pad(room, 1)
    core = room & ringed[2:, 1:-1] & ringed[:-2, 1:-1] & ringed[1:-1, 2:] & ringed[1:-1, :-2]
    rim = np.argwhere(room & ~core)[:, ::-1]
    spots = inside[rng.integers(len(inside), size=SPOTS)].astype(np.float32) * COARSE
    to_rim = _distances(spots, rim[rng.integers(len(rim), size=SPOTS)].astype(np.float32) * COARSE).min(axis=1)
    between = _distances(spots, spots)
    least = np.full(SPOTS, np.inf)
    for at, unit in zip(taken, taken_units, strict=True):
        least = np.minimum(least, _distances(spots, at[None])[:, 0] - unit)

    chosen = [int(rng.integers(SPOTS))]
    for turn in range(SWEEPS * len(units)):
        number = turn % len(units)
        others = [other for other in range(len(chosen)) if other != number]
        room_there = np.minimum(to_rim, least) / units[number]
        for other in others:
            room_there = np.minimum(room_there, between[chosen[other]] / (units[number] + units[other]))
        chosen[number : number + 1] = [int(room_there.argmax())]
    return np.asarray(spots[chosen], dtype=float)


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Between each of the points (n, 2) and each of the others (m, 2), shape (n, m)."""
    return np.asarray(np.sqrt(((points[:, None] - others[None]) ** 2).sum(axis=-1)))
