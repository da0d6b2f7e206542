"""Quantities an order is written from."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_contracts.palette import PALETTE
from studio_postprocess.export.materials import materials

CODES = [colour.code for colour in PALETTE]


@pytest.mark.parametrize(("width", "height", "kg", "bags"), [(5, 5, 220, 9), (10, 3, 264, 11)])
def test_one_colour_takes_the_known_quantities(width: float, height: float, kg: float, bags: int) -> None:
    order = materials([1000], CODES[:1], width * height)
    assert (order.kg, order.bags, order.area_m2) == (kg, bags, width * height)
    assert order.colours[0].share == 1.0
    assert order.binder_kg == (round(kg * 0.12, 1), round(kg * 0.20, 1))


def test_bags_are_rounded_up_colour_by_colour() -> None:
    order = materials([55, 30, 15], CODES[:3], 25.0)
    assert [line.kg for line in order.colours] == [121.0, 66.0, 33.0]
    assert [line.bags for line in order.colours] == [5, 3, 2]
    assert order.bags == 10
    assert order.kg == 220.0


def test_a_full_bag_is_not_rounded_up_to_two() -> None:
    assert materials([1], CODES[:1], 25 / 8.8).bags == 1


def test_colours_that_are_not_laid_have_no_line() -> None:
    assert [line.code for line in materials([3, 0, 1], ["RH30", "RH31", "RH41"], 9.0).colours] == ["RH30", "RH41"]


def test_the_settings_count() -> None:
    order = materials([1], CODES[:1], 10.0, kg_per_m2=10.0, wastage=0.0, bag_kg=20)
    assert (order.kg, order.bags) == (100.0, 5)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=21).filter(any),
    st.floats(0.01, 100.0),
    st.floats(0.01, 100.0),
)
def test_lines_add_up_to_the_totals_as_printed(pixels: list[int], width: float, height: float) -> None:
    order = materials(pixels, CODES[: len(pixels)], width * height)

    def printed(values: list[float]) -> Decimal:
        return sum((Decimal(str(value)) for value in values), Decimal(0))

    lines = order.colours
    assert printed([line.share for line in lines]) == 1
    assert printed([line.area_m2 for line in lines]) == Decimal(str(order.area_m2))
    assert printed([line.kg for line in lines]) == Decimal(str(order.kg))
    assert sum(line.bags for line in lines) == order.bags
    assert order.kg == pytest.approx(width * height * 8.8, abs=0.051)
    assert order.bags * 25 >= order.kg
    assert all((line.bags - 1) * 25 < line.kg or line.bags == 0 for line in lines)
    for line, count in zip(lines, [count for count in pixels if count], strict=True):
        assert line.share == pytest.approx(count / sum(pixels), abs=1.01e-4)
        assert line.kg == pytest.approx(order.kg * count / sum(pixels), abs=0.101)
