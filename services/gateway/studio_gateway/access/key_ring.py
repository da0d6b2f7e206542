"""API keys and sessions as the gateway looks them up: by hash, remembered for a few seconds."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from studio_chassis.persistence.access import AccessStore
from studio_chassis.runtime.api_tokens import KEY_PREFIX, is_well_formed, new_token, token_hash
from studio_chassis.runtime.clock import Clock
from studio_contracts.access import ApiKey, ShareLink

SESSION_PREFIX = "tpvc_"
SHARE_PREFIX = "tpvl_"
REMEMBERED = timedelta(seconds=5)
"""How long a key that was looked up is believed: a revoked one opens nothing after that."""
ENDED_REMEMBERED = timedelta(minutes=1)
"""How long a session or link that was not found is not looked up again: a page with an ended one asks now and then."""
MAX_REMEMBERED = 10_000
LAST_USED_PRECISION = timedelta(minutes=15)
"""How exactly `last_used_at` is known: it is written no more often than that."""


class KeyRing:
    """Finds the valid key of a token: the key's own, or that of a browser's session."""

    def __init__(self, store: AccessStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._remembered: dict[str, tuple[ApiKey, datetime]] = {}
        self._ended: OrderedDict[str, datetime] = OrderedDict()

    def knows(self, token: str) -> bool:
        """Whether this gateway has found a key, or a session, by that token before; it may have ended since."""
        return token_hash(token) in self._remembered

    def is_ended(self, token: str) -> bool:
        """Whether the token is no session or link, or was found to have ended within the last minute."""
        if not (is_well_formed(token, SESSION_PREFIX) or is_well_formed(token, SHARE_PREFIX)):
            return True
        until = self._ended.get(token_hash(token))
        return until is not None and until > self._clock()

    async def key_of(self, token: str) -> ApiKey | None:
        """The key that the token is, None when it is none or no longer valid. Raises Unavailable."""
        return await self._valid(token, KEY_PREFIX, self._store.key_by_hash)

    async def key_of_session(self, token: str) -> ApiKey | None:
        """The key with which the session was opened, None when either is no longer valid. Raises Unavailable."""
        key = await self._valid(token, SESSION_PREFIX, lambda digest: self._store.session_key(digest, self._clock()))
        if key is None:
            self._remember_ended(token)
        return key

    async def open_session(self, key: ApiKey, until: datetime) -> str:
        """A new session of the key; its token. Raises Unavailable."""
        token = new_token(SESSION_PREFIX)
        await self._store.add_session(token_hash(token), key.id, until)
        return token

    async def end_session(self, token: str) -> None:
        """End the session. Raises Unavailable."""
        self._remembered.pop(token_hash(token), None)
        await self._store.end_session(token_hash(token))

    async def add_link(self, link: ShareLink) -> str:
        """Keep a new read-only link; its token. Raises Unavailable."""
        token = new_token(SHARE_PREFIX)
        await self._store.add_share(link, token_hash(token))
        return token

    async def links_of(self, job_id: str) -> tuple[ShareLink, ...]:
        """The links of a job, oldest first. Raises Unavailable."""
        return await self._store.shares_of(job_id)

    async def revoke_link(self, job_id: str, link_id: str) -> ShareLink | None:
        """End a link of the job, None when it has no such link. Raises Unavailable."""
        return await self._store.revoke_share(job_id, link_id, self._clock())

    async def link_of(self, token: str) -> ShareLink | None:
        """The read-only link that the token is, None when it is none or has ended. Raises Unavailable."""
        if not is_well_formed(token, SHARE_PREFIX):
            return None
        link = await self._store.share_by_hash(token_hash(token))
        if link is not None and link.is_valid(self._clock()):
            return link
        self._remember_ended(token)
        return None

    async def _valid(self, token: str, prefix: str, find: Callable[[str], Awaitable[ApiKey | None]]) -> ApiKey | None:
        if not is_well_formed(token, prefix):
            return None
        digest, now = token_hash(token), self._clock()
        known, until = self._remembered.get(digest, (None, now))
        if known is None or until <= now:
            known = await find(digest)
            if known is None:
                self._remembered.pop(digest, None)
                return None
            self._remember(digest, known, now)
            if known.is_valid(now) and _is_old(known.last_used_at, now):
                await self._store.key_used(known.id, now)
        return known if known.is_valid(now) else None

    def _remember(self, digest: str, key: ApiKey, now: datetime) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[digest] = (key, now + REMEMBERED)

    def _remember_ended(self, token: str) -> None:
        digest = token_hash(token)
        self._ended[digest] = self._clock() + ENDED_REMEMBERED
        self._ended.move_to_end(digest)
        if len(self._ended) > MAX_REMEMBERED:
            self._ended.popitem(last=False)


def _is_old(moment: datetime | None, now: datetime) -> bool:
    return moment is None or now - moment >= LAST_USED_PRECISION
