"""Which replica of the reconciler works; the others stand by."""

from datetime import datetime, timedelta

from studio_chassis.persistence.store import Leases
from studio_chassis.runtime.clock import Clock

LEASE = timedelta(seconds=15)
RENEWED_AFTER = LEASE / 3
"""Until then the last answer is relied on: a write each time a loop comes round would be most of what an idle studio
writes. A replica that stands by takes over that much later.
"""


class Lease:
    """Held by one of many."""

    def __init__(self, store: Leases, holder: str, now: Clock) -> None:
        self._store = store
        self._holder = holder
        self._now = now
        self._asked_at: datetime | None = None
        self._held = False

    async def is_held(self) -> bool:
        """Whether this replica holds the lease. Takes it where it is free. Raises Unavailable."""
        now = self._now()
        if self._asked_at is None or now - self._asked_at >= RENEWED_AFTER:
            self._held = await self._store.take_lease("reconciler", self._holder, now, now + LEASE)
            self._asked_at = now
        return self._held
