"""The API keys as the gateway looks them up: by hash, remembered for a few seconds."""

from datetime import datetime, timedelta

from studio_chassis.persistence.access import ApiKeys
from studio_chassis.runtime.api_tokens import is_well_formed, token_hash
from studio_chassis.runtime.clock import Clock
from studio_contracts.access import ApiKey

REMEMBERED = timedelta(seconds=5)
"""How long a key that was looked up is believed: a revoked one opens nothing after that."""
MAX_REMEMBERED = 10_000
LAST_USED_PRECISION = timedelta(minutes=15)
"""How exactly `last_used_at` is known: it is written no more often than that."""


class KeyRing:
    """Finds the valid key of a token."""

    def __init__(self, store: ApiKeys, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._remembered: dict[str, tuple[ApiKey, datetime]] = {}

    async def key_of(self, token: str) -> ApiKey | None:
        """The key that the token is, None when it is none or no longer valid. Raises Unavailable."""
        if not is_well_formed(token):
            return None
        digest, now = token_hash(token), self._clock()
        known, until = self._remembered.get(digest, (None, now))
        if known is None or until <= now:
            known = await self._store.key_by_hash(digest)
            if known is None:
                return None
            self._remember(digest, known, now)
            if known.is_valid(now) and _is_old(known.last_used_at, now):
                await self._store.key_used(known.id, now)
        return known if known.is_valid(now) else None

    def _remember(self, digest: str, key: ApiKey, now: datetime) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[digest] = (key, now + REMEMBERED)


def _is_old(moment: datetime | None, now: datetime) -> bool:
    return moment is None or now - moment >= LAST_USED_PRECISION
