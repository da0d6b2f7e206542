"""Token buckets in memory."""

from datetime import datetime

from studio_chassis.testing.wire import Wire
from studio_domain.rate_limit import Bucket, Grant, Rate, take


class SimulatedRateLimits:
    """One client of the buckets; a part of the job store, which gives it the connection."""

    def __init__(self, buckets: dict[str, Bucket], wire: Wire) -> None:
        self._buckets = buckets
        self._bucket_wire = wire

    async def take_tokens(self, bucket_id: str, rate: Rate, wanted: int, now: datetime) -> Grant:
        """Take tokens, all or none."""

        def taken() -> Grant:
            self._buckets[bucket_id], grant = take(self._buckets.get(bucket_id), rate, wanted, now)
            return grant

        return await self._bucket_wire("store.bucket", taken)
