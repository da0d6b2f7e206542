"""The outline of a surface that is no rectangle: a border of straight sides, and holes where nothing is laid."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from studio_contracts import ring_geometry as geometry
from studio_contracts.base import FrozenModel
from studio_contracts.edits import Edit, Mirror, Turn
from studio_contracts.installer import MIN_WIDTH_MM

MAX_COORDINATE_M = 100.0
MAX_POINTS = 400
"""Of the border and all holes together: a round hole of 0.5 m takes 24 to be true to 5 mm."""
MAX_HOLES = 40
LEAST_HOLE_MM = 100
"""Shortest side of the box around a hole: a swing's post. On surfaces above 50 m it is FINEST of the longer side."""
FINEST = 1 / 500
LEAST_AREA_M2 = 0.25
"""What is left to lay: as much as the smallest rectangle has."""

Metres = Annotated[float, Field(ge=0, le=MAX_COORDINATE_M, allow_inf_nan=False), AfterValidator(lambda m: round(m, 3))]
Point = tuple[Metres, Metres]
Ring = Annotated[tuple[Point, ...], Field(min_length=3, max_length=MAX_POINTS)]


class Outline(FrozenModel):
    """Points are x and y in metres from the top left corner of the surface, y downwards, and count to the millimetre.

    `outer` is the border, which touches all four sides of the rectangle around it; `holes` lie inside it, MIN_WIDTH_MM
    or more from it and from each other, for less cannot be laid between them. A ring is closed by itself and may begin
    anywhere and run either way round.
    """

    outer: Ring = Field(description="The border: 3 points or more, x and y in metres.")
    holes: tuple[Ring, ...] = Field((), max_length=MAX_HOLES, description="What is left out: trees, posts, beds.")

    @model_validator(mode="after")
    def _can_be_laid(self) -> Self:
        count = sum(map(len, self.rings))
        if count > MAX_POINTS:
            raise _error("The outline has {count} points in all, and may have {most}.", count=count, most=MAX_POINTS)
        whole = [_checked(name, ring) for name, ring in zip(self._names(), self.rings, strict=True)]
        least = round(max(1.0, max(self.size_m) * FINEST * 1000 / LEAST_HOLE_MM) * LEAST_HOLE_MM)
        for number, hole in enumerate(whole[1:], start=1):
            _check_hole(number, hole, whole[0], least)
            for other, before in enumerate(whole[1:number], start=1):
                if _meet(hole, before, _apart(least)):
                    text = "Holes {one} and {other} of the outline are less than {least} mm apart: make them one."
                    raise _error(text, one=other, other=number, least=_apart(least))
        if self.area_m2 < LEAST_AREA_M2:
            text = "The outline leaves {area} m² to lay, and at least {least} are needed."
            raise _error(text, area=f"{self.area_m2:.2f}", least=LEAST_AREA_M2)
        left, top, _, _ = geometry.box_of(whole[0])
        if left or top:
            text = "The outline begins {left} m from the left and {top} m from the top: take that off each x and y."
            raise _error(text, left=left / 1000, top=top / 1000)
        return self

    def _names(self) -> Iterator[str]:
        yield "border"
        yield from (f"hole {number}" for number in range(1, len(self.holes) + 1))

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The border, then the holes."""
        return (self.outer, *self.holes)

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the rectangle around it."""
        return max(x for x, _ in self.outer), max(y for _, y in self.outer)

    @property
    def area_m2(self) -> float:
        """Area inside the border and outside the holes."""
        outer, *holes = (geometry.area_of(_millimetres(ring)) for ring in self.rings)
        return (outer - sum(holes)) / 1e6

    def after(self, edits: Sequence[Edit]) -> "Outline":
        """The outline of the surface when the edits are made on it: mirrored and turned with it."""
        outline = self
        for edit in edits:
            match edit:
                case Mirror():
                    outline = outline._mirrored(edit.swap == "left_right")
                case Turn():
                    for _ in range(edit.quarters):
                        outline = outline._turned()
        return outline

    def _mirrored(self, left_right: bool) -> "Outline":
        width, height = self.size_m
        return self._moved(lambda x, y: (width - x, y) if left_right else (x, height - y))

    def _turned(self) -> "Outline":
        """A quarter clockwise."""
        _, height = self.size_m
        return self._moved(lambda x, y: (height - y, x))

    def _moved(self, to: Callable[[float, float], tuple[float, float]]) -> "Outline":
        outer, *holes = (tuple(to(x, y) for x, y in ring) for ring in self.rings)
        return Outline(outer=outer, holes=tuple(holes))


def _apart(least_hole: int) -> int:
    return max(round(MIN_WIDTH_MM), least_hole)


def _meet(one: geometry.MmRing, other: geometry.MmRing, least: int) -> bool:
    """Whether two holes are too near to each other, or one lies within the other."""
    within = geometry.holds(one, other[0]) or geometry.holds(other, one[0])
    return within or not geometry.are_apart(one, other, least)


def _checked(name: str, ring: Ring) -> list[geometry.MmPoint]:
    """The ring in millimetres; a last point that repeats the first is no error."""
    points = _millimetres(ring)
    if len(points) < 3:
        raise _error("The {name} of the outline needs 3 different points.", name=name)
    for number in geometry.repeated(points):
        text = "Point {point} of the {name} of the outline is the same as the one before it: leave it out."
        raise _error(text, point=number + 1, name=name)
    crossing = geometry.first_crossing(points)
    if crossing is not None:
        one, other = (f"from point {side + 1} to point {(side + 1) % len(points) + 1}" for side in crossing)
        text = "The {name} of the outline crosses or touches itself: its side {one} meets the one {other}."
        raise _error(text, name=name, one=one, other=other)
    if not geometry.area_of(points):
        raise _error("The {name} of the outline holds no area.", name=name)
    return points


def _check_hole(number: int, hole: geometry.MmRing, border: geometry.MmRing, least: int) -> None:
    box = geometry.box_of(hole)
    shorter = min(box.right - box.left, box.bottom - box.top)
    if shorter < least:
        text = "Hole {number} of the outline is {shorter} mm across: at least {least} mm can be cut out here."
        raise _error(text, number=number, shorter=shorter, least=least)
    if not geometry.holds(border, hole[0]):
        raise _error("Hole {number} of the outline does not lie inside its border.", number=number)
    if not geometry.are_apart(hole, border, _apart(least)):
        text = "Hole {number} of the outline is less than {least} mm from its border: draw the border around it."
        raise _error(text, number=number, least=_apart(least))


def _millimetres(ring: Sequence[tuple[float, float]]) -> list[geometry.MmPoint]:
    points = [(round(x * 1000), round(y * 1000)) for x, y in ring]
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


def _error(text: str, **values: object) -> PydanticCustomError:
    return PydanticCustomError("outline", text, values)
