"""Which jobs a replica of the reconciler looks after: all replicas that hold a lease divide them by their ids."""

from datetime import datetime, timedelta

from studio_chassis.persistence.id_range import IdRange, id_part
from studio_chassis.persistence.store import Leases
from studio_chassis.runtime.clock import Clock

LEASE = timedelta(seconds=15)
RENEWED_AFTER = LEASE / 3
"""Until then the last answer is relied on: a write each time a loop comes round would be most of what an idle studio
writes. For that long two replicas may have some jobs in common after a change. This is harmless, as what a reconciler
does to a job is done once however often it is tried.
"""


class Lease:
    """Held by each replica that works. The share of one that has died goes to the others when its lease has run out."""

    def __init__(self, store: Leases, holder: str, now: Clock) -> None:
        self._store = store
        self._holder = holder
        self._now = now
        self._asked_at: datetime | None = None
        self._holders: tuple[str, ...] = ()

    async def share(self) -> IdRange:
        """The ids of the jobs that this replica looks after. Raises Unavailable."""
        await self._renew()
        return id_part(self._holders.index(self._holder), len(self._holders))

    async def is_first(self) -> bool:
        """Whether this is the replica that does what is not divided. Raises Unavailable."""
        await self._renew()
        return self._holders[0] == self._holder

    async def _renew(self) -> None:
        now = self._now()
        if self._asked_at is None or now - self._asked_at >= RENEWED_AFTER:
            self._holders = await self._store.renew_lease("reconciler", self._holder, now, now + LEASE)
            self._asked_at = now
