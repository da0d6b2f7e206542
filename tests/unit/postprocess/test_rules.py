"""The installer's rules on shapes whose measures are known."""

import math

import cv2
import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_contracts.installer import FRAGMENT_M2, PENALTIES
from studio_postprocess.installable.regions import pieces_of
from studio_postprocess.installable.rules import Breach, Inspection, inspect
from studio_postprocess.installable.shapes import Shapes
from studio_postprocess.installable.thin_regions import edge_distance, largest_circles, slender
from studio_support.synthetic_pictures import regions

SCALES = (5.0, 7.3, 18.5)


class Ground:
    """A surface of 8 by 6 m in colour 0, drawn on in millimetres."""

    def __init__(self, mm_per_pixel: float) -> None:
        self.scale = mm_per_pixel
        self.indices: ByteArray = np.zeros((round(6000 / mm_per_pixel), round(8000 / mm_per_pixel)), np.uint8)
        self.y, self.x = ((np.mgrid[tuple(map(slice, self.indices.shape))]) + 0.5) * mm_per_pixel

    def box(self, left: float, top: float, width: float, height: float, colour: int = 1) -> "Ground":
        inside = (self.x > left) & (self.x < left + width) & (self.y > top) & (self.y < top + height)
        self.indices[inside] = colour
        return self

    def disc(self, x: float, y: float, radius: float, colour: int = 1) -> "Ground":
        self.indices[np.hypot(self.x - x, self.y - y) < radius] = colour
        return self

    def polygon(self, *points: tuple[float, float], colour: int = 1) -> "Ground":
        corners = np.round(np.array([points]) / self.scale).astype(np.int32)
        cv2.fillPoly(self.indices, list(corners), (colour,))
        return self

    def inspect(self) -> Inspection:
        return inspect(self.indices, self.scale)


def broken(inspection: Inspection) -> dict[str, int]:
    return {rule: count for rule, count in inspection.counts.items() if count}


def only(inspection: Inspection) -> Breach:
    (violation,) = inspection.violations
    return violation


@pytest.mark.parametrize("scale", SCALES)
def test_large_plain_shapes_break_no_rule(scale: float) -> None:
    ground = Ground(scale).box(0, 0, 3000, 2500).disc(5500, 3500, 1200, 2).box(0, 4000, 2000, 2000, 3)
    assert broken(ground.inspect()) == {}
    assert ground.inspect().score == 100


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("width", "count"), [(80, 1), (160, 0)])
def test_a_strip_is_too_thin_below_120_mm(scale: float, width: float, count: int) -> None:
    inspection = Ground(scale).box(1000, 500, width, 5000).inspect()
    assert inspection.counts["width"] == count
    assert inspection.counts["gap"] == 0


def test_a_slanting_and_a_bent_strip_are_measured_like_a_straight_one() -> None:
    slanting = Ground(5).polygon((1000, 1000), (5000, 4000), (4946, 4072), (946, 1072))  # 90 mm
    ring = Ground(5).disc(4000, 3000, 2000).disc(4000, 3000, 1910, 0)
    wide_ring = Ground(5).disc(4000, 3000, 2000).disc(4000, 3000, 1860, 0)
    assert slanting.inspect().counts["width"] == 1
    assert ring.inspect().counts["width"] == 1
    assert wide_ring.inspect().counts["width"] == 0


def test_a_neck_is_found_with_its_place() -> None:
    neck = Ground(5).box(1000, 2000, 1500, 1500).box(4000, 2000, 1500, 1500).box(2500, 2700, 1500, 90)
    (violation,) = [one for one in neck.inspect().violations if one.rule == "width"]
    assert violation.colour == 1
    assert violation.box == pytest.approx((2500, 2700, 1500, 90), abs=60)


def test_corners_of_wide_pieces_are_not_thin() -> None:
    triangle = Ground(5).polygon((1000, 5000), (4000, 5000), (2500, 2402))  # 60 degrees
    assert triangle.inspect().counts["width"] == 0


