"""Who sends wrong keys: each address has a few tries a minute, and then its unknown keys are not looked up."""

import math
from collections import OrderedDict
from datetime import datetime, timedelta

import structlog

from studio_chassis.observability import metrics
from studio_chassis.persistence.rate_limits import RateLimits
from studio_chassis.runtime.clock import Clock
from studio_domain.rate_limit import Rate
from studio_gateway.access.audit import AuditTrail
from studio_gateway.access.caller import Caller, network_of
from studio_gateway.http.problems import ProblemError

log = structlog.get_logger()
TRIES = Rate("failed-keys", per_minute=20, burst=20)
"""Wrong keys and links from one address, over all gateways. Somebody who mistypes needs two or three."""
CLOSED_FOR = timedelta(minutes=1)
MAX_REMEMBERED = 10_000


class FailedChecks:
    """Counts wrong keys by address. Keys that this gateway knows are taken from a closed address, too."""

    def __init__(self, store: RateLimits, clock: Clock, audit: AuditTrail) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._closed: OrderedDict[str, datetime] = OrderedDict()

    def refuse(self, address: str) -> None:
        """Raises ProblemError (429) while the address is closed."""
        until = self._closed.get(network_of(address))
        wait = 0 if until is None else math.ceil((until - self._clock()).total_seconds())
        if wait > 0:
            metrics.rate_limited.labels(TRIES.name).inc()
            detail = f"Too many wrong keys came from your address. Try again in {wait} seconds."
            raise ProblemError(429, "too-many-failures", "Too many wrong keys", detail, retry_after=wait)

    async def count(self, address: str) -> None:
        """Count a wrong key; the address is closed when it has no try left. Raises Unavailable."""
        network, now = network_of(address), self._clock()
        grant = await self._store.take_tokens(f"{TRIES.name}/{network}", TRIES, 1, now)
        if grant.granted:
            return
        self._closed[network] = now + CLOSED_FOR
        self._closed.move_to_end(network)
        if len(self._closed) > MAX_REMEMBERED:
            self._closed.popitem(last=False)
        log.warning("wrong keys", address=network)
        await self._audit.record(Caller.anonymous(address), "sign-in.refused", network, f"{TRIES.burst} wrong keys")
