"""What is kept about those who use the studio: one protocol for each concern, part of `JobStore`.

Each method raises Unavailable when the database does not answer. Of a secret only the hash is stored.
"""

from datetime import datetime
from typing import NamedTuple, Protocol

from studio_contracts.access import ApiKey, AuditAction, AuditEntry, ShareLink
from studio_contracts.callbacks import SecretRotation


class AuditFilter(NamedTuple):
    """Which entries are wanted: those that agree with every field that is given."""

    since: datetime | None = None
    action: AuditAction | None = None
    actor: str | None = None
    owner: str | None = None
    target: str | None = None


class ApiKeys(Protocol):
    """API keys, each found by the SHA-256 of its token."""

    async def add_key(self, key: ApiKey, token_hash: str) -> None:
        """Keep a new key."""

    async def key_by_hash(self, token_hash: str) -> ApiKey | None:
        """The key whose token has this hash, also one that is revoked or expired."""

    async def key_by_id(self, key_id: str) -> ApiKey | None:
        """The key of that id."""

    async def keys(self) -> tuple[ApiKey, ...]:
        """All keys, oldest first."""

    async def revoke_key(self, key_id: str, now: datetime) -> ApiKey | None:
        """End the key for good; the key as it is then. A key revoked before keeps its moment."""

    async def key_used(self, key_id: str, now: datetime) -> None:
        """Keep when the key was last used."""


class Sessions(Protocol):
    """Browsers' sessions, each opened with a key and found by the SHA-256 of its cookie."""

    async def add_session(self, token_hash: str, key_id: str, expires_at: datetime) -> None:
        """Keep a new session of that key until then."""

    async def session_key(self, token_hash: str, now: datetime) -> ApiKey | None:
        """The key of the session, if the session has not ended. The key itself may be revoked or expired."""

    async def end_session(self, token_hash: str) -> None:
        """Forget the session. One that is not there is fine."""


class ShareLinks(Protocol):
    """Read-only links, each found by the SHA-256 of its token."""

    async def add_share(self, link: ShareLink, token_hash: str) -> None:
        """Keep a new link."""

    async def share_by_hash(self, token_hash: str) -> ShareLink | None:
        """The link whose token has this hash, also one that is revoked or expired."""

    async def shares_of(self, job_id: str) -> tuple[ShareLink, ...]:
        """The links of a job, oldest first."""

    async def revoke_share(self, job_id: str, link_id: str, now: datetime) -> ShareLink | None:
        """End a link of the job for good; the link as it is then. One revoked before keeps its moment."""


class AuditLog(Protocol):
    """What was done by whom. Entries are added and read; nothing changes or removes one."""

    async def append_audit(self, entry: AuditEntry) -> None:
        """Keep an entry."""

    async def audit(self, wanted: AuditFilter, limit: int) -> tuple[AuditEntry, ...]:
        """Entries, newest first."""


class CallbackSecrets(Protocol):
    """How often each owner's secret for calls was replaced; the secrets themselves are not stored."""

    async def callback_rotation(self, owner: str) -> SecretRotation:
        """The state of the owner's secret."""

    async def rotate_callback_secret(self, owner: str, previous_until: datetime) -> SecretRotation:
        """Replace the owner's secret, and sign with the one before until then; the state after that."""


class AccessStore(ApiKeys, Sessions, ShareLinks, AuditLog, CallbackSecrets, Protocol):
    """All of them."""
