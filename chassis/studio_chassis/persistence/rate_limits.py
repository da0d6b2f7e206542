"""What a store must do for rate limits that hold for all replicas together."""

from datetime import datetime
from typing import Protocol

from studio_domain.rate_limit import Grant, Rate


class RateLimits(Protocol):
    """Token buckets by id. Raises Unavailable when the database does not answer."""

    async def take_tokens(self, bucket_id: str, rate: Rate, wanted: int, now: datetime) -> Grant:
        """Take tokens out of a bucket, all or none, in one step. A bucket that was not used for a day is deleted."""
