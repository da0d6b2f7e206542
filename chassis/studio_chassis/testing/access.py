"""The access store in memory: a part of the job store in memory, which gives it the database and the wire."""

from dataclasses import dataclass, field
from datetime import datetime

from studio_chassis.testing.wire import Wire
from studio_contracts.access import ApiKey


@dataclass
class AccessTables:
    """What all clients of the database share. Keys and sessions (key id and end) by the hash of their token."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    sessions: dict[str, tuple[str, datetime]] = field(default_factory=dict)


class SimulatedAccessStore:
    """One client of the tables."""

    def __init__(self, tables: AccessTables, wire: Wire) -> None:
        self._tables = tables
        self._access_wire = wire

    async def add_key(self, key: ApiKey, token_hash: str) -> None:
        """Keep a new key."""
        await self._access_wire("store.key", lambda: self._tables.keys.setdefault(token_hash, key))

    async def key_by_hash(self, token_hash: str) -> ApiKey | None:
        """The key whose token has this hash."""
        return await self._access_wire("store.key", lambda: self._tables.keys.get(token_hash))

    async def key_by_id(self, key_id: str) -> ApiKey | None:
        """The key of that id."""
        return await self._access_wire("store.key", lambda: self._found(key_id)[1])

    async def keys(self) -> tuple[ApiKey, ...]:
        """All keys, oldest first."""
        found = await self._access_wire("store.key", lambda: list(self._tables.keys.values()))
        return tuple(sorted(found, key=lambda key: (key.created_at, key.id)))

    async def revoke_key(self, key_id: str, now: datetime) -> ApiKey | None:
        """End the key for good."""

        def revoke() -> ApiKey | None:
            token_hash, key = self._found(key_id)
            if key is None or key.revoked_at is not None:
                return key
            self._tables.keys[token_hash] = revoked = key.model_copy(update={"revoked_at": now})
            return revoked

        return await self._access_wire("store.key", revoke)

    async def key_used(self, key_id: str, now: datetime) -> None:
        """Keep when the key was last used."""

        def use() -> None:
            token_hash, key = self._found(key_id)
            if key is not None:
                self._tables.keys[token_hash] = key.model_copy(update={"last_used_at": now})

        await self._access_wire("store.key", use)

    async def add_session(self, token_hash: str, key_id: str, expires_at: datetime) -> None:
        """Keep a new session of that key until then."""
        await self._access_wire(
            "store.session", lambda: self._tables.sessions.setdefault(token_hash, (key_id, expires_at))
        )

    async def session_key(self, token_hash: str, now: datetime) -> ApiKey | None:
        """The key of the session, if the session has not ended."""

        def find() -> ApiKey | None:
            key_id, end = self._tables.sessions.get(token_hash, ("", now))
            return self._found(key_id)[1] if end > now else None

        return await self._access_wire("store.session", find)

    async def end_session(self, token_hash: str) -> None:
        """Forget the session."""
        await self._access_wire("store.session", lambda: self._tables.sessions.pop(token_hash, None))

    def _found(self, key_id: str) -> tuple[str, ApiKey | None]:
        return next((entry for entry in self._tables.keys.items() if entry[1].id == key_id), ("", None))