@pytest.mark.parametrize(("apart", "rule"), [(50, "gap"), (100, "width"), (160, None)])
def test_ground_between_two_colours_is_a_gap_below_80_mm_and_thin_below_120(apart: float, rule: str | None) -> None:
    ground = Ground(5).box(1000, 1000, 1500, 3000, 1).box(2500 + apart, 1000, 1500, 3000, 2)
    assert broken(ground.inspect()) == ({rule: 1} if rule else {})


def test_ground_between_two_pieces_of_one_colour_is_thin_but_no_gap() -> None:
    assert broken(Ground(5).box(1000, 1000, 1500, 3000).box(2550, 1000, 1500, 3000).inspect()) == {"width": 1}


def legged(gap: float, leg: float = 400, scale: float = 5) -> Ground:
    """A body of 3 by 1 m on two legs 1.2 m long."""
    return Ground(scale).box(2000, 1500, 3000, 1000).box(2500, 2400, leg, 1300).box(2500 + leg + gap, 2400, leg, 1300)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("gap", "rule"), [(50, "gap"), (100, None), (160, None)])
def test_ground_between_two_legs_is_a_gap_of_80_mm(scale: float, gap: float, rule: str | None) -> None:
    inspection = legged(gap, scale=scale).inspect()
    assert {one: inspection.counts[one] for one in ("width", "gap")} == {"width": 0, "gap": int(rule == "gap")}


def test_a_stroke_that_ends_in_a_large_piece_is_no_ground() -> None:
    stroke = Ground(5).box(0, 0, 300, 6000).box(300, 3000, 3000, 100)
    assert stroke.inspect().counts["width"] == 1


def test_ground_between_two_figures_on_an_island_is_a_gap_too() -> None:
    island = Ground(5).box(1000, 500, 6000, 5000, 2).box(2000, 1500, 3000, 1000).box(2500, 2400, 400, 1300)
    assert broken(island.box(3000, 2400, 400, 1300).inspect()) == {}


@pytest.mark.parametrize("scale", [2.0, 5.0])
@pytest.mark.parametrize("width", [140, 200, 280])
def test_the_square_ends_of_a_limb_and_of_the_gap_beside_it_are_corners(scale: float, width: float) -> None:
    assert broken(legged(130, width, scale).inspect()) == {}


def test_the_end_of_a_limb_no_wider_than_allowed_may_be_round() -> None:
    limb = Ground(2).box(0, 2000, 2500, 2000).box(2400, 3000, 1500, 132).disc(3900, 3066, 66)
    assert broken(limb.inspect()) == {}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("area", "count"), [(0.27, 1), (0.33, 0)])
def test_an_island_is_too_small_below_a_third_of_a_square_metre(scale: float, area: float, count: int) -> None:
    inspection = Ground(scale).disc(4000, 3000, 1000 * math.sqrt(area / math.pi)).inspect()
    assert inspection.counts["area"] == count


def test_a_fragment_is_small_and_where_it_is_thin_that_too() -> None:
    assert FRAGMENT_M2 == 0.03
    assert broken(Ground(5).box(1000, 1000, 160, 160).inspect()) == {"area": 1}
    assert broken(Ground(5).box(1000, 1000, 60, 60).inspect()) == {"area": 1, "width": 1}


