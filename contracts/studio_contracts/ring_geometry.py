"""Plane geometry of closed rings whose points are whole millimetres, so that every answer is exact.

Made for some hundreds of points, and without libraries: the gateway checks what a client sends, and imports none.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

MmPoint = tuple[int, int]
MmRing = Sequence[MmPoint]


class Box(NamedTuple):
    """Least and greatest coordinates."""

    left: int
    top: int
    right: int
    bottom: int

    def grown(self, by: int) -> "Box":
        """The box with that much more on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: "Box") -> bool:
        """Whether the two have a point in common."""
        across = self.left <= other.right and other.left <= self.right
        return across and self.top <= other.bottom and other.top <= self.bottom


def box_of(points: Sequence[MmPoint]) -> Box:
    """The box around points, of which there is at least one."""
    across, down = zip(*points, strict=True)
    return Box(min(across), min(down), max(across), max(down))


def sides_of(ring: MmRing) -> list[tuple[MmPoint, MmPoint]]:
    """The sides of a ring, the one from its last point to its first as the last."""
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def area_of(ring: MmRing) -> float:
    """Area inside a ring that does not cross itself, in mm²: the shoelace formula."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in sides_of(ring))) / 2


def first_crossing(ring: MmRing) -> tuple[int, int] | None:
    """The numbers of two sides of a ring that meet where they should not, None where it is simple.

    Neighbours share a point; they may not lie on each other.
    """
    sides = sides_of(ring)
    boxes = [box_of(side) for side in sides]
    last = len(sides) - 1
    for one, other in combinations(range(len(sides)), 2):
        if not boxes[one].meets(boxes[other]):
            continue
        if other - one == 1 or (one == 0 and other == last):
            first, second = (sides[one], sides[other]) if other - one == 1 else (sides[other], sides[one])
            if _goes_back(first[0], first[1], second[1]):
                return one, other
        elif _meet(*sides[one], *sides[other]):
            return one, other
    return None


def holds(ring: MmRing, point: MmPoint) -> bool:
    """Whether a point lies inside a ring; of points on it the answer is either."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in sides_of(ring):
        if (y1 > y) != (y2 > y):
            turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
            inside ^= (turn > 0) == (y2 > y1)
    return inside


def are_apart(one: MmRing, other: MmRing, least: int) -> bool:
    """Whether no two points of the outlines of two rings are nearer to each other than `least` mm."""
    around = box_of(other).grown(least)
    near = [(side, box_of(side).grown(least)) for side in sides_of(one) if box_of(side).meets(around)]
    for side in sides_of(other):
        box = box_of(side)
        for mine, grown in near:
            if grown.meets(box) and _distance_squared(*mine, *side) < least * least:
                return False
    return True


def _turn(a: MmPoint, b: MmPoint, c: MmPoint) -> int:
    """Positive, negative or nought as the way from a over b to c bends."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _goes_back(a: MmPoint, b: MmPoint, c: MmPoint) -> bool:
    """Whether the way from b to c lies on the way from a to b."""
    return _turn(a, b, c) == 0 and (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0


def _meet(a: MmPoint, b: MmPoint, c: MmPoint, d: MmPoint) -> bool:
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if (turns[0] > 0) != (turns[1] > 0) and (turns[2] > 0) != (turns[3] > 0) and all(turns):
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*end) for turn, end in zip(turns, ends, strict=True))


def _between(a: MmPoint, b: MmPoint, c: MmPoint) -> bool:
    """Whether c, on the line through a and b, lies between them."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _distance_squared(a: MmPoint, b: MmPoint, c: MmPoint, d: MmPoint) -> float:
    if _meet(a, b, c, d):
        return 0.0
    return min(_to_side(*which) for which in ((a, c, d), (b, c, d), (c, a, b), (d, a, b)))


def _to_side(point: MmPoint, a: MmPoint, b: MmPoint) -> float:
    along, down = b[0] - a[0], b[1] - a[1]
    part = ((point[0] - a[0]) * along + (point[1] - a[1]) * down) / (along * along + down * down)
    part = min(max(part, 0.0), 1.0)
    return (point[0] - a[0] - part * along) ** 2 + (point[1] - a[1] - part * down) ** 2


def repeated(ring: MmRing) -> Iterator[int]:
    """The numbers of the points that are the same as the one before."""
    return (
        number for number, (before, point) in enumerate(zip([ring[-1], *ring], ring, strict=False)) if before == point
    )
