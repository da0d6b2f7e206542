"""The installer's rules, measured on the index map of a whole surface.

Widths and gaps are right to a pixel either way, areas to half the outline's pixels. A rule finer than two pixels is
beyond the picture: the width needs pixels of at most 60 mm, the gap of 40 mm.
"""

from typing import NamedTuple

import numpy as np

from studio_colour.difference import ByteArray
from studio_contracts.installer import (
    FRAGMENT_M2,
    MAX_PIECES,
    MIN_AREA_M2,
    MIN_WIDTH_MM,
    PENALTIES,
    InstallerRule,
)
from studio_postprocess.installable.curvature import tight_bends
from studio_postprocess.installable.merging import merge
from studio_postprocess.installable.regions import BoolArray, Pieces
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.thin_regions import (
    holds_circle,
    largest_circles,
)
from studio_postprocess.installable.width_check import check_widths

MOST_REPORTED = 100
"""Violations of one rule reported one by one; counts and score know of all."""


class Breach(NamedTuple):
    """One violation of a rule by one colour, an index: box is left, top, width and height in mm from the top left."""

    rule: InstallerRule
    colour: int
    box: tuple[float, float, float, float]


class Inspection(NamedTuple):
    """What an installer would object to: score 0 to 100, and violations by rule, the largest first.

    counts has every rule, also those kept.
    """

    score: int
    counts: dict[InstallerRule, int]
    violations: tuple[Breach, ...]


def inspect(indices: ByteArray, mm_per_pixel: float) -> Inspection:
    """Measure the index map of a surface, shape (height, width), against every rule. See `inspect_shapes`."""
    return inspect_shapes(Shapes(indices), mm_per_pixel)


def has_fragments(shapes: Shapes, mm_per_pixel: float) -> bool:
    """Whether a surface has pieces below FRAGMENT_M2, so that its shapes show only without them."""
    return bool((shapes.pieces.area * (mm_per_pixel**2 / 1e6) < FRAGMENT_M2).any())


def inspect_shapes(shapes: Shapes, mm_per_pixel: float, seen: tuple[Shapes, float] | None = None) -> Inspection:
    """Measure the shapes of a surface against every rule.

    area    a piece smaller than MIN_AREA_M2. Fragments, below FRAGMENT_M2, are looked through for the rules below.
    pieces  a colour with more than MAX_PIECES pieces.
    width   a strip at least twice as long as MIN_WIDTH_MM in which no circle of that width fits, or such a fragment.
    gap     such a strip for MIN_GAP_MM that two other colours face each other across, each along a quarter of its
            outline or more, or that is ground between two parts of one piece. It is not counted as a width too, and
            where such ground is wider it breaks neither rule.
    radius, angle  see `tight_bends`.

    `seen` is the surface without its fragments and the side of its pixels in mm, where cleaning has found it already:
    the rules for shapes are then measured on that.
    """
    pieces = shapes.pieces
    area = pieces.area * (mm_per_pixel**2 / 1e6)
    fragment = area < FRAGMENT_M2
    thin = fragment & (np.minimum(pieces.box[:, 2], pieces.box[:, 3]) < MIN_WIDTH_MM / mm_per_pixel)
    for piece in np.flatnonzero(fragment & ~thin).tolist():
        thin[piece] = not holds_circle(pieces, piece, MIN_WIDTH_MM / mm_per_pixel)
    found = [_found("area", pieces, area < MIN_AREA_M2), _found("width", pieces, thin), _crowds(pieces)]
    found = [_scaled(one, mm_per_pixel) for one in found]
    whole, whole_mm = seen or (merge(shapes, fragment), mm_per_pixel)
    found += [_scaled(one, whole_mm) for one in (*_thin(whole, whole_mm), *_bends(whole, whole_mm))]
    return _summed(found)


class _Place(NamedTuple):
    """A violation; its box is in pixels, and in mm once it is scaled."""

    colour: int
    box: tuple[float, float, float, float]
    area: int


class _Found(NamedTuple):
    """How often a rule is broken, and the worst places."""

    rule: InstallerRule
    times: int
    worst: list[_Place]


def _found(rule: InstallerRule, pieces: Pieces, chosen: BoolArray) -> _Found:
    """The chosen pieces, a flag for each, break a rule."""
    numbers = np.flatnonzero(chosen)
    worst = numbers[np.argsort(-pieces.area[numbers], kind="stable")][:MOST_REPORTED]
    columns = (pieces.colour[worst].tolist(), map(tuple, pieces.box[worst].tolist()), pieces.area[worst].tolist())
    return _Found(rule, numbers.size, [_Place(*row) for row in zip(*columns, strict=True)])


def _crowds(pieces: Pieces) -> _Found:
    count = np.bincount(pieces.colour)
    area = np.bincount(pieces.colour, weights=pieces.area)
    low, high = np.full((2, len(count)), np.iinfo(np.int64).max), np.zeros((2, len(count)), np.int64)
    for first, last, at, side in zip(low, high, pieces.box.T, pieces.box.T[2:], strict=False):
        np.minimum.at(first, pieces.colour, at)
        np.maximum.at(last, pieces.colour, at + side)
    places = []
    for colour in np.flatnonzero(count > MAX_PIECES).tolist():
        (x, y), (right, bottom) = low[:, colour].tolist(), high[:, colour].tolist()
        places.append(_Place(colour, (x, y, right - x, bottom - y), int(area[colour])))
    return _Found("pieces", len(places), places)


def _thin(shapes: Shapes, mm_per_pixel: float) -> list[_Found]:
    places = check_widths(shapes, mm_per_pixel)
    if places is None:
        return []
    thin = places.thin.copy()
    thin[places.around[places.gaps & (places.around >= 0)]] = False
    return [_found("gap", places.narrower, places.gaps), _found("width", places.strips, thin)]


def _bends(shapes: Shapes, mm_per_pixel: float) -> list[_Found]:
    room = largest_circles(shapes.distance, shapes.pieces) * np.float32(mm_per_pixel)
    places: dict[InstallerRule, list[_Place]] = {"radius": [], "angle": []}
    for bend in tight_bends(shapes.indices, shapes.pieces, room, mm_per_pixel):
        if bend.kind != "corner":
            low, high = bend.points.min(axis=0), bend.points.max(axis=0)
            places[bend.kind].append(_Place(bend.colour, (*low.tolist(), *(high - low).tolist()), 0))
    return [_Found(rule, len(found), found[:MOST_REPORTED]) for rule, found in places.items()]


def _summed(found: list[_Found]) -> Inspection:
    counts = dict.fromkeys(PENALTIES, 0)
    worst: dict[InstallerRule, list[_Place]] = {rule: [] for rule in PENALTIES}
    for breach in found:
        counts[breach.rule] += breach.times
        worst[breach.rule] += breach.worst
    off = sum(min(counts[rule] * each, most) for rule, (each, most) in PENALTIES.items())
    violations = tuple(
        Breach(rule, place.colour, place.box)
        for rule, places in worst.items()
        for place in sorted(places, key=lambda place: -place.area)[:MOST_REPORTED]
    )
    return Inspection(max(0, 100 - off), counts, violations)


def _scaled(found: _Found, by: float) -> _Found:
    """With boxes in mm."""
    worst = []
    for place in found.worst:
        left, top, width, height = (round(side * by, 1) for side in place.box)
        worst.append(place._replace(box=(left, top, width, height)))
    return found._replace(worst=worst)
