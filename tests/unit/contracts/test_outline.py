"""An outline that is no rectangle: what is accepted, what is refused and with which words, and what follows from it."""

import math
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from studio_contracts.brief import Brief, Surface
from studio_contracts.edits import Edit, Mirror, Recolour, Turn
from studio_contracts.outline import LEAST_AREA_M2, MAX_HOLES, MAX_POINTS, Outline
from studio_contracts.ring_geometry import are_apart, first_crossing, holds
from studio_support.outlines import L_SHAPE, ROUND, circle

SQUARE: list[list[float]] = [[0, 0], [4, 0], [4, 4], [0, 4]]
POST: list[list[float]] = [[1, 1], [1.2, 1], [1.2, 1.2], [1, 1.2]]

GOOD: dict[str, dict[str, Any]] = {
    "a triangle": {"outer": [[0, 0], [4, 0], [0, 4]]},
    "closed by its first point": {"outer": [*SQUARE, SQUARE[0]]},
    "the other way round": {"outer": SQUARE[::-1]},
    "a point on a straight side": {"outer": [[0, 0], [2, 0], [4, 0], [4, 4], [0, 4]]},
    "a post": {"outer": SQUARE, "holes": [POST]},
    "a hole as far from the border as it must be": {"outer": SQUARE, "holes": [[[0.12, 1], [1, 1], [1, 2]]]},
    "two posts that far apart": {"outer": SQUARE, "holes": [POST, [[x + 0.32, y] for x, y in POST]]},
    "as many points as may be": {"outer": circle(5, 5, 5, MAX_POINTS)},
}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "two points": ({"outer": [[0, 0], [4, 0]]}, "at least 3"),
    "no number": ({"outer": [[0, 0], [4, 0], [4, float("nan")]]}, "finite"),
    "endless": ({"outer": [[0, 0], [4, 0], [4, float("inf")]]}, "finite"),
    "beyond the largest surface": ({"outer": [[0, 0], [101, 0], [0, 50]]}, "less than or equal to 100"),
    "before its corner": ({"outer": [[-1, 0], [4, 0], [0, 4]]}, "greater than or equal to 0"),
    "a bow tie": (
        {"outer": [[0, 0], [4, 4], [4, 0], [0, 4]]},
        "side from point 1 to point 2 meets the one from point 3",
    ),
    "a spike": ({"outer": [[0, 0], [4, 0], [2, 0], [2, 4], [0, 4]]}, "border of the outline crosses or touches itself"),
    "touching itself": ({"outer": [[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]]}, "crosses or touches itself"),
    "a point twice": ({"outer": [[0, 0], [4, 0], [4, 0], [0, 4]]}, "Point 3 of the border of the outline is the same"),
    "no area": ({"outer": [[0, 0], [2, 0], [4, 0]]}, "itself"),
    "not at its corner": ({"outer": [[1, 0.5], [4, 0.5], [4, 4]]}, "begins 1.0 m from the left and 0.5 m from the top"),
    "a hole outside": (
        {"outer": SQUARE[:3], "holes": [[[0.5, 3], [1, 3], [1, 3.5]]]},
        "Hole 1 of the outline does not lie",
    ),
    "a hole across the border": (
        {"outer": SQUARE, "holes": [[[3, 1], [5, 1], [5, 2]]]},
        "Hole 1 of the outline is less",
    ),
    "a hole too near": ({"outer": SQUARE, "holes": [[[0.119, 1], [1, 1], [1, 2]]]}, "less than 120 mm from its border"),
    "a hole too small": (
        {"outer": SQUARE, "holes": [[[1, 1], [1.09, 1], [1.09, 1.5]]]},
        "Hole 1 of the outline is 90 mm",
    ),
    "a hole in a hole": ({"outer": SQUARE, "holes": [circle(2, 2, 1), circle(2, 2, 0.5)]}, "Holes 1 and 2"),
    "two holes too near": ({"outer": SQUARE, "holes": [POST, [[x + 0.3, y] for x, y in POST]]}, "Holes 1 and 2"),
    "a hole that crosses itself": (
        {"outer": SQUARE, "holes": [POST, [[2, 2], [3, 3], [3, 2], [2, 3]]]},
        "The hole 2 of the outline crosses",
    ),
    "hardly any area": ({"outer": [[0, 0], [0.7, 0], [0, 0.7]]}, f"at least {LEAST_AREA_M2}"),
    "all of it a hole": ({"outer": SQUARE[:4], "holes": [circle(2, 2, 1.8)] * (MAX_HOLES + 1)}, f"at most {MAX_HOLES}"),
    "too many points": ({"outer": circle(5, 5, 5, MAX_POINTS), "holes": [POST]}, f"may have {MAX_POINTS}"),
    "an unknown field": ({"outer": SQUARE, "inner": []}, "Extra inputs"),
}


