"""The access store in memory: a part of the job store in memory, which gives it the database and the wire."""

from dataclasses import dataclass, field
from datetime import datetime

from studio_chassis.persistence.access import AuditFilter
from studio_chassis.testing.wire import Wire
from studio_contracts.access import ApiKey, AuditEntry, ShareLink
from studio_contracts.callbacks import SecretRotation


@dataclass
class AccessTables:
    """What all clients of the database share. What has a token is found by its hash: keys, links, and
    sessions (key id and end)."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    sessions: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    shares: dict[str, ShareLink] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    callback_secrets: dict[str, SecretRotation] = field(default_factory=dict)


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

    async def add_share(self, link: ShareLink, token_hash: str) -> None:
        """Keep a new link."""
        await self._access_wire("store.share", lambda: self._tables.shares.setdefault(token_hash, link))

    async def share_by_hash(self, token_hash: str) -> ShareLink | None:
        """The link whose token has this hash."""
        return await self._access_wire("store.share", lambda: self._tables.shares.get(token_hash))

    async def shares_of(self, job_id: str) -> tuple[ShareLink, ...]:
        """The links of a job, oldest first."""
        found = await self._access_wire("store.share", lambda: list(self._tables.shares.values()))
        links = (link for link in found if link.job_id == job_id)
        return tuple(sorted(links, key=lambda link: (link.created_at, link.id)))

    async def revoke_share(self, job_id: str, link_id: str, now: datetime) -> ShareLink | None:
        """End a link of the job for good."""

        def revoke() -> ShareLink | None:
            for token_hash, link in self._tables.shares.items():
                if (link.job_id, link.id) == (job_id, link_id):
                    if link.revoked_at is None:
                        self._tables.shares[token_hash] = link.model_copy(update={"revoked_at": now})
                    return self._tables.shares[token_hash]
            return None

        return await self._access_wire("store.share", revoke)

    async def append_audit(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        await self._access_wire("store.audit", lambda: self._tables.audit.append(entry))

    async def audit(self, wanted: AuditFilter, limit: int) -> tuple[AuditEntry, ...]:
        """Entries, newest first."""

        def matches(entry: AuditEntry) -> bool:
            given = {name: value for name, value in wanted._asdict().items() if value is not None}
            since = given.pop("since", entry.at)
            return entry.at >= since and all(getattr(entry, name) == value for name, value in given.items())

        entries = await self._access_wire("store.audit", lambda: list(self._tables.audit))
        newest = sorted(enumerate(entries), key=lambda one: (one[1].at, one[0]), reverse=True)
        return tuple(entry for _, entry in newest if matches(entry))[:limit]

    async def callback_rotation(self, owner: str) -> SecretRotation:
        """The state of the owner's secret."""
        secrets = self._tables.callback_secrets
        return await self._access_wire("store.callback_secret", lambda: secrets.get(owner, SecretRotation()))

    async def rotate_callback_secret(self, owner: str, previous_until: datetime) -> SecretRotation:
        """Replace the owner's secret."""
        secrets = self._tables.callback_secrets

        def rotate() -> SecretRotation:
            number = secrets.get(owner, SecretRotation()).number + 1
            secrets[owner] = SecretRotation(number=number, previous_until=previous_until)
            return secrets[owner]

        return await self._access_wire("store.callback_secret", rotate)

    def _found(self, key_id: str) -> tuple[str, ApiKey | None]:
        return next((entry for entry in self._tables.keys.items() if entry[1].id == key_id), ("", None))
