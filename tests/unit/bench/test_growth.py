"""Which figures of a growing studio are reported as neither flat nor linear."""

import pytest

from growth import TOLERANCE, Point, Series
from measuring import exit_if_missed


def judged(cost: str, *points: Point) -> list[str]:
    def never(*_: object) -> Point:
        raise AssertionError("nothing is measured here")

    sizes = tuple(point.size for point in points)
    return Series("jobs that wait", sizes, "answers", never, cost).missed(points)  # type: ignore[arg-type]


@pytest.mark.parametrize("cost", ["flat", "linear"])
def test_what_stays_as_it_is_or_improves_is_no_miss(cost: str) -> None:
    assert judged(cost, Point(1, 10, 100), Point(10, 10, 100), Point(100, 12, 80)) == []


def test_rounds_may_differ_by_the_tolerance_and_no_more() -> None:
    slower, later = 10 / (TOLERANCE - 0.01), 100 * (TOLERANCE - 0.01)
    assert judged("flat", Point(0, 10, 100), Point(10, slower, later)) == []
    assert judged("flat", Point(0, 10, 100), Point(10, 10 / (TOLERANCE + 0.01), 100)) == [
        "jobs/s at 10 jobs that wait: 6.62 (flat)"
    ]
    assert judged("flat", Point(0, 10, 100), Point(10, 10, 100 * (TOLERANCE + 0.01))) == [
        "p99 at 10 jobs that wait: 151 ms (flat)"
    ]


def test_a_linear_cost_may_grow_with_the_size_and_not_with_its_square() -> None:
    assert judged("linear", Point(1, 10, 100), Point(6, 2, 500), Point(12, 1, 1000)) == []
    assert judged("linear", Point(1, 10, 100), Point(12, 10 / 144, 100 * 144)) == [
        "jobs/s at 12 jobs that wait: 0.07 (linear)",
        "p99 at 12 jobs that wait: 14400 ms (linear)",
    ]


def test_a_disturbance_between_the_smallest_and_the_largest_is_no_growth() -> None:
    assert judged("flat", Point(0, 10, 100), Point(10, 2, 900), Point(100, 10, 100)) == []


def test_a_missed_target_ends_a_bench_with_its_name() -> None:
    exit_if_missed([])
    with pytest.raises(SystemExit, match="missed: jobs/s"):
        exit_if_missed(["jobs/s"])
