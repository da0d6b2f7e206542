"""How often a caller may ask: token buckets that all replicas share, shown in the headers of the IETF's draft.

draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` names a quota and its window, `RateLimit` what is left of it.
"""

import math
from collections import OrderedDict
from collections.abc import Collection

from fastapi import Request

from studio_chassis.observability import metrics
from studio_chassis.persistence.rate_limits import RateLimits
from studio_chassis.runtime.clock import Clock
from studio_domain.rate_limit import Grant, Rate
from studio_gateway.access.caller import Caller
from studio_gateway.http.problems import ProblemError
from studio_gateway.http.request_id import RATE_LIMIT_HEADERS
from studio_gateway.settings import GatewaySettings

BATCH = 20
"""A replica fetches at most this number of tokens for reading in one step, so that not every read costs a write, and at
most this part of the bucket, so that a page's parallel requests do not fetch all of it."""
MAX_REMEMBERED = 10_000
STRANGERS_SHARE = 10
"""A client without a key, known by its address, gets a tenth of a key's rate."""


def limit_of(method: str, scopes: Collection[str]) -> str:
    """Which limit counts a request: `create` what makes something, `change` what alters or removes it, else `read`."""
    if "jobs:create" not in scopes or method in ("GET", "HEAD"):
        return "read"
    return "create" if method == "POST" else "change"


class RateLimiter:
    """Counts requests of keys, and of anonymous callers by address. A studio on a laptop's loopback counts nothing."""

    def __init__(self, store: RateLimits, clock: Clock, settings: GatewaySettings) -> None:
        self._store = store
        self._clock = clock
        self._per_minute = {
            "create": settings.creates_per_minute,
            "change": settings.changes_per_minute,
            "read": settings.requests_per_minute,
        }
        self._fetched: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def check(self, request: Request, caller: Caller, scopes: Collection[str]) -> None:
        """Count one request, once. Raises ProblemError (429) and Unavailable."""
        if caller.via == "local" or hasattr(request.state, RATE_LIMIT_HEADERS):
            return
        name = limit_of(request.method, scopes)
        per_minute = self._per_minute[name]
        if caller.via == "anonymous":
            per_minute = max(1, per_minute // STRANGERS_SHARE)
        rate = Rate(name, per_minute, burst=per_minute)
        grant = await self._take(f"{name}/{caller.client}", rate)
        wait = math.ceil(grant.wait(rate, 1))
        headers = {
            "RateLimit-Policy": f'"{name}";q={rate.burst};w=60',
            "RateLimit": f'"{name}";r={math.floor(grant.left)};t={wait}',
        }
        setattr(request.state, RATE_LIMIT_HEADERS, headers)
        if not grant.granted:
            metrics.rate_limited.labels(name).inc()
            detail = f"At most {per_minute} such requests a minute are answered. Try again in {wait} seconds."
            raise ProblemError(429, "rate-limited", "Too many requests", detail, retry_after=wait)

    async def _take(self, bucket_id: str, rate: Rate) -> Grant:
        """One token, of those fetched earlier where there are some."""
        fetched, left = self._fetched.pop(bucket_id, (0, 0.0))
        if not fetched and rate.name == "read":
            size = max(1, min(BATCH, rate.burst // BATCH))
            batch = await self._store.take_tokens(bucket_id, rate, size, self._clock())
            fetched, left = (size if batch.granted else 0), batch.left
        if not fetched:
            return await self._store.take_tokens(bucket_id, rate, 1, self._clock())
        besides, _ = self._fetched.pop(bucket_id, (0, 0.0))  # by a request that came while this one asked
        if fetched + besides > 1:
            self._fetched[bucket_id] = (fetched + besides - 1, left)
        if len(self._fetched) > MAX_REMEMBERED:
            self._fetched.popitem(last=False)
        return Grant(True, left + fetched - 1)
