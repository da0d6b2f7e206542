"""The database's indexes as data: what is wanted, and how what is there differs from it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio_chassis.persistence.store import IDEMPOTENCY_HOURS

Keys = list[tuple[str, int]]
_DEFINING = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds")


@dataclass(frozen=True)
class Index:
    """An index by the name it has: its keys and what else defines it, in MongoDB's own words."""

    collection: str
    name: str
    keys: Keys
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def time_to_live(self) -> int | None:
        """Seconds after which the database removes a document, where that is what the index is for."""
        return self.options.get("expireAfterSeconds")


_NEWEST_FIRST: Keys = [("created_at", -1), ("_id", -1)]
_OPEN = {"partialFilterExpression": {"final": False}}
_IN_PROJECT = {"partialFilterExpression": {"project": {"$gt": ""}}}
_FINAL = {"partialFilterExpression": {"final": True}}
INDEXES = (
    Index("jobs", "unfinished", [("updated_at", 1)], _OPEN),
    Index("jobs", "overdue", [("deadline_at", 1)], _OPEN),
    Index("jobs", "expired", [("expires_at", 1)], _FINAL),
    Index("jobs", "unpublished", [("updated_at", 1)], {"partialFilterExpression": {"outbox.0": {"$exists": True}}}),
    Index("jobs", "recent", _NEWEST_FIRST),
    Index("jobs", "recent_of_status", [("status", 1), *_NEWEST_FIRST]),
    Index("jobs", "recent_of_owner", [("owner", 1), *_NEWEST_FIRST]),
    Index("jobs", "recent_of_owner_and_status", [("owner", 1), ("status", 1), *_NEWEST_FIRST]),
    Index("jobs", "recent_of_project", [("owner", 1), ("project", 1), *_NEWEST_FIRST], _IN_PROJECT),
    Index("jobs", "awaiting", [("predictions.provider_id", 1)], {"sparse": True}),
    Index("jobs", "calls", [("callback.calls.state", 1), ("callback.calls.due_at", 1)], {"sparse": True}),
    Index("claims", "kept", [("claimed_at", 1)], {"expireAfterSeconds": IDEMPOTENCY_HOURS * 3600}),
    Index("api_keys", "by_hash", [("hash", 1)], {"unique": True}),
    Index("shares", "by_hash", [("hash", 1)], {"unique": True}),
    Index("shares", "of_job", [("job_id", 1)]),
    Index("audit", "newest", [("at", -1)]),
    Index("audit", "of_target", [("target", 1), ("at", -1)]),
    Index("sessions", "ended", [("expires_at", 1)], {"expireAfterSeconds": 0}),
    Index("jobs", "unfinished_of_owner", [("owner", 1)], _OPEN),
    Index("buckets", "unused", [("at", 1)], {"expireAfterSeconds": 86_400}),
    Index("charges", "held", [("reserved_at", 1)], {"partialFilterExpression": {"state": "held"}}),
    Index("spending", "by_day", [("day", 1), ("key_id", 1)]),
)


def problems(collection: str, found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """How the indexes that the database lists for a collection differ from ours, each with how to repair it."""
    known = {index["name"]: _definition(index["key"].items(), index) for index in found}
    for index in INDEXES:
        wanted = _definition(index.keys, index.options)
        if index.collection != collection or known.get(index.name) == wanted:
            continue
        same_keys = (name for name, definition in known.items() if definition["keys"] == wanted["keys"])
        rival = index.name if index.name in known else next(same_keys, None)
        if rival is None:
            yield f"{collection}.{index.name} is missing: restart the services, they make it"
            continue
        remedy = f'drop it if it is not needed (db.{collection}.dropIndex("{rival}")) and restart the services'
        yield f"{collection}.{index.name} is {known[rival]} under the name {rival} instead of {wanted}: {remedy}"


def _definition(keys: Iterable[tuple[str, Any]], options: Mapping[str, Any]) -> dict[str, Any]:
    """What makes an index what it is, of one that is wanted and of one that is listed alike."""
    defining = {name: options[name] for name in _DEFINING if options.get(name)}
    return {"keys": [(name, int(order)) for name, order in keys], **defining}
