"""Dividing pictures into calls, seeds, and finding a lost prediction again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_domain.prediction import PredictionReport, read_prediction
from studio_predictor.slots import find_prediction, slot_seed, split

MINE = "https://x/v1/webhooks/replicate/job/0/1?token=a"


@pytest.mark.parametrize(
    ("count", "slots"), [(1, (1,)), (4, (4,)), (5, (4, 1)), (6, (4, 2)), (8, (4, 4)), (12, (4, 4, 4))]
)
def test_the_counts_of_one_direction_are_split_by_four(count: int, slots: tuple[int, ...]) -> None:
    assert split(count, 1, 4) == tuple((0, one) for one in slots)


@pytest.mark.parametrize(
    ("count", "slots"),
    [
        (1, ((0, 1),)),
        (2, ((0, 1), (1, 1))),
        (4, ((0, 2), (1, 1), (2, 1))),
        (6, ((0, 2), (1, 2), (2, 2))),
        (12, ((0, 4), (1, 4), (2, 4))),
    ],
)
def test_directions_share_the_pictures_and_the_best_has_what_is_over(
    count: int, slots: tuple[tuple[int, int], ...]
) -> None:
    assert split(count, 3, 4) == slots


@given(st.integers(1, 200), st.integers(1, 3), st.integers(1, 12))
def test_no_picture_is_lost_and_no_slot_too_large(count: int, directions: int, at_most: int) -> None:
    slots = split(count, directions, at_most)
    assert sum(slot.pictures for slot in slots) == count
    assert all(1 <= slot.pictures <= at_most for slot in slots)
    assert {slot.direction for slot in slots} == set(range(min(count, directions)))
    each = [sum(slot.pictures for slot in slots if slot.direction == number) for number in range(directions)]
    assert each == sorted(each, reverse=True)
    assert each[0] - each[-1] <= 1
    assert len(slots) == sum(-(-one // at_most) for one in each)


@pytest.mark.parametrize(("count", "directions", "at_most"), [(0, 1, 4), (-1, 1, 4), (4, 0, 4), (4, 1, 0)])
def test_nothing_to_split_is_an_error(count: int, directions: int, at_most: int) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split(count, directions, at_most)


def test_a_slots_seed_is_the_same_everywhere_and_always() -> None:
    assert slot_seed(42, 0, 1) == 2115962561


@given(st.integers(0, 2**31 - 1))
def test_seeds_of_slots_and_attempts_differ_and_fit_31_bits(job_seed: int) -> None:
    seeds = [slot_seed(job_seed, slot, attempt) for slot in range(3) for attempt in range(1, 4)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def report(id_: str, webhook: str | None = None, **inputs: Any) -> PredictionReport:
    wanted = {"seed": 5, "prompt": "waves", "num_outputs": 4, "image": "data:image/png;base64,AA"}
    return read_prediction({"id": id_, "status": "processing", "webhook": webhook, "input": wanted | inputs})


def found(*reports: PredictionReport, webhook: str | None = MINE) -> str | None:
    match = find_prediction(reports, 5, "waves", 4, webhook)
    return match.id if match else None


def test_a_prediction_is_found_by_its_inputs_when_no_webhook_is_echoed() -> None:
    others = report("seed", seed=6), report("prompt", prompt="sand"), report("count", num_outputs=2)
    assert found(*others, report("mine"), webhook=None) == "mine"
    assert found(*others, report("mine")) == "mine"
    assert found(*others) is None


def test_a_prediction_of_a_like_job_is_not_ours() -> None:
    like = report("like", webhook="https://x/v1/webhooks/replicate/other/0/1?token=b")
    assert found(like) is None
    assert found(like, report("mine", webhook=MINE)) == "mine"


def test_a_prediction_is_found_after_the_base_and_secret_changed() -> None:
    assert found(report("mine", webhook="https://old/api/v1/webhooks/replicate/job/0/1?token=old")) == "mine"


def test_another_attempt_of_the_same_slot_is_not_this_one() -> None:
    assert found(report("earlier", webhook=MINE.replace("/0/1", "/0/2"))) is None


def test_a_webhook_that_is_no_url_and_a_purged_input_match_nothing() -> None:
    purged = read_prediction({"id": "purged", "status": "succeeded", "data_removed": True, "input": {}})
    assert found(report("odd", webhook="https://[x"), purged) is None
