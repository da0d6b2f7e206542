"""Money: what fits the budgets, and what an attempt has cost."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from studio_contracts.brief import Brief
from studio_contracts.errors import JobError, JobWarning
from studio_contracts.job import Job, Limits
from studio_contracts.slot import GenerationRequest, Slot
from studio_contracts.spending import Budgets, Charge, Spending, SpendingControl, day_of, resets_at
from studio_domain.prediction import PredictionReport
from studio_domain.spending import (
    BudgetLeft,
    Outcome,
    amounts,
    budgets_left,
    delivered_by,
    outcome,
    purchase_refusal,
    refusal,
    reservation,
    settled,
)

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
DAY = day_of(NOW)
BUDGETS = Budgets(day_cents=100, key_day_cents=40)
GENERATION = GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input={})
REPLAYABLE = JobError(code="set_aside", title="", detail="", stage="prediction", replayable=True)
ENDED = JobError(code="timed_out", title="", detail="", stage="prediction")


def job(slot: Slot, **changes: object) -> Job:
    fields = {"brief": Brief(prompt="x"), "limits": Limits(), "seed": 1, "traceparent": "", "generation": GENERATION}
    times = {"created_at": NOW, "updated_at": NOW, "deadline_at": NOW, "predictions": (slot,), "key_id": "k1"}
    return Job.model_validate({"id": "j", **fields, **times, **changes})


def charge(pictures: int = 4, attempt: int = 1) -> Charge:
    return reservation(
        job(Slot(number=0, count=pictures, attempt=attempt)), Slot(number=0, count=pictures, attempt=attempt), NOW
    )


def spent(cents: int, key_id: str | None = None) -> Spending:
    return Spending(day=DAY, key_id=key_id, held_cents=cents)


def test_a_day_is_one_of_utc_whatever_the_clock_s_zone() -> None:
    local = datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert day_of(local) == DAY
    assert resets_at(DAY) == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cents", "of_all", "of_key", "refused"),
    [(12, 0, 0, None), (40, 0, 0, None), (41, 0, 0, "key"), (12, 0, 29, "key"), (12, 88, 0, None), (12, 89, 0, "day")],
)
def test_a_budget_refuses_what_would_exceed_it_and_nothing_else(
    cents: int, of_all: int, of_key: int, refused: str | None
) -> None:
    left = budgets_left("k1", SpendingControl(), BUDGETS, spent(of_all), spent(of_key))
    found = refusal(cents, DAY, SpendingControl(), left)
    assert (found and found.budget.name) == refused


def test_a_refusal_says_which_budget_how_much_is_left_and_when_it_resets() -> None:
    left = budgets_left("k1", SpendingControl(), BUDGETS, spent(0), spent(33))
    found = refusal(12, DAY, SpendingControl(), left)
    assert found is not None
    assert (
        found.text == "7 of 40 cents are left of what this key may spend in a day. It resets at 2026-03-02 00:00 UTC."
    )


def test_operators_limits_come_before_the_settings_and_no_key_has_no_budget_of_its_own() -> None:
    control = SpendingControl(day_cents=10, key_day_cents={"k1": 5})
    assert budgets_left("k1", control, BUDGETS, spent(4), spent(1)) == (
        BudgetLeft("key", 5, 4),
        BudgetLeft("day", 10, 6),
    )
    assert budgets_left("", control, BUDGETS, spent(40), spent(1)) == (BudgetLeft("day", 10, 0),)


def test_a_stop_refuses_everything_and_says_why() -> None:
    found = refusal(1, DAY, SpendingControl(stopped=True, reason="a leak"), ())
    assert found is not None
    assert found.text == "Spending was stopped by an operator: a leak."


def test_a_pause_of_the_predictor_keeps_from_buying_and_not_from_accepting_jobs() -> None:
    control = SpendingControl(predictor_paused=True, pause_reason="a wrong model")
    found = purchase_refusal(1, DAY, control, ())
    assert found is not None
    assert found.text == "The predictor was paused by an operator: a wrong model."
    assert refusal(1, DAY, control, ()) is None
    assert purchase_refusal(1, DAY, SpendingControl(stopped=True), ()) == refusal(
        1, DAY, SpendingControl(stopped=True), ()
    )


OPEN = {"number": 0, "count": 4}


@pytest.mark.parametrize(
    ("slot", "changes", "expected"),
    [
        ({"state": "waiting"}, {}, None),
        ({"state": "submitting"}, {}, None),
        ({"state": "running", "provider_id": "p", "prediction_ids": ("p",)}, {}, None),
        ({"state": "succeeded", "provider_id": "p", "received": 3}, {}, Outcome(3)),
        ({"state": "finished", "provider_id": "p", "received": 4}, {"status": "canceled"}, Outcome(4)),
        ({"state": "failed", "provider_id": "p"}, {}, Outcome(0)),
        ({"state": "failed"}, {}, Outcome(0, certain=False)),
        ({"state": "waiting"}, {"status": "canceled"}, Outcome(0)),
        ({"state": "waiting"}, {"status": "failed", "error": ENDED}, Outcome(0)),
        ({"state": "waiting"}, {"status": "failed", "error": REPLAYABLE}, None),
        ({"state": "submitting"}, {"status": "canceled"}, None),
        ({"state": "running", "provider_id": "p"}, {"status": "canceled"}, None),
        ({"state": "waiting", "attempt": 2, "prediction_ids": ("a",)}, {}, Outcome(0)),
        ({"state": "waiting", "attempt": 2}, {}, Outcome(0, certain=False)),
        ({"attempt": 2, "provider_id": "b", "prediction_ids": ("b",)}, {}, Outcome(0, certain=False)),
        ({"attempt": 2, "provider_id": "b", "prediction_ids": ("a", "b")}, {}, Outcome(0)),
    ],
)  # fmt: skip
def test_what_a_job_knows_of_an_attempt(
    slot: dict[str, object], changes: dict[str, object], expected: Outcome | None
) -> None:
    assert outcome(job(Slot.model_validate(OPEN | slot), **changes), charge()) == expected


@pytest.mark.parametrize(
    ("code", "expected"), [("output_too_large", Outcome(4)), ("no_output", Outcome(0, certain=False))]
)
def test_pictures_that_were_sent_and_could_not_be_kept_are_paid(code: str, expected: Outcome) -> None:
    slot = Slot(number=0, count=4, state="failed", provider_id="p", prediction_ids=("p",))
    assert outcome(job(slot, warnings=(JobWarning(code=code, text="", slot=0),)), charge()) == expected


@pytest.mark.parametrize(
    ("status", "outputs", "expected"),
    [
        ("processing", (), None),
        ("dancing", ("a",), None),
        ("succeeded", ("a", "b"), Outcome(2)),
        ("succeeded", (), Outcome(0, certain=False)),
        ("failed", (), Outcome(0)),
        ("canceled", (), Outcome(0)),
    ],
)
def test_what_the_provider_says_of_an_attempt(status: str, outputs: tuple[str, ...], expected: Outcome | None) -> None:
    assert delivered_by(PredictionReport(id="p", status=status, outputs=outputs)) == expected


def test_a_charge_moves_from_held_to_spent_by_what_was_delivered() -> None:
    held = charge()
    assert (held.cents, held.key_id, held.day) == (12, "k1", DAY)
    assert amounts(held) == {"held_cents": 12, "uncertain_cents": 0, "spent_cents": 0, "pictures": 0}
    assert amounts(settled(held, Outcome(3))) == {
        "held_cents": 0,
        "uncertain_cents": 0,
        "spent_cents": 9,
        "pictures": 3,
    }
    assert amounts(settled(held, Outcome(9)))["spent_cents"] == 12
    uncertain = settled(held, Outcome(0, certain=False))
    assert amounts(uncertain) == {"held_cents": 0, "uncertain_cents": 12, "spent_cents": 0, "pictures": 0}
