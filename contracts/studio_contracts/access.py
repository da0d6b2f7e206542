"""Who may use the studio: API keys, their scopes, and the owner of what is made with them."""

from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from studio_contracts.base import FrozenModel, UtcDatetime

Scope = Literal["jobs:create", "jobs:read", "jobs:cancel", "ops"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
LOCAL_OWNER = "local"
"""Owner of every job where no keys are used, and of the documents made before there were owners."""
ANONYMOUS_OWNER = "anonymous"
"""Owner of the jobs of anonymous callers, where these are allowed. No key has it."""
ANONYMOUS_KEY_ID = "anonymous"
"""Stands for a key where there is none: anonymous callers share its budget. No key has this id."""
Owner = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A name that several keys may share: that of a person, a team or a client's site."""


class ApiKey(FrozenModel):
    """What is kept of a key: everything but the key itself."""

    id: str
    name: str = Field(min_length=1, max_length=100)
    owner: Owner
    scopes: frozenset[Scope]
    created_at: UtcDatetime
    expires_at: UtcDatetime | None = None
    last_used_at: UtcDatetime | None = None
    revoked_at: UtcDatetime | None = None

    def is_valid(self, now: UtcDatetime) -> bool:
        """Whether the key opens anything at that moment: not revoked, not expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


SharedPart = Literal["brief", "materials", "downloads", "cost"]
SHARED_PARTS: tuple[SharedPart, ...] = get_args(SharedPart)
"""What a link may leave out: the brief's words, what to order, files to take away, and what the pictures cost."""


class ShareLink(FrozenModel):
    """A read-only link to one job: everybody with its token sees the job until it expires or is revoked.

    `shows` are the parts of the job that it shows besides the pictures; with `favourites_only` it shows the concepts
    that are favourites when it is opened, else all. Links older than this choice show everything.
    """

    id: str
    job_id: str
    owner: Owner
    key_id: str
    created_at: UtcDatetime
    expires_at: UtcDatetime
    revoked_at: UtcDatetime | None = None
    shows: tuple[SharedPart, ...] = SHARED_PARTS
    favourites_only: bool = False

    def is_valid(self, now: UtcDatetime) -> bool:
        """Whether the link opens the job at that moment."""
        return self.revoked_at is None and now < self.expires_at

    def shows_all(self, parts: Iterable[SharedPart]) -> bool:
        """Whether it shows each of these parts."""
        return set(parts) <= set(self.shows)


AuditAction = Literal[
    "job.created",
    "job.canceled",
    "job.deleted",
    "job.retried",
    "job.republished",
    "job.shared",
    "share.revoked",
    "session.opened",
    "session.ended",
    "sign-in.refused",
    "key.created",
    "key.revoked",
    "dead-letter.replayed",
    "dead-letter.discarded",
    "owner.assigned",
    "budget.changed",
    "spending.stopped",
    "spending.resumed",
    "predictor.paused",
    "predictor.resumed",
    "database.changed",
    "database.restored",
    "callback.replayed",
    "callback-secret.rotated",
]


class AuditEntry(FrozenModel):
    """Who did what to what, and from where. No secret and nothing of a client's text is in it.

    `actor` is the id of an API key, `local` or `anonymous`, or `operator:` and the account that ran `studio`. `target`
    is the id of the job, key, link or dead letter, or the network that wrong keys came from. `address` is the client's,
    or the operator's machine. `action` is an AuditAction where an entry is written; another release may know others.
    """

    at: UtcDatetime
    action: str
    actor: str
    owner: str
    target: str
    address: str
    detail: str = ""