@pytest.mark.parametrize(("number", "broken_once"), [(25, 0), (26, 1)])
def test_more_than_25_pieces_of_a_colour_are_too_many(number: int, broken_once: int) -> None:
    ground = Ground(10)
    for i in range(number):
        ground.box(100 + 1000 * (i % 7), 100 + 1000 * (i // 7), 700, 700)
    assert ground.inspect().counts["pieces"] == broken_once


@pytest.mark.parametrize("scale", [5.0, 10.0])
@pytest.mark.parametrize(("radius", "count"), [(200, 1), (400, 0)])
def test_a_rounded_end_bends_too_tightly_below_300_mm(scale: float, radius: float, count: int) -> None:
    # Bars with round ends: the exception of 300 mm holds as the bar is too narrow for 600.
    bar = Ground(scale).box(0, 3000 - radius, 4000, 2 * radius).disc(4000, 3000, radius)
    assert bar.inspect().counts["radius"] == count
    hollow = Ground(scale).box(0, 0, 8000, 6000, 1).box(0, 3000 - radius, 4000, 2 * radius, 0)
    assert hollow.disc(4000, 3000, radius, 0).inspect().counts["radius"] == count


@pytest.mark.parametrize(("radius", "count"), [(400, 4), (750, 0)])
def test_a_wide_piece_must_bend_as_gently_as_600_mm(radius: float, count: int) -> None:
    slab = Ground(5).box(1000 + radius, 1000, 5000 - 2 * radius, 4000).box(1000, 1000 + radius, 5000, 4000 - 2 * radius)
    for x, y in ((1000, 1000), (6000, 1000), (1000, 5000), (6000, 5000)):
        slab.disc(x + math.copysign(radius, 3500 - x), y + math.copysign(radius, 3000 - y), radius)
    assert slab.inspect().counts["radius"] == count


@pytest.mark.parametrize(("degrees", "count"), [(40, 2), (75, 0), (90, 0)])
def test_corners_are_judged_by_their_angle_alone(degrees: float, count: int) -> None:
    slant = 3000 / math.tan(math.radians(degrees))
    leaning = Ground(5).polygon((4000 - slant, 4000), (7000 - slant, 4000), (7000, 1000), (4000, 1000))
    assert broken(leaning.inspect()) == ({"angle": count} if count else {})


def test_an_edge_that_meets_the_surface_edge_at_a_slant_leaves_an_acute_corner() -> None:
    wedge = Ground(5).polygon((0, 0), (0, 3000), (2100, 0))
    assert only(wedge.inspect()).rule == "angle"
    assert only(wedge.inspect()).box[:2] == pytest.approx((0, 2850), abs=150)


def test_the_score_takes_off_each_violation_up_to_the_cap() -> None:
    ground = Ground(5)
    assert ground.inspect().score == 100
    ground.box(500, 500, 400, 400)
    assert ground.inspect().score == 90
    ground.box(1500, 500, 400, 400)
    assert ground.inspect().score == 80
    ground.box(2500, 500, 400, 400)
    assert broken(ground.inspect()) == {"area": 3}
    assert ground.inspect().score == 80
    assert sum(most for _, most in PENALTIES.values()) == 125


def test_noise_is_the_worst_and_takes_bounded_memory(rng: np.random.Generator) -> None:
    inspection = inspect(rng.integers(0, 6, (400, 400), dtype=np.uint8), 5.0)
    assert inspection.score <= 30
    assert inspection.counts["area"] > 10_000
    assert len(inspection.violations) < 500


def test_speckle_lowers_the_score_of_a_clean_design(rng: np.random.Generator) -> None:
    design = regions(512, 512, 8, 4)
    speckled = design.copy()
    speckled[rng.random(design.shape) < 0.05] = 3
    assert inspect(speckled, 10.0).score < inspect(design, 10.0).score


def test_a_turned_surface_has_the_same_violations() -> None:
    ground = Ground(5).box(1000, 500, 80, 3000).box(3000, 500, 300, 300, 2)
    turned = inspect(np.ascontiguousarray(np.rot90(ground.indices)), 5)
    assert turned.counts == ground.inspect().counts


def test_the_smallest_pictures_can_be_inspected() -> None:
    for shape in ((1, 1), (1, 5), (2, 3)):
        assert inspect(np.zeros(shape, np.uint8), 1000.0).counts["width"] == 0


def test_distances_and_circles_are_those_of_the_pixels() -> None:
    indices = np.zeros((30, 40), np.uint8)
    indices[:, 10:17] = 1
    distance = edge_distance(indices)
    assert distance[15, 10:17].tolist() == [0, 1, 2, 3, 2, 1, 0]
    circles = largest_circles(distance, pieces_of(indices))
    assert circles == pytest.approx([5.0, 3.5, 11.5], abs=0.6)
    shapes = Shapes(indices)
    assert not slender(shapes.narrow(7.0).parts, 7.0).any()
    narrow = shapes.narrow(9.0).parts
    assert narrow.area[slender(narrow, 9.0)].tolist() == [7 * 30]
