"""Token buckets: how much of what is limited by rate a client may still do."""

from datetime import datetime, timedelta
from typing import NamedTuple


class Rate(NamedTuple):
    """A bucket of `burst` tokens that fills with `per_minute` tokens a minute. `name` is that of the policy."""

    name: str
    per_minute: float
    burst: int


class Bucket(NamedTuple):
    """Tokens at a moment. They may be a fraction: a bucket fills steadily."""

    tokens: float
    at: datetime


class Grant(NamedTuple):
    """Whether the tokens asked for were there, and how many are left."""

    granted: bool
    left: float

    def wait(self, rate: Rate, wanted: int) -> float:
        """Seconds until the bucket holds this number of tokens."""
        return max(0.0, (wanted - self.left) * 60 / rate.per_minute)


def take(bucket: Bucket | None, rate: Rate, wanted: int, now: datetime) -> tuple[Bucket, Grant]:
    """The bucket after an attempt to take tokens at a moment. A new one is full; a refused attempt costs nothing."""
    known = bucket or Bucket(rate.burst, now)
    minutes = max(timedelta(0), now - known.at) / timedelta(minutes=1)
    tokens = min(rate.burst, known.tokens + minutes * rate.per_minute)
    granted = tokens >= wanted
    left = tokens - wanted if granted else tokens
    return Bucket(left, max(now, known.at)), Grant(granted, left)