@pytest.mark.parametrize("outline", GOOD.values(), ids=GOOD.keys())
def test_accepted(outline: dict[str, Any]) -> None:
    surface = Surface.model_validate({"outline": outline})
    assert Surface.model_validate_json(surface.model_dump_json()) == surface


@pytest.mark.parametrize(("outline", "text"), BAD.values(), ids=BAD.keys())
def test_refused_and_the_text_says_what_is_wrong(outline: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Surface.model_validate({"outline": outline})
    assert text in "\n".join(error["msg"] for error in raised.value.errors())
    assert any(error["loc"][:1] == ("outline",) for error in raised.value.errors())


def test_the_sides_follow_from_the_outline_or_agree_with_it() -> None:
    assert (ROUND.width_m, ROUND.height_m) == (8, 8)
    given = {"outline": L_SHAPE.outline, "width_m": 9, "height_m": 7}
    assert Surface.model_validate(given) == L_SHAPE
    with pytest.raises(ValidationError, match="The outline is 9 × 7 m, and width_m and height_m say otherwise"):
        Surface.model_validate({**given, "width_m": 10})
    with pytest.raises(ValidationError, match=r"at most 20 times the shorter"):
        Surface.model_validate({"outline": {"outer": [[0, 0], [50, 0], [50, 1]]}})


def test_the_area_is_that_inside_the_border_and_outside_the_holes() -> None:
    assert Surface(width_m=4, height_m=2.5).area_m2 == 10
    assert pytest.approx(45.5 - math.pi * 0.16, abs=0.01) == L_SHAPE.area_m2


def test_briefs_of_before_stay_readable() -> None:
    brief = Brief.model_validate({"prompt": "waves", "surface": {"width_m": 6, "height_m": 4}})
    assert brief.surface == Surface(width_m=6, height_m=4)
    assert brief.surface.outline is None


def test_points_count_to_the_millimetre() -> None:
    outline = Outline.model_validate({"outer": [[0, 0], [4.00049, 0], [4.00049, 2.99951]]})
    assert outline.outer[1:] == ((4.0, 0.0), (4.0, 3.0))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_it_is_turned_and_mirrored_with_the_surface(quarters: int) -> None:
    turn, back = Turn(quarters=quarters), Turn(quarters=4 - quarters)
    turned = L_SHAPE.after([turn, Recolour(colour="RH20", to="RH30")])
    assert (turned.width_m, turned.height_m) == ((7, 9) if quarters % 2 else (9, 7))
    assert turned.area_m2 == pytest.approx(L_SHAPE.area_m2)
    assert turned.after([back]) == L_SHAPE
    for swap in ("left_right", "top_bottom"):
        edits: list[Edit] = [Mirror.model_validate({"swap": swap})]
        assert L_SHAPE.after(edits) != L_SHAPE
        assert L_SHAPE.after(edits * 2) == L_SHAPE


POINTS = st.tuples(st.integers(0, 12), st.integers(0, 12))


@settings(max_examples=300)
@given(st.lists(POINTS, min_size=3, max_size=7, unique=True))
def test_rings_are_simple_as_a_well_kept_library_sees_them(ring: list[tuple[int, int]]) -> None:
    line = shapely.LinearRing(ring)
    assert (first_crossing(ring) is None) == (line.is_simple and shapely.Polygon(ring).area > 0)


@settings(max_examples=200)
@given(
    st.lists(POINTS, min_size=3, max_size=6, unique=True), st.lists(POINTS, min_size=3, max_size=6), st.integers(1, 8)
)
def test_distances_and_insides_are_what_that_library_finds(
    ring: list[tuple[int, int]], other: list[tuple[int, int]], least: int
) -> None:
    if first_crossing(ring) is not None or len(set(other)) < len(other):
        return
    far = shapely.LinearRing(ring).distance(shapely.LinearRing(other))
    assert are_apart(ring, other, least) == (far >= least or math.isclose(far, least))
    polygon, point = shapely.Polygon(ring), shapely.Point(other[0])
    if not polygon.boundary.intersects(point):
        assert holds(ring, other[0]) == polygon.contains(point)
