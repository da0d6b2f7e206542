from typing import get_args

import pytest

from studio_contracts.plan import Role
from studio_stencil.drawing.colour import difference
from studio_stencil.planning.roles import coverage, in_role_order, roles

CODES = ("RH20", "RH22", "RH41", "RH26", "RH31", "RH50")


@pytest.mark.parametrize("count", range(1, 7))
def test_shares_sum_to_one_and_the_base_carries_half_or_more(count: int) -> None:
    shares = coverage(count)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] >= 0.5
    assert min(shares) > 0.05
    assert len(shares) == len(roles(count)) == count


@pytest.mark.parametrize("count", range(3, 7))
def test_accents_together_cover_more_than_highlights(count: int) -> None:
    total = dict.fromkeys(get_args(Role), 0.0)
    for role, share in zip(roles(count), coverage(count), strict=True):
        total[role] += share
    assert total["base"] > total["accent"] > total["highlight"] > 0


@pytest.mark.parametrize("count", range(1, 7))
def test_the_first_colour_stays_base_and_highlights_stand_out_most_from_it(count: int) -> None:
    ordered = in_role_order(CODES[:count])
    assert sorted(ordered) == sorted(CODES[:count])
    assert ordered[0] == CODES[0]
    by_role = list(zip(ordered, roles(count), strict=True))
    far = [difference(ordered[0], code) for code, role in by_role if role == "highlight"]
    near = [difference(ordered[0], code) for code, role in by_role if role == "accent"]
    assert not far or min(far) >= max(near)


def test_accents_keep_the_order_they_were_given_in() -> None:
    ordered = in_role_order(CODES)
    accents = [code for code, role in zip(ordered, roles(6), strict=True) if role == "accent"]
    assert accents == sorted(accents, key=CODES.index)
