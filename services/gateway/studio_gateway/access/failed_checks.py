"""Who sends what opens nothing: each address has some tries a minute, and then its unknown ones are not looked up."""

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
ENDED = Rate("ended-sessions", per_minute=60, burst=60)
"""Cookies of ended sessions and links, each counted once a minute. A whole office may have one each in the morning."""
CLOSED_FOR = timedelta(minutes=1)
MAX_REMEMBERED = 10_000


class FailedChecks:
    """Counts by address what opened nothing. What this gateway knows is taken from a closed address, too.

    `what` names what is counted in answers and in the audit log.
    """

    def __init__(
        self, store: RateLimits, clock: Clock, audit: AuditTrail, rate: Rate = TRIES, what: str = "wrong keys"
    ) -> None:
        self._rate = rate
        self._what = what
        self._store = store
        self._clock = clock
        self._audit = audit
        self._closed: OrderedDict[str, datetime] = OrderedDict()

    def refuse(self, address: str) -> None:
        """Raises ProblemError (429) while the address is closed."""
        if (wait := self.closed_seconds(address)) > 0:
            metrics.rate_limited.labels(self._rate.name).inc()
            detail = f"Too many {self._what} came from your address. Try again in {wait} seconds."
            raise ProblemError(429, "too-many-failures", f"Too many {self._what}", detail, retry_after=wait)

    def closed_seconds(self, address: str) -> int:
        """How long the address stays closed; 0 when it is open."""
        until = self._closed.get(network_of(address))
        return 0 if until is None else max(0, math.ceil((until - self._clock()).total_seconds()))

    async def count(self, address: str) -> None:
        """Count one; the address is closed when it has no try left. Raises Unavailable."""
        network, now = network_of(address), self._clock()
        grant = await self._store.take_tokens(f"{self._rate.name}/{network}", self._rate, 1, now)
        if grant.granted:
            return
        self._closed[network] = now + CLOSED_FOR
        self._closed.move_to_end(network)
        if len(self._closed) > MAX_REMEMBERED:
            self._closed.popitem(last=False)
        log.warning(self._what, address=network)
        detail = f"{self._rate.burst} {self._what}"
        await self._audit.record(Caller.anonymous(address), "sign-in.refused", network, detail)
