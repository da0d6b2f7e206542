"""From the lines of a drawing, in millimetres, to an outline: what closes, what is the border, and what lies in it."""

from collections.abc import Sequence
from typing import NamedTuple

import shapely
from pydantic import ValidationError

from studio_contracts.outline import MAX_COORDINATE_M, MAX_HOLES, MAX_POINTS, Outline
from studio_gateway.outline_files.found import OutlineFileError

FLATTENED_MM = 3.0
"""How far the sides that stand for an arc or a curve may be from it."""
SIMPLIFIED_MM = (0.5, 1.0, 2.0)
"""How far points that are left out may be from the rest, the least first: together with the above within 5 mm."""
LEAST_HOLE_MM2 = 1000.0
"""Closed lines around less are marks."""
MAX_LINES, MAX_LINE_POINTS = 20_000, 200_000

Line = Sequence[tuple[float, float]]


class Found(NamedTuple):
    """An outline, and how many closed and open lines are no part of it."""

    outline: Outline
    left_out: int
    open_lines: int


def outline_of(lines: Sequence[Line]) -> Found:
    """The outline that lines make: x and y in mm, y downwards. Ends that meet to the millimetre are joined.

    Raises OutlineFileError.
    """
    rings, open_lines = _closed(lines)
    if not rings:
        raise OutlineFileError(_nothing_closed(open_lines))
    rings.sort(key=lambda ring: -ring.area)
    border, *others = rings
    left, top, right, bottom = border.bounds
    if max(right - left, bottom - top) > MAX_COORDINATE_M * 1000:
        size = f"{(right - left) / 1000:g} × {(bottom - top) / 1000:g} m"
        text = f"The largest closed line is {size}, more than {MAX_COORDINATE_M:g} m: say which unit the drawing has."
        raise OutlineFileError(text)
    holes: list[shapely.Polygon] = []
    for ring in others:
        if ring.area >= LEAST_HOLE_MM2 and border.contains_properly(ring) and not any(map(ring.intersects, holes)):
            holes.append(ring)
    if len(holes) > MAX_HOLES:
        text = (
            f"There are {len(holes)} closed lines in the border, and {MAX_HOLES} holes are the most: name their layer."
        )
        raise OutlineFileError(text)
    return Found(_simple([border, *holes], left, top), len(others) - len(holes), open_lines)


def _nothing_closed(open_lines: int) -> str:
    if open_lines:
        return f"None of its {open_lines} lines closes: join their ends, so that they meet to the millimetre."
    return "There are no lines in it that could be an outline: draw the border as a closed line."


def _closed(lines: Sequence[Line]) -> tuple[list[shapely.Polygon], int]:
    """The closed lines, and those that close when joined at their ends; and how many stay open."""
    whole: list[shapely.LineString] = []
    parts: list[shapely.LineString] = []
    for line in lines:
        points = [(float(round(x)), float(round(y))) for x, y in line]
        if len(set(points)) < 2:
            continue
        (whole if points[0] == points[-1] else parts).append(shapely.LineString(points))
    joined = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(parts))) if parts else []
    whole += [line for line in joined if line.is_closed]
    polygons = [shapely.Polygon(line.coords) for line in whole if len(line.coords) >= 4]
    return [ring for ring in polygons if ring.area], sum(not line.is_closed for line in joined)


def _simple(rings: Sequence[shapely.Polygon], left: float, top: float) -> Outline:
    """The outline with no more points than it may have, moved to the corner. Raises OutlineFileError."""
    count = 0
    for tolerance in SIMPLIFIED_MM:
        outer, *holes = (
            [((x - left) / 1000, (y - top) / 1000) for x, y in ring.exterior.simplify(tolerance).coords[:-1]]
            for ring in rings
        )
        count = len(outer) + sum(map(len, holes))
        if count <= MAX_POINTS:
            try:
                return Outline.model_validate({"outer": outer, "holes": holes})
            except ValidationError as error:
                raise OutlineFileError(error.errors()[0]["msg"]) from error
    text = f"It takes {count} points to be true to 5 mm, and an outline has at most {MAX_POINTS}: draw it simpler."
    raise OutlineFileError(text)
