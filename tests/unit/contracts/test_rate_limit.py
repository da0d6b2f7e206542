"""Token buckets: full at first, refilled steadily, never more than the burst."""

from datetime import UTC, datetime, timedelta

from studio_domain.rate_limit import Bucket, Rate, take

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RATE = Rate("create", per_minute=30, burst=5)


def test_a_new_bucket_is_full_and_refuses_once_it_is_empty() -> None:
    bucket, grants = None, []
    for _ in range(7):
        bucket, grant = take(bucket, RATE, 1, NOW)
        grants.append(grant.granted)
    assert grants == [True] * 5 + [False] * 2
    assert bucket == Bucket(0, NOW)


def test_it_fills_steadily_and_not_above_the_burst() -> None:
    assert take(Bucket(0, NOW), RATE, 1, NOW + timedelta(seconds=1))[1] == (False, 0.5)
    assert take(Bucket(0, NOW), RATE, 1, NOW + timedelta(seconds=2))[1] == (True, 0)
    assert take(Bucket(0, NOW), RATE, 1, NOW + timedelta(hours=2))[1] == (True, 4)


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket, grant = take(Bucket(2, NOW), RATE, 1, NOW - timedelta(minutes=5))
    assert (bucket, grant.granted) == (Bucket(1, NOW), True)


def test_several_tokens_are_taken_together_or_not_at_all() -> None:
    assert take(Bucket(3, NOW), RATE, 4, NOW)[1] == (False, 3)
    assert take(Bucket(3, NOW), RATE, 3, NOW)[1] == (True, 0)


def test_a_refusal_says_how_long_to_wait() -> None:
    _, grant = take(Bucket(0.5, NOW), RATE, 1, NOW)
    assert grant.wait(RATE, 1) == 1.0
